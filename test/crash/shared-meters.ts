import { createHash } from "node:crypto";
import { T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { clock, type DeviceView, dataObject, interfaceClass, object, profileGeneric } from "@dlmskit/cosem-objects";
import { hls5, lls, Meter, type MeterTemplate, meterTemplate, type Secrets } from "@dlmskit/server";

/** How many meters there are. */
export const meterCount = 1000;

const Counter = interfaceClass({
  ...{ classId: 9002, version: 0, name: "Counter" },
  attributes: { count: { id: 2, type: T.doubleLongUnsigned } },
  methods: { add: { id: 1, argument: T.doubleLongUnsigned, result: T.doubleLongUnsigned } },
});

export const noted = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };
export const counted = { classId: 9002, instanceId: "0.0.96.50.0.255", attributeId: 2 };
export const profile = "1.0.99.1.0.255";
/** The log where each SET and each ACTION that was executed leaves its number. */
export const executed = "0.0.99.98.0.255";
export const codes = { set: 1, action: 2 } as const;
/** Seconds between two rows of the profile. */
export const period = 5;

function octetsOfNumber(number: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, number);
  return octets;
}

function trace(device: DeviceView, code: number, number: number): void {
  device.log(executed, code, { encoded: octetsOfNumber(number) });
}

const counter = object(
  Counter,
  counted.instanceId,
  { count: 0 },
  {
    invoke: {
      add(values, number, { device }) {
        trace(device, codes.action, number);
        values.count += 1;
        return values.count;
      },
    },
  },
);

const note = dataObject(
  noted.instanceId,
  { type: T.doubleLongUnsigned, value: 0 },
  {
    write: {
      value(values, number, { device }) {
        trace(device, codes.set, number);
        values.value = number;
      },
    },
  },
);

const time = clock();

const template: MeterTemplate = meterTemplate({
  objects: [
    ...[time, note, counter],
    profileGeneric(profile, { capture: [time, { object: counter, attributeId: 2 }], entries: 5000, period }),
  ],
  associations: {
    utility: { client: 48, security: hls5(), access: "full" },
    reader: { client: 32, security: lls(undefined, { ciphered: true }), access: "full" },
  },
});

/** The clients that a meter has, by SAP. */
const clients = { 48: "utility", 32: "reader" } as const;
export type ClientSap = keyof typeof clients;

/** Secrets of one client of one meter. */
export function secretsOf(index: number, client: ClientSap) {
  const derived = (what: string, octets: number): Uint8Array =>
    new Uint8Array(createHash("sha256").update(`shared ${index} ${client} ${what}`).digest()).slice(0, octets);
  return {
    encryptionKey: derived("encryption", 16),
    authenticationKey: derived("authentication", 16),
    secret: derived("secret", 16),
  };
}

export const systemTitleOf = (index: number): Uint8Array =>
  new Uint8Array([...fromAscii("SHR"), 0, 0, 0, index >> 8, index & 0xff]);
const nameOf = (index: number): string => `SHR${String(index).padStart(10, "0")}`;
export const indexOfName = (name: string): number => Number(name.slice(3));

/** The meter of an index: one handle a process, made when it is first asked for. */
export function sharedMeters(): (index: number) => Meter {
  const made = new Map<number, Meter>();
  return (index) => {
    const known = made.get(index);
    if (known !== undefined) return known;
    const secrets = (association: { readonly client: number }): Secrets => {
      const { secret, ...keys } = secretsOf(index, association.client as ClientSap);
      return association.client === 32 ? { ...keys, secret } : keys;
    };
    const meter = new Meter(template, { name: nameOf(index), systemTitle: systemTitleOf(index), secrets });
    made.set(index, meter);
    return meter;
  };
}

/** The wPort of a meter, and the index that a wPort means; undefined: none. */
export const wPortOf = (index: number): number => 0x100 + index;
export function indexOf(wPort: number): number | undefined {
  const index = wPort - 0x100;
  return index >= 0 && index < meterCount ? index : undefined;
}

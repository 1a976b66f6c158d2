import type { Data } from "@dlmskit/apdu";
import { type CosemDateTime, type LogicalName, sameOctets } from "@dlmskit/core";
import { ExtendedRegister } from "../classes/data/extended-register.ts";
import { EncryptionKeyStatus, MbusClient0, MbusClient1 } from "../classes/mbus/mbus-client.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { after, afterEach, type MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";
import { refuse } from "../refusal.ts";
import { failureOf } from "./local-action.ts";

type ClientValues = Values<typeof MbusClient1>;

/** Information about a slave in the header of its telegram (EN 13757-3). */
export interface MbusIdentification {
  readonly identificationNumber: number;
  readonly manufacturerId: number;
  readonly version: number;
  readonly deviceType: number;
}

export interface MbusRecord {
  readonly dataInformationBlock: Uint8Array;
  readonly valueInformationBlock: Uint8Array;
  readonly data: Data;
}

export interface MbusTelegram {
  readonly accessNumber: number;
  readonly status: number;
  readonly alarm?: number;
  /** Whether the telegram was encrypted and was decrypted with the key. */
  readonly encrypted: boolean;
  readonly records: readonly MbusRecord[];
}

/** Other commands from a client to a slave. */
export type MbusCommand =
  | { readonly do: "set-address"; readonly address: number }
  | { readonly do: "transfer-key"; readonly key: Uint8Array }
  | { readonly do: "reset-alarm" }
  | { readonly do: "synchronize-clock"; readonly time: CosemDateTime }
  | { readonly do: "send"; readonly records: readonly MbusRecord[] };

/** The line to the slaves. No result (undefined, false) means that no slave answered. */
export interface MbusPort {
  identify(address: number, context: Context): MaybePromise<MbusIdentification | undefined>;
  /** The slave's default telegram, decrypted with the key if one is given. */
  request(address: number, key: Uint8Array | undefined, context: Context): MaybePromise<MbusTelegram | undefined>;
  command(address: number, command: MbusCommand, context: Context): MaybePromise<boolean>;
}

export interface MbusClientOptions {
  readonly port: MbusPort;
  /** 1 by default. */
  readonly version?: 0 | 1;
  readonly portReference?: LogicalName;
  /** The records that are written to the value objects, in order; empty (all records of the telegram) by default. */
  readonly captureDefinition?: ClientValues["captureDefinition"];
  /** Seconds between captures; 0 (only by the method `capture`) by default. */
  readonly capturePeriod?: number;
}

const [firstAddress, lastAddress] = [1, 250];
const nobody = { identificationNumber: 0, manufacturerId: 0, version: 0, deviceType: 0 };
const {
  noEncryptionKey,
  encryptionKeySet,
  encryptionKeyTransferred,
  encryptionKeySetAndTransferred,
  encryptionKeyInUse,
} = EncryptionKeyStatus;

/**
 * An M-Bus slave that the meter reads (class 72; Blue Book 4.8.3). `capture` writes values to the Extended registers 0-b:24.2.e of the same
 * logical device; b is that of the client, e counts from 1. A method that no slave answers is refused (temporary-failure).
 */
export function mbusClient(
  instance: LogicalName,
  options: MbusClientOptions,
  hooks: Hooks<typeof MbusClient1> = {},
): CosemObject<typeof MbusClient1> {
  const { port, version = 1 } = options;
  // Version 0 has two attributes less.
  const spec = (version === 0 ? MbusClient0 : MbusClient1) as typeof MbusClient1;
  const shown = version === 0 ? {} : { configuration: 0, encryptionKeyStatus: noEncryptionKey };
  const values = {
    mbusPortReference: options.portReference ?? "0.0.24.6.0.255",
    captureDefinition: options.captureDefinition ?? [],
    capturePeriod: options.capturePeriod ?? 0,
    ...{ primaryAddress: 0, ...nobody, accessNumber: 0, status: 0, alarm: 0, ...shown },
  };
  return object(spec, instance, values as ClientValues, {
    time: capturing(port),
    ...hooks,
    invoke: { ...methodsOf(port), ...hooks.invoke },
  });
}

function methodsOf(port: MbusPort): Hooks<typeof MbusClient1>["invoke"] {
  const command = ({ primaryAddress }: ClientValues, what: MbusCommand, context: Context): MaybePromise<void> => {
    if (primaryAddress === 0) throw refuse("other-reason", "no slave is installed");
    return after(port.command(primaryAddress, what, context), answered);
  };
  return {
    slaveInstall: (values, address, context) => install(values, address, port, context),
    slaveDeinstall: (values, _, context) =>
      after(command(values, { do: "set-address", address: 0 }, context), () => {
        Object.assign(values, nobody, { primaryAddress: 0, accessNumber: 0, status: 0, alarm: 0 });
        setKey(values, new Uint8Array(0), noEncryptionKey, context);
      }),
    capture: (values, _, context) =>
      after(capture(values, port, context), (done) => {
        if (!done) throw refuse("temporary-failure", "the slave does not answer");
      }),
    resetAlarm: (values, _, context) =>
      after(command(values, { do: "reset-alarm" }, context), () => {
        values.alarm = 0;
      }),
    synchronizeClock: (values, _, context) =>
      command(values, { do: "synchronize-clock", time: context.local.dateTimeOf(context.now) }, context),
    dataSend: (values, records, context) => command(values, { do: "send", records }, context),
    setEncryptionKey(values, key, context) {
      const transferred = stateOf(values).keyStatus === encryptionKeyTransferred;
      const status = transferred ? encryptionKeySetAndTransferred : encryptionKeySet;
      setKey(values, key, key.length === 0 ? noEncryptionKey : status, context);
    },
    transferKey: (values, key, context) =>
      after(command(values, { do: "transfer-key", key }, context), () => {
        const { keyStatus, key: own } = stateOf(values);
        const status = keyStatus === encryptionKeySet ? encryptionKeySetAndTransferred : encryptionKeyTransferred;
        setKey(values, own, status, context);
      }),
  };
}

function answered(done: boolean): void {
  if (!done) throw refuse("temporary-failure", "the slave does not answer");
}

const stateOf = ({ state }: Readonly<ClientValues>) => state ?? { key: new Uint8Array(0), keyStatus: noEncryptionKey };

function setKey(values: ClientValues, key: Uint8Array, keyStatus: number, { object: { spec } }: Context): void {
  values.state = { key, keyStatus };
  if (spec.version > 0) values.encryptionKeyStatus = keyStatus;
}

function install(values: ClientValues, wanted: number, port: MbusPort, context: Context): MaybePromise<void> {
  if (values.primaryAddress !== 0) throw refuse("other-reason", `slave ${values.primaryAddress} is installed already`);
  if (wanted > lastAddress) throw refuse("other-reason", `${wanted} is no primary address`);
  const taken = takenAddresses(values, context);
  if (taken.has(wanted)) throw refuse("other-reason", `another client has the slave ${wanted}`);
  let address = wanted;
  if (wanted === 0) for (address = firstAddress; taken.has(address); ) address++;
  if (address > lastAddress) throw refuse("other-reason", "all primary addresses are taken");
  return after(port.identify(0, context), (found) => {
    if (found === undefined) throw refuse("other-reason", "no slave answers at address 0");
    return after(port.command(0, { do: "set-address", address }, context), (done) => {
      answered(done);
      const { identificationNumber, manufacturerId, version, deviceType } = found;
      Object.assign(values, { primaryAddress: address, identificationNumber, manufacturerId, version, deviceType });
    });
  });
}

/** The addresses of the other clients of the same port. */
function takenAddresses({ mbusPortReference }: ClientValues, { device, object: own }: Context): ReadonlySet<number> {
  const others = device.objects.filter((one) => one.spec.classId === MbusClient1.classId && one !== own);
  const values = others.map((one) => device.values(one as CosemObject<typeof MbusClient1>));
  const same = values.filter((one) => one.mbusPortReference === mbusPortReference);
  return new Set(same.map(({ primaryAddress }) => primaryAddress).filter((address) => address !== 0));
}

/** Reads the slave and writes the value objects; returns whether the slave answered. */
function capture(values: ClientValues, port: MbusPort, context: Context): MaybePromise<boolean> {
  if (values.primaryAddress === 0) throw refuse("other-reason", "no slave is installed");
  const { key } = stateOf(values);
  return after(port.request(values.primaryAddress, key.length === 0 ? undefined : key, context), (telegram) => {
    if (telegram === undefined) return false;
    const { accessNumber, status, alarm, encrypted, records } = telegram;
    Object.assign(values, { accessNumber, status, ...(alarm === undefined ? {} : { alarm }) });
    if (encrypted) setKey(values, key, encryptionKeyInUse, context);
    return after(
      afterEach(wanted(values, records), (record, at) => put(record, at + 1, context)),
      () => true,
    );
  });
}

function wanted({ captureDefinition }: ClientValues, records: readonly MbusRecord[]): (MbusRecord | undefined)[] {
  if (captureDefinition.length === 0) return [...records];
  return captureDefinition.map(({ dataInformationBlock, valueInformationBlock }) =>
    records.find(
      (one) =>
        sameOctets(one.dataInformationBlock, dataInformationBlock) &&
        sameOctets(one.valueInformationBlock, valueInformationBlock),
    ),
  );
}

/** Writes a record to the value object of its place, if there is one: value and capture_time, in the types of its class. */
function put(record: MbusRecord | undefined, place: number, context: Context): MaybePromise<unknown> {
  const { device, object: own, local, now } = context;
  const instanceId = `0.${own.instance.split(".")[1]}.24.2.${place}.255`;
  const target = device.find(ExtendedRegister.classId, instanceId) as CosemObject<typeof ExtendedRegister> | undefined;
  if (target === undefined || record === undefined) return undefined;
  const write = (): MaybePromise<void> =>
    after(device.set({ classId: ExtendedRegister.classId, instanceId, attributeId: 2 }, record.data), () =>
      device.set(target, "captureTime", local.dateTimeOf(now)),
    );
  return failureOf(write, `the M-Bus value ${instanceId}`, context);
}

const capturing = (port: MbusPort): Timeline<ClientValues, Context, TimeContext> => ({
  // A slave can only send its current values, not earlier ones.
  missed: "last",
  next: ({ capturePeriod, primaryAddress }, { local }, afterwards) =>
    capturePeriod === 0 || primaryAddress === 0 ? undefined : local.nextMultiple(capturePeriod * 1000, afterwards),
  run: (values, context): MaybePromise<void> => after(capture(values, port, context), () => undefined),
});

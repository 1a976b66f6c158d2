import { type Data, type DataLike, decodeApdu, encodeApdu, T, treeOf } from "@dlmskit/apdu";
import type { InitiatorSecurity, MechanismId } from "@dlmskit/association";
import { toHex } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { type Layer, openLayers, type Protection, type SealOptions, sealLayers } from "@dlmskit/security";
import { type AssociationSpec, meter, type Secrets, type SecuritySpec, type ServerOptions } from "../../src/index.ts";
import { Bench, type Client, type ClientOptions } from "../a-client.ts";
import { clientSecurity, meterSecrets, meterTitle, protectionsOf, provider, type Suite } from "./parties.ts";

export const random = (count: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(count));
export const secret = Uint8Array.from("0123456789abcdef", (letter) => letter.charCodeAt(0));
export const setup = [64, "0.0.43.0.1.255"] as const;
export const sta1 = [1, "0.0.96.1.11.255", 2] as const;
export const sta2 = [1, "0.0.96.1.12.255", 2] as const;

export interface CaseOptions {
  readonly suite?: Suite;
  readonly mechanism?: MechanismId;
  readonly ciphered?: boolean;
  readonly policy?: number;
  readonly setupVersion?: 0 | 1;
  readonly secrets?: Partial<Secrets>;
  readonly association?: Partial<AssociationSpec>;
  readonly server?: Partial<ServerOptions>;
  readonly name?: string;
  readonly firstCounter?: number;
}

/** A meter with two values, of which writes are counted, and a client that may do all. */
export class Case {
  readonly suite: Suite;
  readonly bench: Bench;
  readonly meter: ReturnType<typeof meter>;
  readonly mechanism: MechanismId;
  readonly ciphered: boolean;
  writes = 0;

  constructor(options: CaseOptions = {}) {
    const { suite = 0, mechanism = suite === 0 ? 5 : 7, ciphered = true, setupVersion = suite === 0 ? 0 : 1 } = options;
    this.suite = suite;
    this.mechanism = mechanism;
    this.ciphered = ciphered;
    const policy = options.policy ?? (ciphered ? (setupVersion === 0 ? 3 : 0x6c) : 0);
    const security: SecuritySpec = {
      ...{ mechanism, ciphered, suite, policy, setupVersion },
      secrets: { ...meterSecrets(suite), secret, ...options.secrets },
    };
    const counted = {
      write: {
        value: (values: { value: number }, value: number) => {
          this.writes++;
          values.value = value;
        },
      },
    };
    const objects = [sta1, sta2].map(([, name]) => dataObject(name, { type: T.unsigned, value: 5 }, counted));
    this.meter = meter({
      name: options.name ?? "TST0000000000001",
      systemTitle: meterTitle,
      objects,
      associations: { own: { client: 48, security, access: "full", ...options.association } },
      ...(options.firstCounter === undefined ? {} : { firstCounter: options.firstCounter }),
    });
    this.bench = new Bench(this.meter, { provider, random, ...options.server });
  }

  client(security: Partial<InitiatorSecurity> = {}, more: ClientOptions = {}): Client {
    const titled = this.ciphered || this.mechanism >= 5;
    return this.bench.client({
      ...{ client: 48, mechanism: this.mechanism, ciphered: this.ciphered, provider, random, secret },
      conformance: ["get", "set", "action", "general-protection", "block-transfer-with-get-or-read"],
      maxReceivePduSize: 1024,
      ...(titled ? { security: clientSecurity(this.suite, security) } : {}),
      ...more,
    });
  }

  async open(security: Partial<InitiatorSecurity> = {}, more: ClientOptions = {}): Promise<Client> {
    return this.client(security, more).open();
  }

  get state() {
    return this.meter.state(this.meter.template.associations[0] as never);
  }
}

/** A forger: counters above all that the case's client has used. */
export function forger(suite: Suite = 0, more: Partial<ConstructorParameters<typeof Protection>[0]> = {}) {
  return protectionsOf(suite, "client", more);
}

export const how = { authenticated: true, encrypted: true, form: "glo" } as const satisfies SealOptions;

/** A GET of an attribute, plain. */
export function getOf([classId, instanceId, attributeId]: readonly [number, string, number] = sta1): Uint8Array {
  return encodeApdu({
    apdu: "get-request-normal",
    ...{ invokeId: 1, priority: "normal", serviceClass: "confirmed" },
    attribute: { classId, instanceId, attributeId },
  });
}

/** A SET, plain. */
export function setOf(value: number, [classId, instanceId, attributeId]: readonly [number, string, number] = sta1) {
  return encodeApdu({
    apdu: "set-request-normal",
    ...{ invokeId: 2, priority: "normal", serviceClass: "confirmed" },
    attribute: { classId, instanceId, attributeId },
    value: { type: "unsigned", value },
  });
}

export const seal = (apdu: Uint8Array, layers: readonly Layer[], by = forger()): Uint8Array =>
  sealLayers(apdu, layers, by);

/** What the meter answered, in hex; "" for silence. */
export async function told(client: Client, pdu: Uint8Array): Promise<string> {
  return toHex((await client.raw(pdu)) ?? new Uint8Array());
}

/** The plain APDU of an answer, opened as the client would. */
export function look(pdu: Uint8Array, by = forger()) {
  const opened = openLayers(pdu, by);
  return { apdu: decodeApdu(opened.apdu), protection: opened.protection, layers: opened.layers };
}

export async function readOf(client: Client, item: readonly [number, string, number] = sta1): Promise<Data> {
  const [result] = await client.get(item);
  if (result === undefined || "error" in result) throw new Error(result?.error);
  return treeOf(result.data as DataLike);
}

/** The reaction set R: an exception that tells nothing, or silence. */
export const reaction = /^(d80101|d80105|d80102|)$/;

/** The invocation counters of the ciphered APDUs that a client received. */
export function countersOf(client: Client, first = 0xc8, last = 0xcf): number[] {
  return client.received
    .filter(([tag]) => tag !== undefined && tag >= first && tag <= last)
    .map((pdu) => new DataView(pdu.buffer, pdu.byteOffset).getUint32(3));
}

import {
  type Apdu,
  type AuthenticationValue,
  type Data,
  encodeApdu,
  Mechanism,
  type MechanismName,
  treeOf,
} from "@dlmskit/apdu";
import { Fault, fromAscii, toHex } from "@dlmskit/core";
import { attributeName, type ClassSpec, findClass } from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble } from "@dlmskit/security";
import { isSecret } from "../clone/anonymous.ts";
import type { ClientKeys, KeysFile } from "../simulate/keys-file.ts";
import { type BlockTransfer, blockTransfersOf, broughtBy, changedBlocks } from "./block-transfers.ts";
import { Pseudonyms } from "./pseudonyms.ts";
import { apduOf, type RecordedApdu, type RecordedSession, recordHead, recordLine } from "./record-file.ts";
import { isNewSecret, isProof, namedValuesOf } from "./recorded-calls.ts";
import { cipheredOf, type Ends, opened, sealedLike } from "./sealing.ts";

export interface AnonymiseOptions {
  /** 32 random octets. With the same secret, the same identities get the same pseudonyms. Keep it, or throw it away. */
  readonly secret: Uint8Array;
  /** The keys of the clients of the record: needed if it is ciphered. */
  readonly keys?: KeysFile;
  /** Other texts or octets that identify somebody, such as a customer's number. */
  readonly also?: readonly Uint8Array[];
  readonly provider?: CryptoProvider;
}

export interface Anonymised {
  /** The new record. */
  readonly text: string;
  /** The keys file of the new record, in JSON. */
  readonly keys: string;
  /** Number of different identities that were replaced. */
  readonly identities: number;
  /** Number of APDUs that were left out because the keys do not open them. */
  readonly left: number;
}

/**
 * A record without identity: serial numbers, logical device names, system titles, passwords, keys, addresses, challenges and proofs are
 * replaced by pseudonyms of the same length, the same for the same, and ciphered APDUs are ciphered with new keys and the same counters. The
 * times and the measured values stay. Faults `missing-parameter` (ciphered, without keys), `bad-record` (identity would remain).
 */
export function anonymiseRecord(record: readonly RecordedSession[], options: AnonymiseOptions): Anonymised {
  const { provider = noble, keys, secret, also = [] } = options;
  const names = new Pseudonyms(secret);
  for (const octets of also) names.add(octets);
  for (const one of Object.values(keys?.clients ?? {})) for (const key of secretsIn(one)) names.add(key);
  names.add(keys?.systemTitle);
  names.add(keys?.masterKey);
  const all = record.map((session) => new Anonymous(session, { names, keys, provider }));
  for (const one of all) one.learn();
  const lines = all.map((one) => one.lines());
  const newKeys: { [client: string]: Record<string, unknown> } = {};
  for (const one of all) newKeys[String(one.client)] = { ...newKeys[String(one.client)], ...one.newKeys() };
  const title = all.flatMap(({ ends }) => ends?.meter ?? [])[0];
  return {
    text: recordHead(record[0]?.apdus[0]?.at ?? 0) + lines.join(""),
    keys: `${JSON.stringify({ ...(title === undefined ? {} : { systemTitle: toHex(names.of(title)) }), clients: newKeys }, undefined, 2)}\n`,
    identities: names.originals.length,
    left: all.reduce((sum, { left }) => sum + left, 0),
  };
}

const secretsIn = ({ password, encryptionKey, authenticationKey, broadcastKey }: ClientKeys) =>
  [password, encryptionKey, authenticationKey, broadcastKey].filter((key) => key !== undefined);

/** Objects whose value names a meter: logical device name, device ids. */
const names = /^0\.0\.42\.0\.0\.255$|^\d+\.\d+\.96\.1\.\d+\.255$/;

/** Attributes, by their names, that hold addresses: destinations of pushes too. */
const places = /address|destination/i;

type Said = Pick<RecordedApdu, "way" | "plain">;

interface Around {
  readonly names: Pseudonyms;
  readonly keys: KeysFile | undefined;
  readonly provider: CryptoProvider;
}

class Anonymous {
  readonly #session: RecordedSession;
  readonly #around: Around;
  readonly #own: ClientKeys;
  readonly #mechanism: number;
  /** Undefined: the session is not ciphered. */
  readonly ends: Ends | undefined;
  left = 0;

  constructor(session: RecordedSession, around: Around) {
    this.#session = session;
    this.#around = around;
    this.#own = around.keys?.clients?.[String(session.client)] ?? {};
    const [aarq, aare] = ["aarq", "aare"].map((name) =>
      session.apdus.map(({ pdu }) => apduOf(pdu)).find((one) => one?.apdu === name),
    );
    const client = aarq?.apdu === "aarq" ? aarq.callingApTitle : undefined;
    const meter = aare?.apdu === "aare" ? aare.respondingApTitle : undefined;
    this.#mechanism = aarq?.apdu === "aarq" ? Mechanism[(aarq.mechanismName ?? "lowest") as MechanismName] : 0;
    const ciphered = session.apdus.some(({ pdu }) => cipheredOf(pdu) !== undefined);
    if (ciphered && this.#own.encryptionKey === undefined) {
      throw new Fault(
        "missing-parameter",
        `the sessions of client ${session.client} are ciphered, and its keys are missing`,
        {
          layer: "simulator",
          hint: "give the keys file of the meter",
        },
      );
    }
    if (ciphered && client !== undefined && meter !== undefined) this.ends = { keys: this.#own, client, meter };
  }

  get client(): number {
    return this.#session.client;
  }

  /** The APDUs in plain, and the transfers whose blocks they bring. */
  #said(): { readonly apdus: readonly Said[]; readonly transfers: readonly BlockTransfer[] } {
    const apdus = this.#session.apdus.map((one) => ({ way: one.way, plain: this.#plainOf(one) }));
    return { apdus, transfers: blockTransfersOf(apdus) };
  }

  #plainOf({ plain, pdu, way }: RecordedApdu): Uint8Array | undefined {
    if (plain !== undefined && cipheredOf(plain) === undefined) return plain;
    return this.ends && opened(pdu, this.ends, way, this.#around.provider);
  }

  /** Finds what identifies somebody. */
  learn(): void {
    const { names: known } = this.#around;
    known.add(this.#session.meter === undefined ? undefined : fromAscii(this.#session.meter));
    known.add(this.ends?.client);
    known.add(this.ends?.meter);
    const { apdus, transfers } = this.#said();
    for (const { plain } of apdus) if (plain !== undefined) this.#learnFrom(apduOf(plain));
    const brought = broughtBy(transfers);
    for (const apdu of brought) this.#learnFrom(apdu);
    const inBlocks = brought.map((apdu) => ({ way: "received" as const, plain: encodeApdu(apdu as never) }));
    for (const { classId, instanceId, index, data } of namedValuesOf({ apdus: [...apdus, ...inBlocks] })) {
      const spec = findClass(classId) as ClassSpec | undefined;
      const attribute = spec && attributeName(spec, index);
      if (
        (classId === 1 && names.test(instanceId)) ||
        (attribute !== undefined && (isSecret(attribute) || places.test(attribute)))
      )
        addAll(known, data);
    }
  }

  #learnFrom(apdu: Apdu | undefined): void {
    const { names: known } = this.#around;
    if (apdu === undefined) return;
    if (apdu.apdu === "aarq" || apdu.apdu === "aare") {
      const value = apdu.apdu === "aarq" ? apdu.callingAuthenticationValue : apdu.respondingAuthenticationValue;
      if (value !== undefined && value.choice !== "bitstring") known.add(value.value.slice());
      known.add(apdu.apdu === "aarq" ? apdu.callingApTitle : apdu.respondingApTitle);
    } else if (apdu.apdu === "action-request-normal") {
      const method = { classId: apdu.method.classId, index: apdu.method.methodId };
      if (isProof(method) || isNewSecret(method)) addAll(known, apdu.parameters);
    } else if (apdu.apdu === "action-response-normal") {
      const returned = apdu.returnParameters as { readonly data?: Data } | undefined;
      const isOfProof = this.#mechanism > 1 && returned?.data?.type === "octet-string";
      if (isOfProof) addAll(known, returned?.data);
    }
  }

  /** The lines of the new record. Fault `bad-record` if identity would remain. */
  lines(): string {
    const { apdus, transfers } = this.#said();
    // What identifies somebody may begin in one block and end in the next one.
    const blocks = changedBlocks(apdus, transfers, (octets) => this.#around.names.in(octets));
    return this.#session.apdus.map((apdu, at) => this.#line(apdu, blocks.get(at) ?? apdus[at]?.plain)).join("");
  }

  #line(one: RecordedApdu, plain: Uint8Array | undefined): string {
    const { names: known } = this.#around;
    const made = plain && this.#made(one, plain);
    if (made === undefined) {
      this.left++;
      return "";
    }
    const { at, way } = one;
    const meter = this.#session.meter === undefined ? undefined : ascii(known.of(fromAscii(this.#session.meter)));
    const { session, device } = this.#session;
    const said = { session, at, way, client: this.client, meter, device };
    const sealed = cipheredOf(one.pdu) !== undefined;
    if (known.has(made.plain) || known.has(made.pdu)) {
      throw new Fault("bad-record", "the record has an identity in a place where it cannot be replaced", {
        layer: "simulator",
      });
    }
    const lines = [recordLine({ ...said, octets: { pdu: made.pdu }, decoded: !sealed || way === "received" })];
    if (sealed) lines.push(recordLine({ ...said, octets: { plain: made.plain }, decoded: true }));
    return (way === "received" ? lines : lines.reverse()).join("");
  }

  #made(
    { pdu, way }: RecordedApdu,
    plain: Uint8Array,
  ): { readonly pdu: Uint8Array; readonly plain: Uint8Array } | undefined {
    const { names: known, provider } = this.#around;
    const apdu = apduOf(plain);
    if (apdu !== undefined && "userInformation" in apdu && apdu.userInformation !== undefined) {
      const inner =
        this.ends === undefined ? apdu.userInformation : opened(apdu.userInformation, this.ends, way, provider);
      const ends = this.#newEnds();
      if (inner === undefined) return undefined;
      const other = known.in(inner);
      const userInformation = ends === undefined ? other : sealedLike(apdu.userInformation, other, ends, way, provider);
      if (userInformation === undefined) return undefined;
      const { userInformation: _, ...fields } = apdu;
      const bare = apduOf(known.in(encodeApdu(withoutSecret(fields, known) as never)));
      if (bare === undefined) return undefined;
      const octets = encodeApdu({ ...bare, userInformation } as never);
      return { pdu: octets, plain: octets };
    }
    const other = known.in(plain);
    if (cipheredOf(pdu) === undefined) return { pdu: other, plain: other };
    const ends = this.#newEnds();
    const sealed = ends && sealedLike(pdu, other, ends, way, provider);
    return sealed && { pdu: sealed, plain: other };
  }

  #newEnds(): Ends | undefined {
    if (this.ends === undefined) return undefined;
    const { names: known } = this.#around;
    const keys = Object.fromEntries(
      this.#keyNames().map((name) => [name, known.key(`${name} ${this.client}`, this.#own[name]?.length ?? 16)]),
    );
    return { keys, client: known.of(this.ends.client), meter: known.of(this.ends.meter) };
  }

  #keyNames(): ("encryptionKey" | "authenticationKey" | "broadcastKey")[] {
    return (["encryptionKey", "authenticationKey", "broadcastKey"] as const).filter(
      (name) => this.#own[name] !== undefined,
    );
  }

  /** The secrets of the client in the new record, for a keys file. */
  newKeys(): Record<string, unknown> {
    const { names: known } = this.#around;
    const keys = this.#newEnds()?.keys ?? {};
    const { password } = this.#own;
    return {
      ...Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, toHex(key as Uint8Array)])),
      ...(password === undefined ? {} : { password: { hex: toHex(known.of(password)) } }),
    };
  }
}

/** The fields of an AARQ or AARE, with another password or challenge, however short it is. */
function withoutSecret<F extends object>(fields: F, known: Pseudonyms): F {
  const changed: Record<string, unknown> = {};
  for (const name of ["callingAuthenticationValue", "respondingAuthenticationValue"]) {
    const value = (fields as Record<string, unknown>)[name] as AuthenticationValue | undefined;
    if (value === undefined || value.choice === "bitstring") continue;
    changed[name] = { choice: value.choice, value: known.of(value.value) };
  }
  return { ...fields, ...changed };
}

const ascii = (octets: Uint8Array): string => String.fromCharCode(...octets);

const ipv4Octets = 4;

/** All octets, texts and addresses in a value. */
function addAll(known: Pseudonyms, data: Data | undefined): void {
  if (data === undefined) return;
  if (data.type === "array" || data.type === "structure") {
    for (const one of data.value) addAll(known, treeOf(one));
  } else if (data.type === "octet-string") known.add(data.value.slice());
  else if (data.type === "visible-string" || data.type === "utf8-string")
    known.add(new TextEncoder().encode(data.value));
  // An IPv4 address is a number.
  else if (data.type === "double-long-unsigned" && data.value > 0xffff) {
    const octets = new Uint8Array(ipv4Octets);
    new DataView(octets.buffer).setUint32(0, data.value);
    known.add(octets, ipv4Octets);
  }
}

import { ApduTag, CipheredFields, plainTag } from "@dlmskit/apdu";
import { concat, Reader } from "@dlmskit/core";
import { CounterGuard, Protection } from "@dlmskit/security";
import { Meter, type TapMessage } from "@dlmskit/server";
import type { Acting } from "./fault-kind.ts";

/** Tags of ciphered APDUs, including those with a system title. */
export const isCiphered = (tag: number | undefined): boolean =>
  tag !== undefined && (plainTag(tag) !== undefined || tag === glo || tag === ded);

const glo = ApduTag["general-glo-ciphering"];
const ded = ApduTag["general-ded-ciphering"];

/** System title and invocation counter (Green Book 9.2.3.3.7.3). */
function initializationVector(title: Uint8Array, counter: number): Uint8Array {
  const iv = new Uint8Array(12);
  iv.set(title);
  new DataView(iv.buffer).setUint32(8, counter);
  return iv;
}

/**
 * A ciphered APDU of a meter, ciphered again with the meter's own keys: with another counter, or with another plain text. Undefined: the
 * APDU is not ciphered with the global key of the association.
 */
export function sealedAnew(
  octets: Uint8Array,
  { meter, client }: Pick<TapMessage, "meter" | "client">,
  { provider }: Acting,
  change: { readonly counter?: (counter: number) => number; readonly plain?: (apdu: Uint8Array) => Uint8Array },
): Uint8Array | undefined {
  if (!(meter instanceof Meter)) return undefined;
  const association = meter.template.associations.find((one) => one.client === client);
  const general = octets[0] === glo;
  if (association === undefined || (!general && plainTag(octets[0] as number)?.form !== "glo")) return undefined;
  const from = new Reader(octets);
  from.u8();
  if (general) from.take(from.boundedLength());
  const { securityControl, invocationCounter, ciphertext } = CipheredFields.read(from);
  const { authenticated, encrypted } = securityControl;
  const { keys } = meter.state(association);
  const { systemTitle } = meter;
  const body = authenticated ? ciphertext.subarray(0, -12) : ciphertext;
  const iv = initializationVector(systemTitle, invocationCounter);
  const plain = encrypted ? provider.aesGcm(keys.encryptionKey).crypt(iv, body) : body;
  const counter = Math.max(0, (change.counter?.(invocationCounter) ?? invocationCounter) % 0x100000000);
  const protection = new Protection({
    ...{ provider, suite: association.security.suite, keys, systemTitle },
    counters: { remaining: 1, next: () => counter },
    replay: new CounterGuard(),
  });
  const form = general ? "general-glo" : "glo";
  return protection.seal(change.plain?.(plain) ?? plain, { authenticated, encrypted, form });
}

/** One field of a BER structure. */
export interface Field {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The fields of an AARE (or of any BER structure whose lengths have up to three octets). */
export function fieldsOf(octets: Uint8Array): Field[] {
  const from = new Reader(octets);
  const fields: Field[] = [];
  while (from.at < octets.length) {
    const tag = from.u8();
    fields.push({ tag, content: from.take(from.boundedLength()) });
  }
  return fields;
}

/** The octets of the fields: the inverse of `fieldsOf`. */
export function octetsOf(fields: readonly Field[]): Uint8Array {
  return concat(
    ...fields.flatMap(({ tag, content }) => [
      Uint8Array.from(content.length < 0x80 ? [tag, content.length] : [tag, 0x81, content.length]),
      content,
    ]),
  );
}

/** An AARE with changed fields. */
export function changedAare(aare: Uint8Array, change: (fields: readonly Field[]) => readonly Field[]): Uint8Array {
  const [whole] = fieldsOf(aare);
  if (whole === undefined) return aare;
  return octetsOf([{ tag: whole.tag, content: octetsOf(change(fieldsOf(whole.content))) }]);
}

/** Octets in which every occurrence of a sequence is replaced by another sequence of the same length. */
export function replaced(octets: Uint8Array, what: Uint8Array, by: Uint8Array): Uint8Array | undefined {
  let changed: Uint8Array | undefined;
  for (let at = 0; at + what.length <= octets.length; at++) {
    if (!what.every((octet, index) => octets[at + index] === octet)) continue;
    changed ??= octets.slice();
    changed.set(by, at);
  }
  return changed;
}

import { concat, dateOfDays, type FaultCode, fromAscii, sameOctets } from "@dlmskit/core";
import {
  type BaseBlock,
  BitString,
  Constructed,
  fromBER,
  GeneralizedTime,
  Integer,
  ObjectIdentifier,
  Primitive,
  Sequence,
  UTCTime,
} from "asn1js";
import { AlgorithmIdentifier } from "pkijs";
import { scalarLength } from "../checks.ts";
import type { Curve } from "../provider.ts";
import { refusal } from "../refusal.ts";

/** Maximum length in octets of a certificate, request or list that is parsed. */
const most = 0x10000;

const ecPublicKey = "1.2.840.10045.2.1";
const curveIds = { "P-256": "1.2.840.10045.3.1.7", "P-384": "1.3.132.0.34" } as const satisfies Record<Curve, string>;
const signatureIds = { "P-256": "1.2.840.10045.4.3.2", "P-384": "1.2.840.10045.4.3.3" } as const;

function curveNamed(ids: Record<Curve, string>, id: string): Curve | undefined {
  return id === ids["P-256"] ? "P-256" : id === ids["P-384"] ? "P-384" : undefined;
}

/** Parses DER that is exactly one value, and returns the result of `build`. Any error is a Fault with the given code. */
export function parseDer<T>(
  code: FaultCode<"security">,
  what: string,
  der: Uint8Array,
  build: (root: BaseBlock) => T,
): T {
  if (der.length > most) throw refusal(code, `${what} of ${der.length} octets`);
  let value: T;
  try {
    // A copy, because the classes keep views into their input.
    const { offset, result } = fromBER(der.slice());
    if (offset !== der.length) throw new Error("not one complete DER value");
    checkTimes(result as BaseBlock);
    value = build(result as BaseBlock);
  } catch (cause) {
    if (cause instanceof Refused) throw cause.fault;
    throw refusal(code, `not ${what}: ${(cause as Error).message}`);
  }
  return value;
}

/** Carries a Fault with another code out of `parseDer`. */
class Refused extends Error {
  readonly fault: Error;
  constructor(fault: Error) {
    super(fault.message);
    this.fault = fault;
  }
}

export function refused(code: FaultCode<"security">, message: string): Error {
  return new Refused(refusal(code, message));
}

export function toDer(block: { toBER(sizeOnly?: boolean): ArrayBuffer }): Uint8Array {
  return new Uint8Array(block.toBER(false));
}

/** The octets of a positive INTEGER, without leading zeros except the one that keeps it positive. */
export function positive(octets: Uint8Array): Uint8Array {
  let at = 0;
  while (at < octets.length - 1 && octets[at] === 0) at++;
  const least = octets.subarray(at);
  return (least[0] as number) >= 0x80 ? concat(Uint8Array.of(0), least) : least.slice();
}

function fixed(octets: Uint8Array, length: number): Uint8Array {
  const least = octets[0] === 0 ? octets.subarray(1) : octets;
  if (least.length > length) throw new Error("an integer of the signature is too long");
  const whole = new Uint8Array(length);
  whole.set(least, length - least.length);
  return whole;
}

/** Converts an ECDSA-Sig-Value to r ‖ s. */
export function rawSignature(curve: Curve, der: Uint8Array): Uint8Array {
  const { offset, result } = fromBER(der.slice());
  const [r, s, ...more] = result instanceof Sequence ? result.valueBlock.value : [];
  if (offset !== der.length || !(r instanceof Integer && s instanceof Integer) || more.length > 0) {
    throw new Error("the signature does not consist of two integers");
  }
  const half = scalarLength[curve];
  return concat(fixed(r.valueBlock.valueHexView, half), fixed(s.valueBlock.valueHexView, half));
}

/** Converts r ‖ s to an ECDSA-Sig-Value. */
function derSignature(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  const parts = [raw.subarray(0, half), raw.subarray(half)];
  return toDer(new Sequence({ value: parts.map((part) => new Integer({ valueHex: positive(part) })) }));
}

/** The DER of a signed structure: SEQUENCE { signed content, algorithm, BIT STRING }. DER has exactly one encoding of it. */
export function signedDer(signed: Uint8Array, curve: Curve, signature: Uint8Array): Uint8Array {
  const der = derSignature(signature);
  const { result } = fromBER(signed.slice());
  const value = [
    result as Sequence,
    signatureAlgorithm(curve).toSchema(),
    new BitString({ valueHex: der.buffer as ArrayBuffer }),
  ];
  return toDer(new Sequence({ value }));
}

/**
 * Refuses another encoding of the same structure. The signature does not protect the octets around the signed content, and a
 * certificate store would contain the certificate twice.
 */
export function checkDer(der: Uint8Array, signed: Uint8Array, curve: Curve, signature: Uint8Array): void {
  if (!sameOctets(der, signedDer(signed, curve, signature))) throw new Error("it is not DER");
}

/** ecdsa-with-SHA256 or -SHA384: the hash depends on the curve of the signing key. */
export function signatureAlgorithm(curve: Curve): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithmId: signatureIds[curve] });
}

/** The curve of a signature algorithm. Refused as `wrong-curve`. */
export function signatureCurve(algorithm: AlgorithmIdentifier): Curve {
  const curve = curveNamed(signatureIds, algorithm.algorithmId);
  if (curve !== undefined) return curve;
  throw refused("wrong-curve", `signed with ${algorithm.algorithmId}, not ECDSA with SHA-256 or SHA-384`);
}

export function curveParameters(curve: Curve): AlgorithmIdentifier {
  return new AlgorithmIdentifier({
    algorithmId: ecPublicKey,
    algorithmParams: new ObjectIdentifier({ value: curveIds[curve] }),
  });
}

/** The curve of an EC key. Refused as `wrong-curve`. */
export function curveOfKey(algorithm: AlgorithmIdentifier): Curve {
  const parameters: unknown = algorithm.algorithmParams;
  const named = algorithm.algorithmId === ecPublicKey && parameters instanceof ObjectIdentifier;
  const curve = named ? curveNamed(curveIds, parameters.valueBlock.toString()) : undefined;
  if (curve !== undefined) return curve;
  throw refused("wrong-curve", "the key is not on the curve P-256 or P-384");
}

const utcTime = 23;
const generalizedTime = 24;
const day = 86_400_000;

function digits(value: number, count = 2): string {
  return String(value).padStart(count, "0");
}

/** The Time of an instant (ms since 1970, UTC), in whole seconds: UTCTime until 2049, GeneralizedTime after that. RFC 5280 4.1.2.5. */
export function timeOf(instant: number, kind?: "utc" | "generalized"): { toSchema(): Primitive } {
  const days = Math.floor(instant / day);
  const seconds = Math.floor((instant - days * day) / 1000);
  const { year, month, day: dayOfMonth } = dateOfDays(days);
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => digits(part));
  const text = `${digits(month)}${digits(dayOfMonth)}${time.join("")}Z`;
  const short = kind === undefined ? year >= 1950 && year < 2050 : kind === "utc";
  const valueHex = fromAscii(short ? digits(year % 100) + text : digits(year, 4) + text);
  const idBlock = { tagClass: 1, tagNumber: short ? utcTime : generalizedTime };
  return { toSchema: () => new Primitive({ idBlock, valueHex: valueHex.slice().buffer as ArrayBuffer }) };
}

/**
 * Refuses each time in the tree that is not valid DER: the library accepts the month 13, and a decimal point without digits after
 * the seconds. Both kinds are accepted, although the standard requires one: some authorities write only GeneralizedTime.
 */
function checkTimes(block: BaseBlock): void {
  if (block instanceof UTCTime) {
    // In the library GeneralizedTime is a subclass of UTCTime.
    const kind = block instanceof GeneralizedTime ? "generalized" : "utc";
    const written = toDer(timeOf(block.toDate().getTime(), kind).toSchema());
    if (!sameOctets(written, block.valueBeforeDecodeView)) throw new Error("a time is not valid");
    return;
  }
  if (block instanceof Constructed) for (const each of block.valueBlock.value) checkTimes(each);
}

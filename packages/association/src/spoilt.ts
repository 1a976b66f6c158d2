import { ApduTag, cipheredTag, DedTag, GloTag, type Invoke } from "@dlmskit/apdu";
import { Fault, toHex } from "@dlmskit/core";
import type { Sealing } from "./protection/sealing.ts";
import type { Referencing } from "./services/service.ts";

/** Faults of repeated APDUs: a repeated APDU is no answer to the last request. */
const repeated: readonly string[] = ["invocation-counter", "replayed", "duplicate-request"];

const generalTags: readonly number[] = [
  ApduTag["general-glo-ciphering"],
  ApduTag["general-ded-ciphering"],
  ApduTag["general-ciphering"],
  ApduTag["general-signing"],
];
const plainTags: ReadonlySet<number> = new Set(Object.values(ApduTag));
const cipheredTags: ReadonlySet<number> = new Set([...Object.values(GloTag), ...Object.values(DedTag)]);
// The tags of ciphered APDUs are below the ACSE tags for short names, and above them for logical names; errors are common to both.
const firstOfLogicalNames = 0x60;
const cipheredErrors: readonly number[] = [
  GloTag["glo-confirmed-service-error"],
  DedTag["ded-confirmed-service-error"],
];

/** The parameters of the association that decide which APDUs it can receive. */
export interface Expecting {
  readonly context: Referencing;
  readonly ciphered: boolean;
}

/** Whether an APDU with this tag can come from the server. */
export function belongs(tag: number | undefined, { context, ciphered }: Expecting): boolean {
  if (tag === undefined) return false;
  if (plainTags.has(tag)) return true;
  if (context === "short-name") return ciphered && cipheredTags.has(tag);
  return tag < firstOfLogicalNames ? ciphered && cipheredErrors.includes(tag) : cipheredTags.has(tag);
}

/** The expected response. */
export interface Expected {
  readonly responseTag: number;
  /** Whether its invoke id has 24 bits. */
  readonly long?: boolean | undefined;
  /** Undefined: responses have no invoke id. */
  readonly invokeId: number | undefined;
  /** How the request was sealed. */
  readonly sealing: Sealing | undefined;
}

/** The expected response of a request that was sent. */
export function expectedOf(
  {
    service,
    invoke,
  }: {
    readonly service: Pick<Expected, "responseTag" | "long"> & { readonly referencing?: Referencing };
    readonly invoke: Invoke;
  },
  sealing: Sealing | undefined,
): Expected {
  const { responseTag, long, referencing } = service;
  return { responseTag, long, invokeId: referencing === "short-name" ? undefined : invoke.invokeId, sealing };
}

/**
 * Whether the first octets are those of the expected response, even if it cannot be decoded, and `fault` is not that of a repeated
 * APDU.
 */
export function isAnswer(octets: Uint8Array, expected: Expected | undefined, fault: Fault): boolean {
  const [tag] = octets;
  if (tag === undefined || repeated.includes(fault.code)) return false;
  if (tag === ApduTag["exception-response"] || tag === ApduTag["confirmed-service-error"]) return true;
  if (expected === undefined) return false;
  const { responseTag, long, invokeId, sealing } = expected;
  if (tag === responseTag) {
    const found = long === true ? longInvokeId(octets) : shortInvokeId(octets);
    return found === undefined || invokeId === undefined || found === invokeId;
  }
  if (sealing === undefined) return false;
  return (
    generalTags.includes(tag) || tag === cipheredTag(responseTag, "glo") || tag === cipheredTag(responseTag, "ded")
  );
}

const shortInvokeId = ([, , octet]: Uint8Array): number | undefined => (octet === undefined ? undefined : octet & 0x0f);

function longInvokeId([, , high, middle, low]: Uint8Array): number | undefined {
  if (high === undefined || middle === undefined || low === undefined) return undefined;
  return (high << 16) | (middle << 8) | low;
}

/** Whether the Fault concerns protection: an APDU with such a Fault may not come from the server. */
export function isForgeable({ layer, code }: Fault): boolean {
  return layer === "security" || code === "protection-too-weak";
}

const most = 64;

/** Octets for display: in hex, and as text if they are text. */
export function shown(octets: Uint8Array): string {
  const hex = `${toHex(octets.subarray(0, most))}${octets.length > most ? "…" : ""}`;
  const start = octets.subarray(0, most);
  const printable =
    octets.length > 3 && start.every((octet) => (octet >= 0x20 && octet < 0x7f) || octet === 0x0d || octet === 0x0a);
  return printable ? `${hex} ${JSON.stringify(String.fromCharCode(...start))}` : hex;
}

const dataOfFault = new WeakMap<Fault, Uint8Array>();

/** Adds the octets of Data in a response that could not be decoded to the Fault. */
export function withData(fault: Fault, data: Uint8Array): Fault {
  dataOfFault.set(fault, data);
  return fault;
}

/**
 * The octets of Data in a GET response that could not be decoded, so that a client can try to interpret them. Undefined for any other
 * Fault.
 */
export function undecodedData(fault: Fault): Uint8Array | undefined {
  return dataOfFault.get(fault);
}

/** The Fault of an unusable answer, with the received octets as its detail. */
export function spoiltBy(fault: Fault, pdu: Uint8Array): Fault {
  const { code, message, layer, offset, hint, expected } = fault;
  const told = new Fault(code, message, {
    layer,
    detail: `${toHex(pdu.subarray(0, 256))}${pdu.length > 256 ? "…" : ""}`,
    cause: fault,
    ...(offset === undefined ? {} : { offset }),
    ...(hint === undefined ? {} : { hint }),
    ...(expected === undefined ? {} : { expected }),
  });
  told.path.push(...fault.path);
  const data = undecodedData(fault);
  return data === undefined ? told : withData(told, data);
}

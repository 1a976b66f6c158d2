import { ApduTag, cipheredTag, DedTag, GloTag, type Invoke } from "@dlmskit/apdu";
import { Fault, toHex } from "@dlmskit/core";
import type { Sealing } from "./protection/sealing.ts";
import type { Referencing } from "./services/service.ts";

/** Faults of what came before: such an APDU is no answer to what was asked last. */
const repeated: readonly string[] = ["invocation-counter", "replayed", "duplicate-request"];

const generalTags: readonly number[] = [
  ApduTag["general-glo-ciphering"],
  ApduTag["general-ded-ciphering"],
  ApduTag["general-ciphering"],
  ApduTag["general-signing"],
];
const plainTags: ReadonlySet<number> = new Set(Object.values(ApduTag));
const cipheredTags: ReadonlySet<number> = new Set([...Object.values(GloTag), ...Object.values(DedTag)]);
// Ciphered APDUs of short-name referencing stand below the ACSE ones, those of logical names above; errors are common to both.
const firstOfLogicalNames = 0x60;
const cipheredErrors: readonly number[] = [
  GloTag["glo-confirmed-service-error"],
  DedTag["ded-confirmed-service-error"],
];

/** How the association is: what may come in it. */
export interface Expecting {
  readonly context: Referencing;
  readonly ciphered: boolean;
}

/** Whether an APDU of that tag can come from the server. */
export function belongs(tag: number | undefined, { context, ciphered }: Expecting): boolean {
  if (tag === undefined) return false;
  if (plainTags.has(tag)) return true;
  if (context === "short-name") return ciphered && cipheredTags.has(tag);
  return tag < firstOfLogicalNames ? ciphered && cipheredErrors.includes(tag) : cipheredTags.has(tag);
}

/** What is waited for. */
export interface Expected {
  readonly responseTag: number;
  /** Whether its invoke id has 24 bits. */
  readonly long?: boolean | undefined;
  /** Undefined: responses have none. */
  readonly invokeId: number | undefined;
  /** How it was asked for. */
  readonly sealing: Sealing | undefined;
}

/** What is waited for, of a request that is on its way. */
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

/** Whether octets are, by their first ones, the response that is waited for, readable or not, and `fault` is not that of a repetition. */
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

/** Whether the Fault is one of protection: what has it need not come from the server. */
export function isForgeable({ layer, code }: Fault): boolean {
  return layer === "security" || code === "protection-too-weak";
}

const most = 64;

/** Octets as they are shown: in hex, and as text where they are one. */
export function shown(octets: Uint8Array): string {
  const hex = `${toHex(octets.subarray(0, most))}${octets.length > most ? "…" : ""}`;
  const start = octets.subarray(0, most);
  const printable =
    octets.length > 3 && start.every((octet) => (octet >= 0x20 && octet < 0x7f) || octet === 0x0d || octet === 0x0a);
  return printable ? `${hex} ${JSON.stringify(String.fromCharCode(...start))}` : hex;
}

const dataOfFault = new WeakMap<Fault, Uint8Array>();

/** Keeps the Data that a response carried and that could not be decoded. */
export function withData(fault: Fault, data: Uint8Array): Fault {
  dataOfFault.set(fault, data);
  return fault;
}

/**
 * The octets of the Data that a GET was answered with and that could not be decoded: what a client may still make something of.
 * Undefined for any other Fault.
 */
export function undecodedData(fault: Fault): Uint8Array | undefined {
  return dataOfFault.get(fault);
}

/** The Fault of an answer that is of no use, with the octets that came as its detail. */
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

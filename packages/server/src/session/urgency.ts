import { services } from "@dlmskit/association";

/** The choices of -normal and -with-list. What goes on with a transfer in blocks, or begins one, keeps its place. */
const whole: { readonly [service: string]: readonly number[] } = { get: [1, 3], set: [1, 4], action: [1, 3] };

/**
 * The priority of a PDU that is a request in plain, and whole: of high priority it may overtake others, of normal priority others
 * may overtake it. Undefined for anything else, which keeps its place: what is ciphered must be opened in the order of its
 * counters.
 */
export function urgencyOf(pdu: Uint8Array): "normal" | "high" | undefined {
  const [tag, second, third] = pdu;
  const service = Object.values(services).find(({ requestTag }) => requestTag === tag);
  if (service === undefined || second === undefined) return undefined;
  const long = "long" in service && service.long === true;
  const octet = long ? second : third;
  if (octet === undefined || !(long || whole[service.name]?.includes(second))) return undefined;
  return (octet & 0x80) !== 0 ? "high" : "normal";
}

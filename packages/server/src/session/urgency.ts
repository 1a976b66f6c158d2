import { services } from "@dlmskit/association";

/** The choices of -normal and -with-list. A PDU that starts or continues a block transfer keeps its place. */
const whole: { readonly [service: string]: readonly number[] } = { get: [1, 3], set: [1, 4], action: [1, 3] };

/**
 * The priority of a PDU that is a complete plain request. A request of high priority may overtake requests of normal priority.
 * Undefined for any other PDU, which keeps its place: ciphered PDUs must be deciphered in the order of their invocation
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

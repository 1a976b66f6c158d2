import { services } from "@dlmskit/association";

// -normal and -with-list: what is whole. What goes on with a transfer, or begins one, keeps its place.
const whole: readonly number[] = [1, 3, 4];

/**
 * Whether a PDU is a request that others may overtake, and whether it may overtake them: by the priority that it has where it is
 * a request in plain. Undefined for anything else, which keeps its place: what is ciphered must be opened in the order of its
 * counters.
 */
export function urgencyOf(pdu: Uint8Array): "normal" | "high" | undefined {
  const service = Object.values(services).find(({ requestTag }) => requestTag === pdu[0]);
  if (service === undefined) return undefined;
  const long = "long" in service && service.long === true;
  const choice = pdu[1] as number;
  // A SET with its first block is 2, an ACTION with it 4.
  const begins = long || (whole.includes(choice) && !(service.name === "action" && choice > 3));
  const octet = long ? pdu[1] : pdu[2];
  if (!begins || octet === undefined) return undefined;
  return (octet & 0x80) !== 0 ? "high" : "normal";
}

/** Number of octets in the length field for a content of `length` octets. */
export function lengthOctets(length: number): number {
  return length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : length < 0x1000000 ? 4 : 5;
}

/** Maximum number of content octets that fit into `room` together with their length field; negative if the length field does not fit. */
export function contentIn(room: number): number {
  if (room === Number.POSITIVE_INFINITY) return room;
  let content = room - 1;
  while (content > 0 && content + lengthOctets(content) > room) content--;
  return content;
}

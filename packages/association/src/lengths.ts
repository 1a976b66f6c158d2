/** How many octets the length field of `length` octets takes. */
export function lengthOctets(length: number): number {
  return length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : length < 0x1000000 ? 4 : 5;
}

/** The most octets of content that fit in `room` together with their length field; below 0 when not even that fits. */
export function contentIn(room: number): number {
  if (room === Number.POSITIVE_INFINITY) return room;
  let content = room - 1;
  while (content > 0 && content + lengthOctets(content) > room) content--;
  return content;
}

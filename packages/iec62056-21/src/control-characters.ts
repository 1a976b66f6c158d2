/** The control characters of IEC 62056-21, clause 6.3.1 (ISO/IEC 646). */
export const SOH = 0x01;
export const STX = 0x02;
export const ETX = 0x03;
export const ACK = 0x06;
export const LF = 0x0a;
export const NAK = 0x15;

/** The end of every line. */
export const lineEnd = "\r\n";

/** Whether a text has only printable characters (U+0020 to U+007E) and none of `not`. */
export function isPrintable(text: string, not = ""): boolean {
  for (const character of text) if (character < " " || character > "~" || not.includes(character)) return false;
  return true;
}

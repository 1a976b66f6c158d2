import { asObject, asText, badJson, type Codec, Fault, fromHex, inRange, type Json, toHex } from "@dlmskit/core";

/** The link layer of a wireless M-Bus telegram (EN 13757-4) without its CRCs: the sender's address and the content. */
export interface WirelessFrame {
  /** The C field: 0x44 is SND-NR, 0x46 SND-IR, 0x08 RSP-UD. */
  readonly control: number;
  /** Three letters: `"SMG"`. */
  readonly manufacturer: string;
  /** Eight digits. */
  readonly identification: string;
  readonly version: number;
  /** The medium: 2 electricity, 3 gas, 4 heat, 6 warm water, 7 water. */
  readonly deviceType: number;
  readonly controlInformation: number;
  readonly userData: Uint8Array;
}

/** C, M, A and CI. */
const linkOctets = 10;

/**
 * The codec of a telegram without CRCs, as receivers deliver it: L, C, M, A, CI and user data.
 * Faults when reading: `truncated`, `bad-length`; when writing: `out-of-range`, `frame-too-long`.
 */
export const WirelessFrame: Codec<WirelessFrame> = {
  read(from) {
    const field = <T>(name: string, read: () => T): T => {
      from.observer?.enter(name, from.at);
      const value = read();
      from.observer?.leave(from.at, value);
      return value;
    };
    const start = from.at;
    const length = field("length", () => from.u8());
    if (length < linkOctets)
      throw from.fault("bad-length", `a length of ${length} is too short for C, M, A and CI`, start);
    const end = from.at + length;
    const control = field("control", () => from.u8());
    const manufacturer = field("manufacturer", () => {
      const code = from.u8() | (from.u8() << 8);
      return String.fromCharCode(...[10, 5, 0].map((shift) => 64 + ((code >> shift) & 0x1f)));
    });
    const identification = field("identification", () => toHex(from.take(4).slice().reverse()));
    const version = field("version", () => from.u8());
    const deviceType = field("deviceType", () => from.u8());
    const controlInformation = field("controlInformation", () => from.u8());
    const userData = field("userData", () => from.take(end - from.at));
    return { control, manufacturer, identification, version, deviceType, controlInformation, userData };
  },
  write({ control, manufacturer, identification, version, deviceType, controlInformation, userData }, to) {
    const length = linkOctets + userData.length;
    if (length > 0xff) {
      throw new Fault("frame-too-long", `${userData.length} octets of user data are more than ${0xff - linkOctets}`, {
        layer: "mbus",
      });
    }
    to.u8(length);
    to.u8(inRange(control, 0, 0xff));
    let code = 0;
    for (const letter of manufacturer) code = code * 32 + inRange(letter.charCodeAt(0) - 64, 0, 31);
    inRange(code, 0, 0x7fff);
    to.u8(code & 0xff);
    to.u8(code >> 8);
    to.put(fromHex(identification.padStart(8, "0")).reverse());
    to.u8(inRange(version, 0, 0xff));
    to.u8(inRange(deviceType, 0, 0xff));
    to.u8(inRange(controlInformation, 0, 0xff));
    to.put(userData);
  },
  toJson: ({ userData, ...fields }) => ({ layer: "mbus", frame: "wireless", ...fields, userData: toHex(userData) }),
  fromJson(json: Json) {
    const { layer, frame, manufacturer, identification, userData, ...numbers } = asObject(json);
    if (layer !== undefined && layer !== "mbus") throw badJson('the layer "mbus"', layer);
    if (frame !== "wireless") throw badJson('the frame "wireless"', frame);
    const { control, version, deviceType, controlInformation, ...rest } = numbers;
    const extra = Object.keys(rest)[0];
    if (extra !== undefined) throw new Fault("bad-json", `"${extra}" does not belong in a wireless M-Bus telegram`);
    const digits = asText(identification as Json);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw badJson("eight digits as identification", digits);
    const letters = asText(manufacturer as Json);
    if (!/^[@-_]{3}$/.test(letters)) throw badJson("three letters as manufacturer", letters);
    return {
      control: inRange(control as number, 0, 0xff),
      manufacturer: letters,
      identification: digits.toLowerCase(),
      version: inRange(version as number, 0, 0xff),
      deviceType: inRange(deviceType as number, 0, 0xff),
      controlInformation: inRange(controlInformation as number, 0, 0xff),
      userData: fromHex(asText(userData as Json)),
    };
  },
};

/** CRC-16/EN-13757. */
function crc(octets: Uint8Array): number {
  let value = 0;
  for (const octet of octets) {
    value ^= octet << 8;
    for (let bit = 0; bit < 8; bit++)
      value = (value & 0x8000) !== 0 ? ((value << 1) ^ 0x3d65) & 0xffff : (value << 1) & 0xffff;
  }
  return value ^ 0xffff;
}

/**
 * Removes the CRCs of frame format A from a telegram: one after the first 10 octets, one after each 16 octets that follow.
 * Undefined if CRCs are missing or wrong.
 */
export function withoutCrcs(octets: Uint8Array): Uint8Array | undefined {
  const length = (octets[0] ?? 0) + 1;
  const blocks = 1 + Math.ceil((length - linkOctets) / 16);
  if (length < linkOctets || octets.length !== length + 2 * blocks) return undefined;
  const plain = new Uint8Array(length);
  let at = 0;
  let to = 0;
  for (let block = 0; block < blocks; block++) {
    const size = Math.min(block === 0 ? linkOctets : 16, length - to);
    const part = octets.subarray(at, at + size);
    if (crc(part) !== (((octets[at + size] as number) << 8) | (octets[at + size + 1] as number))) return undefined;
    plain.set(part, to);
    to += size;
    at += size + 2;
  }
  return plain;
}

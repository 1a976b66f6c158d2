import {
  asObject,
  badJson,
  type Codec,
  Fault,
  fromHex,
  inRange,
  type Json,
  Reader,
  toHex,
  Writer,
} from "@dlmskit/core";

/** A long frame of wired M-Bus (EN 13757-2): the control and address fields, the control information, and the user data. */
export interface MbusFrame {
  readonly control: number;
  readonly address: number;
  readonly controlInformation: number;
  /** 0 to 252 octets. */
  readonly userData: Uint8Array;
}

const frameStart = 0x68;
export const frameStop = 0x16;
/** The number of octets that the L field does not count: start, L, L, start; checksum, stop. */
const frameOverhead = 6;
/** The number of octets before the user data that the L field counts: C, A and CI. */
const headerOctets = 3;
export const longestUserData = 0xff - headerOctets;

/** The arithmetic sum of the octets that the L field counts, modulo 256. */
export function checksum(octets: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) sum += octets[at] as number;
  return sum & 0xff;
}

const field = (from: Reader, name: string): number => {
  from.observer?.enter(name, from.at);
  const value = from.u8();
  from.observer?.leave(from.at, value);
  return value;
};

/**
 * The codec of a long frame, 68 L L 68 C A CI … checksum 16; `userData` is a view when read.
 * Faults when reading: `truncated`, `bad-start`, `bad-length`, `mbus-checksum`, `bad-stop`; when writing: `out-of-range`,
 * `frame-too-long`.
 */
export const MbusFrame: Codec<MbusFrame> = {
  read(from) {
    const start = from.at;
    if (from.u8() !== frameStart) throw from.fault("bad-start", "a long frame must start with 68", start);
    const length = from.u8();
    if (from.u8() !== length) throw from.fault("bad-length", "the two lengths differ", start + 1);
    if (length < headerOctets)
      throw from.fault("bad-length", `a length of ${length} is too short for C, A and CI`, start + 1);
    if (from.u8() !== frameStart) throw from.fault("bad-start", "the lengths must be followed by 68", start + 3);
    const body = from.at;
    const end = body + length;
    if (from.remaining < length + 2) {
      throw from.fault("truncated", `the frame needs ${length + 2} more octets, but there are ${from.remaining}`);
    }
    if (from.octets[end] !== checksum(from.octets, body, end)) {
      throw from.fault("mbus-checksum", "the checksum is wrong", end);
    }
    if (from.octets[end + 1] !== frameStop) throw from.fault("bad-stop", "a frame must end with 16", end + 1);
    const control = field(from, "control");
    const address = field(from, "address");
    const controlInformation = field(from, "controlInformation");
    from.observer?.enter("userData", from.at);
    const userData = from.take(end - from.at);
    from.observer?.leave(from.at, userData);
    from.take(2);
    return { control, address, controlInformation, userData };
  },
  write({ control, address, controlInformation, userData }, to) {
    if (userData.length > longestUserData) {
      throw new Fault("frame-too-long", `${userData.length} octets of user data are more than ${longestUserData}`, {
        layer: "mbus",
      });
    }
    const length = headerOctets + userData.length;
    const body = new Uint8Array(length);
    body[0] = inRange(control, 0, 0xff);
    body[1] = inRange(address, 0, 0xff);
    body[2] = inRange(controlInformation, 0, 0xff);
    body.set(userData, headerOctets);
    to.u8(frameStart);
    to.u8(length);
    to.u8(length);
    to.u8(frameStart);
    to.put(body);
    to.u8(checksum(body, 0, length));
    to.u8(frameStop);
  },
  toJson: ({ control, address, controlInformation, userData }) => ({
    layer: "mbus",
    frame: "long",
    control,
    address,
    controlInformation,
    userData: toHex(userData),
  }),
  fromJson(json: Json) {
    const { layer, frame, control, address, controlInformation, userData, ...rest } = asObject(json);
    const extra = Object.keys(rest)[0];
    if (extra !== undefined) throw new Fault("bad-json", `"${extra}" does not belong in an M-Bus frame`);
    if (layer !== undefined && layer !== "mbus") throw badJson('the layer "mbus"', layer);
    if (frame !== undefined && frame !== "long") throw badJson('the frame "long"', frame);
    if (typeof userData !== "string") throw badJson("hex as userData", userData);
    return {
      control: inRange(control as number, 0, 0xff),
      address: inRange(address as number, 0, 0xff),
      controlInformation: inRange(controlInformation as number, 0, 0xff),
      userData: fromHex(userData),
    };
  },
};

/** Decodes one long frame; the octets must hold nothing else. Faults as `MbusFrame`, and `trailing-octets`. */
export function decodeFrame(octets: Uint8Array): MbusFrame {
  const from = new Reader(octets, { layer: "mbus" });
  const frame = MbusFrame.read(from);
  from.finish();
  return frame;
}

/** The octets of a long frame. Faults `out-of-range`, `frame-too-long`. */
export function encodeFrame(frame: MbusFrame): Uint8Array {
  const to = new Writer(frameOverhead + headerOctets + frame.userData.length);
  MbusFrame.write(frame, to);
  return to.done();
}

/** The number of octets of the long frame that starts at `at`, by its header. */
export function wholeFrame(octets: Uint8Array, at: number): number | "more" | "none" {
  const [start, length, again, startAgain] = octets.subarray(at, at + 4);
  if (start !== frameStart) return "none";
  if (length === undefined) return "more";
  if (length < headerOctets) return "none";
  if (again === undefined) return "more";
  if (again !== length) return "none";
  if (startAgain === undefined) return "more";
  if (startAgain !== frameStart) return "none";
  return octets.length - at < length + frameOverhead ? "more" : length + frameOverhead;
}

/** Whether checksum and stop octet of a whole long frame are right. */
export function isIntact(octets: Uint8Array): boolean {
  const end = octets.length - 2;
  return octets[end + 1] === frameStop && octets[end] === checksum(octets, frameOverhead - 2, end);
}

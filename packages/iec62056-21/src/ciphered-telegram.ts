import { concat, Fault, Reader, Writer } from "@dlmskit/core";
import { decodeTelegram, encodeTelegram, type Telegram } from "./telegram.ts";

/** A ciphered telegram, as used in Luxembourg, Austria and other countries: the P1 text in a general-glo-ciphering frame. */
export interface CipheredTelegram {
  /** 8 octets. */
  readonly systemTitle: Uint8Array;
  /** 0x30: encrypted and authenticated, suite 0. */
  readonly securityControl: number;
  readonly invocationCounter: number;
  /** The ciphertext, followed by the authentication tag of 12 octets. */
  readonly sealed: Uint8Array;
}

/** The part of a security provider that a ciphered telegram needs: `noble` or `node` of `@dlmskit/security`. */
export interface GcmProvider {
  aesGcm(key: Uint8Array): {
    seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array;
    open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined;
  };
}

export interface TelegramKeys {
  readonly provider: GcmProvider;
  /** 16 octets: the global unicast encryption key, which the network operator gives to the customer. */
  readonly encryptionKey: Uint8Array;
  /** 16 octets; most operators use a value that is not secret. */
  readonly authenticationKey: Uint8Array;
}

const layer = "iec62056-21";
/** The tag of general-glo-ciphering. */
export const cipheredStart = 0xdb;
/** Security control, invocation counter. */
const headOctets = 5;
const tagOctets = 12;
const longestCiphered = 0x4000;

const refused = (message: string, offset: number): Fault =>
  new Fault("bad-message", message, {
    layer,
    offset,
    hint: "expected DB 08, system title, length, security header, text, tag",
  });

/**
 * The length of the frame that starts at `at`: undefined while its header is incomplete, 0 if it is not such a frame.
 */
export function cipheredLength(octets: Uint8Array, at = 0): number | undefined {
  const [start, title, ...rest] = octets.subarray(at, at + 13);
  if (start !== cipheredStart || (title !== undefined && title !== 8)) return 0;
  const [first, second, third] = rest.slice(8);
  if (first === undefined) return undefined;
  if (first < 0x80) return 11 + first;
  if (first === 0x81) return second === undefined ? undefined : 12 + second;
  if (first !== 0x82) return 0;
  if (second === undefined || third === undefined) return undefined;
  const length = 13 + ((second << 8) | third);
  return length > longestCiphered ? 0 : length;
}

/** Decodes a frame; the octets must hold nothing else. Faults `bad-message`, `truncated`, `trailing-octets`. */
export function decodeCipheredTelegram(octets: Uint8Array): CipheredTelegram {
  const length = cipheredLength(octets);
  if (length === 0) throw refused("the octets are not a ciphered telegram", 0);
  if (length === undefined || octets.length < length) {
    const hint = "read on, or wait for the next telegram";
    throw new Fault("truncated", "the ciphered telegram is not complete", { layer, offset: octets.length, hint });
  }
  const from = new Reader(octets, { layer });
  const systemTitle = from.take(10).subarray(2);
  from.take((octets[10] as number) < 0x80 ? 1 : (octets[10] as number) - 0x7f);
  if (length - from.at < headOctets + tagOctets) throw refused("it is too short for a header and a tag", from.at);
  const securityControl = from.u8();
  const invocationCounter = from.u32();
  const sealed = from.take(length - from.at);
  from.finish();
  return { systemTitle, securityControl, invocationCounter, sealed };
}

/** The octets of a frame. Fault `bad-value`. */
export function encodeCipheredTelegram(value: CipheredTelegram): Uint8Array {
  const { systemTitle, securityControl, invocationCounter, sealed } = value;
  const length = headOctets + sealed.length;
  if (systemTitle.length !== 8 || length + 13 > longestCiphered) {
    const hint = "use a system title of 8 octets, and a text that fits into a telegram";
    throw new Fault("bad-value", "a ciphered telegram cannot be made from this", { layer, hint });
  }
  const to = new Writer(13 + length);
  to.u8(cipheredStart);
  to.u8(8);
  to.put(systemTitle);
  to.u8(0x82);
  to.u16(length);
  to.u8(securityControl);
  to.u32(invocationCounter);
  to.put(sealed);
  return to.done();
}

const gcm = ({ provider, encryptionKey, authenticationKey }: TelegramKeys, frame: Omit<CipheredTelegram, "sealed">) => {
  const counter = new Writer(4);
  counter.u32(frame.invocationCounter);
  return {
    cipher: provider.aesGcm(encryptionKey),
    iv: concat(frame.systemTitle, counter.done()),
    additional: concat(Uint8Array.of(frame.securityControl), authenticationKey),
  };
};

/**
 * Deciphers a frame and decodes its telegram. Faults: those of `decodeCipheredTelegram` and `decodeTelegram`, and `bad-tag` for a
 * wrong tag. The caller must check that the invocation counter is higher than the last one.
 */
export function openTelegram(octets: Uint8Array, keys: TelegramKeys): Telegram {
  const frame = decodeCipheredTelegram(octets);
  if (frame.securityControl !== 0x30) {
    throw refused(
      `the security control is ${frame.securityControl}, not 0x30`,
      octets.length - frame.sealed.length - 5,
    );
  }
  const { cipher, iv, additional } = gcm(keys, frame);
  const text = cipher.open(iv, frame.sealed, additional);
  if (text === undefined) {
    const hint = "check both keys; the network operator gives them for this meter";
    throw new Fault("bad-tag", "the authentication tag is wrong", { layer, hint });
  }
  return decodeTelegram(text);
}

/** Ciphers a telegram, for a meter. An invocation counter must never be used twice with the same key. Fault `bad-value`. */
export function sealTelegram(
  telegram: Telegram,
  keys: TelegramKeys,
  { systemTitle, invocationCounter }: Pick<CipheredTelegram, "systemTitle" | "invocationCounter">,
): Uint8Array {
  const frame = { systemTitle, securityControl: 0x30, invocationCounter };
  const { cipher, iv, additional } = gcm(keys, frame);
  return encodeCipheredTelegram({ ...frame, sealed: cipher.seal(iv, encodeTelegram(telegram), additional) });
}

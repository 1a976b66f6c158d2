import { concat, fromAscii, inRange } from "@dlmskit/core";
import { Hkdf } from "./hkdf.ts";
import { securitySuite } from "./suites.ts";
import { checkSystemTitle } from "./system-title.ts";

/** The keys of one meter, out of the secret of its fleet. */
export interface MeterKeys {
  /** The key-encryption key. */
  readonly masterKey: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  /** One for the whole fleet, so that one APDU is for all meters. */
  readonly broadcastKey: Uint8Array;
  /** 16 octets for low level security (as 32 hexadecimal digits, where it must be text) and mechanisms 2, 3, 4 and 6. */
  readonly lowSecret: Uint8Array;
  readonly highSecret: Uint8Array;
}

export interface FleetOptions {
  /** 32 octets or more of randomness; who has it has every meter. Fault `bad-key-length` for less. */
  readonly secret: Uint8Array;
  /** The meter's. */
  readonly systemTitle: Uint8Array;
  readonly suite: number;
  /** Counts the rotations, from 0; the master key does not follow it: it is what new keys are transferred under. */
  readonly version?: number;
}

/**
 * Every key of a meter by HKDF-SHA-256 (RFC 5869) of one secret, without salt. The info of a key is, in this order: the text
 * `dlmskit/` and the key's name here (`dlmskit/encryptionKey`), 00, the suite (1 octet), the version (4 octets, big-endian; 0 for
 * `masterKey`), the system title (8 octets; none for `broadcastKey`). Faults `bad-key-length`, `unknown-suite`,
 * `bad-system-title`, `out-of-range`.
 */
export function deriveMeterKeys(options: FleetOptions): MeterKeys {
  const { secret, systemTitle, version = 0 } = options;
  const hkdf = new Hkdf(secret);
  const { id, keyLength } = securitySuite(options.suite);
  checkSystemTitle(systemTitle);
  const counted = new Uint8Array(4);
  new DataView(counted.buffer).setUint32(0, inRange(version, 0, 0xffffffff));
  const derive = (name: keyof MeterKeys, length: number): Uint8Array => {
    const at = name === "masterKey" ? new Uint8Array(4) : counted;
    const whose = name === "broadcastKey" ? new Uint8Array(0) : systemTitle;
    const info = concat(fromAscii(`dlmskit/${name}`), Uint8Array.of(0, id), at, whose);
    return hkdf.derive(info, length);
  };
  return {
    masterKey: derive("masterKey", keyLength),
    encryptionKey: derive("encryptionKey", keyLength),
    authenticationKey: derive("authenticationKey", keyLength),
    broadcastKey: derive("broadcastKey", keyLength),
    lowSecret: derive("lowSecret", 16),
    highSecret: derive("highSecret", 16),
  };
}

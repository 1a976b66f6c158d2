import { concat, fromAscii, inRange } from "@dlmskit/core";
import { Hkdf } from "./hkdf.ts";
import { securitySuite } from "./suites.ts";
import { checkSystemTitle } from "./system-title.ts";

/** The keys of one meter, derived from the secret of its fleet. */
export interface MeterKeys {
  /** The key-encryption key. */
  readonly masterKey: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  /** The same key for the whole fleet, so that all meters accept the same APDU. */
  readonly broadcastKey: Uint8Array;
  /** 16 octets for low level security (as 32 hexadecimal digits if it must be text) and mechanisms 2, 3, 4 and 6. */
  readonly lowSecret: Uint8Array;
  readonly highSecret: Uint8Array;
}

export interface FleetOptions {
  /** 32 octets or more of randomness. Whoever has it has the keys of every meter. Fault `bad-key-length` if it is shorter. */
  readonly secret: Uint8Array;
  /** The system title of the meter. */
  readonly systemTitle: Uint8Array;
  readonly suite: number;
  /** The number of key rotations, from 0. The master key does not depend on it: new keys are transferred under the master key. */
  readonly version?: number;
}

/**
 * Derives the keys of a meter from one secret by HKDF-SHA-256 (RFC 5869), without salt. The info of a key is, in this order: the
 * text `dlmskit/` and the name of the key in `MeterKeys` (`dlmskit/encryptionKey`), 00, the suite (1 octet), the version (4 octets,
 * big-endian; 0 for `masterKey`), the system title (8 octets; none for `broadcastKey`). Faults `bad-key-length`, `unknown-suite`,
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

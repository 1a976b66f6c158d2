import type { MechanismId } from "@dlmskit/association";
import { fromAscii } from "@dlmskit/core";
import type { PrivateKeys } from "@dlmskit/security";

/** The secrets of one association of one meter. They are never printed or logged. */
export interface Secrets {
  /** The password of mechanism 1, or the secret of mechanisms 2, 3, 4 and 6. */
  readonly secret?: Uint8Array;
  /** Global unicast encryption key. */
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly broadcastKey?: Uint8Array;
  /** Key-encryption key. If it is given, keys may be changed through the Security setup. */
  readonly masterKey?: Uint8Array;
  /** Own private keys of suite 1 or 2, by usage: mechanism 7, digital signature, key agreement, TLS. */
  readonly privateKeys?: PrivateKeys & { readonly tls?: Uint8Array };
  /** Initial certificates of the meter (DER): its own and those of clients and authorities. */
  readonly certificates?: readonly Uint8Array[];
  /** Certificates of the authorities that it trusts (DER). */
  readonly trustAnchors?: readonly Uint8Array[];
  /** The signing key of this end and the public key of the client, if there are no certificates. */
  readonly signing?: { readonly privateKey: Uint8Array; readonly peerPublicKey: Uint8Array };
}

/** The security of an association. The `secrets`, which belong to one meter, can be given with the meter instead. */
export interface SecuritySpec {
  readonly mechanism: MechanismId;
  readonly ciphered: boolean;
  readonly suite: 0 | 1 | 2;
  /** Security policy, encoded as in the Security setup of `setupVersion`: 0 to 3 in version 0, bits in version 1. */
  readonly policy: number;
  readonly setupVersion: 0 | 1;
  /**
   * `"encryption-only"`: also accepts APDUs that are encrypted but not authenticated (security control 0x20). Anybody can alter
   * them in transit. For clients without an authentication key, and for policy 2 of version 0.
   */
  readonly accept?: readonly "encryption-only"[];
  readonly secrets?: Secrets;
}

/** A password as ASCII text or octets. Fault `bad-value` for other characters. */
export type Password = string | Uint8Array;
const octetsOf = (password: Password): Uint8Array => (typeof password === "string" ? fromAscii(password) : password);

type Keys = Omit<Secrets, "secret">;
const hasKeys = (keys: Keys): boolean => keys.encryptionKey !== undefined;

/** No authentication and no ciphering: the public client. */
export function none(): SecuritySpec {
  return { mechanism: 0, ciphered: false, suite: 0, policy: 0, setupVersion: 0 };
}

export interface SecurityOptions extends Keys {
  readonly ciphered?: boolean;
  readonly suite?: 0 | 1 | 2;
  /** 3 (authenticated and encrypted) in a ciphered context by default. */
  readonly policy?: number;
  readonly setupVersion?: 0 | 1;
  /** `"encryption-only"`: also accepts APDUs that are encrypted but not authenticated. Anybody can alter them in transit. */
  readonly accept?: readonly "encryption-only"[];
}

function spec(mechanism: MechanismId, secret: Password | undefined, options: SecurityOptions): SecuritySpec {
  const {
    ciphered = hasKeys(options),
    suite = 0,
    setupVersion = suite === 0 ? 0 : 1,
    policy,
    accept,
    ...keys
  } = options;
  const strongest = setupVersion === 0 ? 3 : 0x6c;
  const made: SecuritySpec = {
    ...{ mechanism, ciphered, suite, setupVersion, policy: policy ?? (ciphered ? strongest : 0) },
    ...(accept === undefined ? {} : { accept }),
  };
  const secrets: Secrets = { ...keys, ...(secret === undefined ? {} : { secret: octetsOf(secret) }) };
  // Not enumerable, so that the secrets are not shown when a specification is printed or serialised.
  return Object.defineProperty(made, "secrets", { value: secrets });
}

/** Low level security: a password. With keys (or `ciphered`) the application context is ciphered. */
export const lls = (password?: Password, options: SecurityOptions = {}): SecuritySpec => spec(1, password, options);

/** High level security by a secret: mechanism 2 (IS 15959, AES-128), 3 (MD5), 4 (SHA-1), 6 (SHA-256). */
export const hls = (mechanism: 2 | 3 | 4 | 6, secret?: Password, options: SecurityOptions = {}): SecuritySpec =>
  spec(mechanism, secret, options);

/** High level security by GMAC (mechanism 5), ciphered. */
export const hls5 = (options: SecurityOptions = {}): SecuritySpec => spec(5, undefined, { ciphered: true, ...options });

/** High level security by ECDSA (mechanism 7), suite 1 by default. */
export const hls7 = (options: SecurityOptions = {}): SecuritySpec =>
  spec(7, undefined, { ciphered: true, suite: 1, ...options });

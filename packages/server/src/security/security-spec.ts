import type { MechanismId } from "@dlmskit/association";
import { fromAscii } from "@dlmskit/core";
import type { PrivateKeys } from "@dlmskit/security";

/** The secrets of one association of one meter. They are never printed or logged. */
export interface Secrets {
  /** Password of mechanism 1, secret of 2, 3, 4 and 6. */
  readonly secret?: Uint8Array;
  /** Global unicast encryption key. */
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly broadcastKey?: Uint8Array;
  /** Key-encryption key: with it, keys may be changed through the Security setup. */
  readonly masterKey?: Uint8Array;
  /** Own private keys of suite 1 or 2, by what they are for: mechanism 7, digital signature, key agreement, TLS. */
  readonly privateKeys?: PrivateKeys & { readonly tls?: Uint8Array };
  /** Certificates that the meter has from the start (DER): its own, clients', authorities'. */
  readonly certificates?: readonly Uint8Array[];
  /** Certificates of the authorities that it trusts (DER). */
  readonly trustAnchors?: readonly Uint8Array[];
  /** This end's own signing key and the client's public key, where there are no certificates. */
  readonly signing?: { readonly privateKey: Uint8Array; readonly peerPublicKey: Uint8Array };
}

/** The security of an association. The `secrets`, which belong to one meter, can be given with the meter instead. */
export interface SecuritySpec {
  readonly mechanism: MechanismId;
  readonly ciphered: boolean;
  readonly suite: 0 | 1 | 2;
  /** Security policy as the Security setup of `setupVersion` has it: 0 to 3 in version 0, bits in version 1. */
  readonly policy: number;
  readonly setupVersion: 0 | 1;
  /**
   * `"encryption-only"`: takes what is encrypted and not authenticated (security control 0x20), which anybody can alter on its
   * way. For clients that have no authentication key, and for policy 2 of version 0.
   */
  readonly accept?: readonly "encryption-only"[];
  readonly secrets?: Secrets;
}

/** Gives the octets of an ASCII text, or the given octets. Fault `bad-value` for other characters. */
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
  /** `"encryption-only"`: takes what is encrypted and not authenticated, too, which anybody can alter on its way. */
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
  // Not enumerable: what prints or serialises a specification does not show them.
  return Object.defineProperty(made, "secrets", { value: secrets });
}

/** Low level security: a password. With keys (or `ciphered`), in a ciphered context. */
export const lls = (password?: Password, options: SecurityOptions = {}): SecuritySpec => spec(1, password, options);

/** High level security by a secret: mechanism 2 (IS 15959, AES-128), 3 (MD5), 4 (SHA-1), 6 (SHA-256). */
export const hls = (mechanism: 2 | 3 | 4 | 6, secret?: Password, options: SecurityOptions = {}): SecuritySpec =>
  spec(mechanism, secret, options);

/** High level security by GMAC (mechanism 5), ciphered. */
export const hls5 = (options: SecurityOptions = {}): SecuritySpec => spec(5, undefined, { ciphered: true, ...options });

/** High level security by ECDSA (mechanism 7), suite 1 by default. */
export const hls7 = (options: SecurityOptions = {}): SecuritySpec =>
  spec(7, undefined, { ciphered: true, suite: 1, ...options });

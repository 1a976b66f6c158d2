import type { ConformanceName } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import type { DedicatedKey, ReplayGuard } from "@dlmskit/security";
import type { AssociationSecurity } from "./protection/protections.ts";
import type { Referencing } from "./services/service.ts";
import type { GeneralBlocks } from "./transfer/general/options.ts";

/** 0 none, 1 low-level password, 2 manufacturer-specific or AES of IS 15959, 3 MD5, 4 SHA-1, 5 GMAC, 6 SHA-256, 7 ECDSA. */
export type MechanismId = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** The minimum protection in each direction. */
export interface SecurityPolicy {
  readonly authenticatedRequest: boolean;
  readonly encryptedRequest: boolean;
  readonly signedRequest: boolean;
  readonly authenticatedResponse: boolean;
  readonly encryptedResponse: boolean;
  readonly signedResponse: boolean;
}

/** The server's keys and counters for protected traffic in this association. */
export interface OfferedSecurity extends AssociationSecurity {
  /** It is read again for every APDU: if a method of the Security setup strengthens the policy, the next APDU must comply with it. */
  readonly policy: SecurityPolicy;
  /**
   * A changed value means that the keys, counters and replay guard have changed. Open associations use the new keys from the next APDU
   * of the client on; the answer to the last APDU is still sent under the old keys. Absent: the keys never change.
   */
  readonly keyVersion?: unknown;
  /** The replay guard for APDUs under the broadcast key. Absent: such APDUs are refused. */
  readonly broadcast?: { readonly replay: ReplayGuard };
  /** The system title of the only client that may connect. Without it, any client with the keys may connect. */
  readonly peerSystemTitle?: Uint8Array;
  /** Whether a dedicated key of the client is accepted; true by default. */
  readonly dedicatedKeys?: boolean;
  /**
   * The counters and replay guard of a dedicated key. They must be the same for the same key octets in every association: then the
   * server never uses a counter twice under this key and accepts none of the client's counters twice. Absent: the counters start again
   * in each association, and a client must never use the same key twice.
   */
  dedicated?(key: Uint8Array): Pick<DedicatedKey, "counters" | "replay">;
}

/** An association that exists without being opened: it has no AARQ, no AARE and no release. Green Book 9.4.4.4. */
export interface PreEstablished {
  /** The client's system title, 8 octets; needed if the association is ciphered. */
  readonly clientSystemTitle?: Uint8Array;
  /** The largest APDU that the client accepts, octets; 0 (no limit) by default. */
  readonly clientMaxReceivePduSize?: number;
}

/** An association that the server offers. The server selects it by the client's SAP and the logical device. */
export interface Offer {
  /** How the client names objects. `"either"`: the client's application context decides. */
  readonly context: Referencing | "either";
  readonly ciphered: boolean;
  readonly mechanism: MechanismId;
  /** Password (mechanism 1) or secret (mechanisms 2, 3, 4, 6). */
  readonly secret?: Uint8Array;
  /**
   * The server's conformance. The negotiated conformance is the intersection with the client's. The bits of the other referencing are
   * never negotiated.
   */
  readonly conformance: readonly ConformanceName[];
  /** The largest APDU that the server accepts, octets; at least 12. */
  readonly maxReceivePduSize: number;
  /** The largest APDU that the server sends, octets, even if the client accepts longer APDUs. Absent: the client's limit. */
  readonly maxSendPduSize?: number;
  readonly security?: OfferedSecurity;
  /**
   * How the server treats SET and ACTION with service class 0 (unconfirmed). `"silent"` (default): no answer, as the standard
   * requires. GET and pass 3 are answered with any service class, because many clients leave the bit unset and meters answer them.
   */
  readonly unconfirmed?: "silent" | "answered";
  /**
   * How the length of a client's APDU is compared with `maxReceivePduSize`. `"sealed"` (default): the length as received; `"plain"`: a
   * ciphered APDU may be longer by its ciphering, which some clients do not count.
   */
  readonly countedPduSize?: "sealed" | "plain";
  /** Allows secrets of any length, even empty secrets; false by default: see `leastSecretLength`. */
  readonly shortSecrets?: boolean;
  /** The logical name of the Association LN object: pass 3 is accepted for it and for 0.0.40.0.0.255. */
  readonly associationInstance?: LogicalName;
  /** The association is pre-established. It has mechanism 0 only, and the offered parameters are used. */
  readonly preEstablished?: PreEstablished;
  /** Users (calling-AE-invocation-id) that may open the association. Absent: any user, and clients without a user. */
  readonly users?: readonly number[];
  /** Maximum length of a request that is received in blocks, octets; 64 KiB by default. */
  readonly maxApdu?: number;
  /** Options of general block transfer, if it is negotiated. */
  readonly generalBlocks?: GeneralBlocks;
}

/** The negotiated parameters. */
export interface Negotiated {
  readonly context: Referencing;
  readonly ciphered: boolean;
  readonly mechanism: MechanismId;
  readonly conformance: readonly ConformanceName[];
  /** The largest APDU that the client accepts, and the largest that the server accepts, octets; 0: no limit. */
  readonly clientMaxReceivePduSize: number;
  readonly serverMaxReceivePduSize: number;
  readonly clientSystemTitle?: Uint8Array;
  readonly serverSystemTitle?: Uint8Array;
  /** calling-AE-invocation-id. */
  readonly userId?: number;
  readonly dedicatedKey: boolean;
  /** False: the client requested no AARE; only unconfirmed services are possible. */
  readonly confirmed: boolean;
}

const none: SecurityPolicy = {
  authenticatedRequest: false,
  encryptedRequest: false,
  signedRequest: false,
  authenticatedResponse: false,
  encryptedResponse: false,
  signedResponse: false,
};

/**
 * The policy of Security setup, attribute 2. Version 0 is an enumeration (0 nothing, 1 authenticated, 2 encrypted, 3 both), the same
 * for both directions. Version 1 is a bit field (2 request authenticated, 3 encrypted, 4 signed; 5, 6 and 7 the same for the
 * response). Blue Book 4.4.7.
 */
export function securityPolicy(value: number, version: 0 | 1 = 0): SecurityPolicy {
  const bit = (at: number) => (value & (1 << at)) !== 0;
  if (version === 0) {
    return {
      ...none,
      authenticatedRequest: bit(0),
      encryptedRequest: bit(1),
      authenticatedResponse: bit(0),
      encryptedResponse: bit(1),
    };
  }
  return {
    authenticatedRequest: bit(2),
    encryptedRequest: bit(3),
    signedRequest: bit(4),
    authenticatedResponse: bit(5),
    encryptedResponse: bit(6),
    signedResponse: bit(7),
  };
}

/** No protection is required. */
export const noPolicy: SecurityPolicy = none;

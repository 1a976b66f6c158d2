import type { ConformanceName } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import type { DedicatedKey, ReplayGuard } from "@dlmskit/security";
import type { AssociationSecurity } from "./protection/protections.ts";
import type { Referencing } from "./services/service.ts";
import type { GeneralBlocks } from "./transfer/general/options.ts";

/** 0 none, 1 low-level password, 2 manufacturer's or IS 15959's AES, 3 MD5, 4 SHA-1, 5 GMAC, 6 SHA-256, 7 ECDSA. */
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
  /** Read again for every APDU: a policy that a method of the Security setup strengthens holds from the next one on. */
  readonly policy: SecurityPolicy;
  /**
   * Another value than before: keys, counters and replay guard are others now. What is open goes on with them from the next
   * APDU of the client on; what answers the last one still goes out under the old ones. Absent: keys never change.
   */
  readonly keyVersion?: unknown;
  /** What it accepts under the broadcast key; without it, what comes under that key is refused. */
  readonly broadcast?: { readonly replay: ReplayGuard };
  /** The system title of the only client that may connect. Without it, any client with the keys may connect. */
  readonly peerSystemTitle?: Uint8Array;
  /** Whether a dedicated key of the client is accepted. True by default. */
  readonly dedicatedKeys?: boolean;
  /**
   * What counts for a dedicated key, the same for the same octets in whichever association they come: no counter of this end is used
   * twice under it, none of the client's is taken twice. Absent: each association begins again, so that a client must never use one key
   * twice.
   */
  dedicated?(key: Uint8Array): Pick<DedicatedKey, "counters" | "replay">;
}

/** An association that is there without being opened: no AARQ, no AARE, no release. Green Book 9.4.4.4. */
export interface PreEstablished {
  /** The client's, 8 octets; needed where the association is ciphered. */
  readonly clientSystemTitle?: Uint8Array;
  /** The largest APDU that the client accepts, octets; 0 (no limit) by default. */
  readonly clientMaxReceivePduSize?: number;
}

/** An association that the server offers. The server selects it by the client's SAP and the logical device. */
export interface Offer {
  /** How the client names objects; `"either"`: as its application context says. */
  readonly context: Referencing | "either";
  readonly ciphered: boolean;
  readonly mechanism: MechanismId;
  /** Password (mechanism 1), secret (2, 3, 4, 6). */
  readonly secret?: Uint8Array;
  /** The server's conformance. The negotiated conformance is the intersection with the client's. The bits of the other referencing are never negotiated. */
  readonly conformance: readonly ConformanceName[];
  /** The largest APDU that the server accepts, octets; at least 12. */
  readonly maxReceivePduSize: number;
  /** The largest APDU that the server sends, octets, even if the client accepts longer ones; absent: the client's limit. */
  readonly maxSendPduSize?: number;
  readonly security?: OfferedSecurity;
  /**
   * What happens to SET and ACTION with service class 0 (unconfirmed): `"silent"`, as the standard has it
   * by default. GET and pass 3 are answered whatever their service class: many clients leave the bit unset, and meters answer.
   */
  readonly unconfirmed?: "silent" | "answered";
  /**
   * How the length of what the client sends is held against `maxReceivePduSize`: `"sealed"` (default): as it comes;
   * `"plain"`: a ciphered APDU may be longer by its ciphering, which some clients do not count.
   */
  readonly countedPduSize?: "sealed" | "plain";
  /** Allows secrets of any length, even empty ones; false by default: see `leastSecretLength`. */
  readonly shortSecrets?: boolean;
  /** The Association LN object's own name: pass 3 is taken there and at 0.0.40.0.0.255. */
  readonly associationInstance?: LogicalName;
  /** The association is pre-established: mechanism 0 only, and the offered parameters are used. */
  readonly preEstablished?: PreEstablished;
  /** Users (calling-AE-invocation-id) that may open it; absent: anybody, also without a user. */
  readonly users?: readonly number[];
  /** Maximum length of a request that comes in blocks, octets; 64 KiB by default. */
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
  /** The largest APDU that the client accepts, and that the server accepts; 0: no limit. */
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
 * The policy of Security setup, attribute 2: version 0 is an enumeration (0 nothing, 1 authenticated, 2 encrypted, 3 both; both
 * directions alike); version 1 is bits (2 request authenticated, 3 encrypted, 4 signed; 5, 6 and 7 the same for the response).
 * Blue Book 4.4.7.
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

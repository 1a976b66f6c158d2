import type { ConformanceName } from "@dlmskit/apdu";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import type { CounterSource, CryptoProvider, GeneralKey, Random } from "@dlmskit/security";
import { leastSecretLength, needsTitles } from "./handshake/names.ts";
import type { MechanismId } from "./offer.ts";
import { type AssociationSecurity, peerKeysOf, privateKeysOf } from "./protection/protections.ts";
import type { Referencing } from "./services/service.ts";
import type { PlainTap } from "./tap.ts";
import { type GeneralBlocks, generalBlocks } from "./transfer/general/options.ts";

/** What only some real meters do, tolerated by name. */
export type InitiatorQuirk =
  /** The AARE accepts and carries no InitiateResponse: what was proposed is taken as agreed. */
  | "aare-without-user-information"
  /** The InitiateResponse of a ciphered association comes plain. */
  | "plain-initiate-response"
  /** The AARE names no mechanism and says that nothing is wrong, though the server's challenge is in it. */
  | "aare-without-mechanism"
  /** The lengths in the AARE are one octet too small. */
  | "aare-lengths-short"
  /** The server agrees to services that were not proposed: what both have is taken. */
  | "conformance-not-proposed"
  /** The blocks of responses are numbered from 0. */
  | "blocks-from-0"
  /** Responses are protected less than their requests. What it lets through can be forged. */
  | "weaker-responses";

/** What the client has for protected traffic. */
export interface InitiatorSecurity extends AssociationSecurity {
  /** The server's, where it is known beforehand: any other is refused. */
  readonly serverSystemTitle?: Uint8Array;
  /** The client's own counter of the broadcast key: with it, unconfirmed requests may go to all stations. */
  readonly broadcast?: { readonly counters: CounterSource };
  /** How requests are protected; both true unless told otherwise. Responses must not be protected less. */
  readonly authenticated?: boolean;
  readonly encrypted?: boolean;
  /** Requests are digitally signed, `"inside"` of what is ciphered or `"outside"`; responses must be signed, too. */
  readonly signed?: "inside" | "outside";
  /** Compressed before they are ciphered, by `compression`. */
  readonly compressed?: true;
  /** The forms of ciphered APDUs; `"glo"` unless told otherwise. */
  readonly form?: "glo" | "general-glo" | "general-ciphering";
  /** The key of `"general-ciphering"`; the global unicast key unless told otherwise. */
  readonly generalKey?: GeneralKey;
  /** Services go under a key that is made for this association alone. */
  readonly dedicatedKey?: boolean;
}

/** Keys that take the place of others, with what counts for them. */
export type KeyChange = Pick<InitiatorSecurity, "keys" | "counters" | "replay">;

export interface InitiatorLimits {
  /** The most octets that a response is put together from; 4 MiB unless told otherwise. */
  readonly maxApdu?: number;
  /** How long one request may take with all its blocks, in ms; 600,000 unless told otherwise. */
  readonly transferTimeout?: number;
}

/** How a client does general block transfer. */
export interface ClientGeneralBlocks extends GeneralBlocks {
  /** How often what is not answered in time is sent or asked for again before the request has failed; 3 unless told otherwise. */
  readonly retries?: number;
}

export interface InitiatorOptions {
  /** How objects are named: requests are `get`, `set` and `action` with logical names, `read` and `write` with short ones. */
  readonly context: Referencing;
  readonly ciphered: boolean;
  readonly mechanism: MechanismId;
  /** Password (mechanism 1), secret (2, 3, 4, 6). */
  readonly secret?: Uint8Array;
  /** A secret of any length is used, and an empty one; false unless told otherwise: see `leastSecretLength`. */
  readonly shortSecrets?: boolean;
  /** The Association LN object where mechanisms from 2 on are finished: 0.0.40.0.0.255, the current one, unless told otherwise. */
  readonly association?: LogicalName;
  readonly security?: InitiatorSecurity;
  readonly conformance: readonly ConformanceName[];
  /** The largest APDU that the client takes, in octets: 12 to 65535, or 0 for any. */
  readonly maxReceivePduSize: number;
  /** The association is there without being opened (mechanism 0): what is proposed is taken as agreed. */
  readonly preEstablished?: {
    /** The largest APDU that the server takes, octets; 0 (no limit) unless told otherwise. */
    readonly serverMaxReceivePduSize?: number;
  };
  /** calling-AE-invocation-id. */
  readonly userId?: number;
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** How long to wait for each answer, in ms. */
  readonly timeout: number;
  readonly limits?: InitiatorLimits;
  /** How general block transfer is done where it is negotiated. */
  readonly generalBlocks?: ClientGeneralBlocks;
  readonly quirks?: readonly InitiatorQuirk[];
  /** Whether a DataNotification that asks for it is confirmed; true unless told otherwise. */
  readonly confirmNotifications?: boolean;
  /** Sees each plain APDU, and may drop or replace it. */
  readonly tap?: PlainTap;
}

/** Faults `missing-parameter`, `secret-too-short`, `bad-value`, `bad-logical-name` for options that cannot work. */
export function checkOptions(options: InitiatorOptions): InitiatorOptions {
  const { ciphered, mechanism, secret, security } = options;
  generalBlocks(options.generalBlocks);
  const missing = (what: string): Fault =>
    new Fault("missing-parameter", `${what} is needed for mechanism ${mechanism}${ciphered ? ", ciphered" : ""}`, {
      layer: "association",
    });
  if (needsTitles(ciphered, mechanism) && security === undefined) throw missing("security");
  const least = leastSecretLength(mechanism);
  if (secret === undefined && least > 0) throw missing("secret");
  if (secret !== undefined && secret.length < least && options.shortSecrets !== true) {
    throw new Fault("secret-too-short", `the secret has ${secret.length} octets, ${least} are the least`, {
      layer: "association",
      hint: "give the meter a longer one, or set shortSecrets to use it all the same",
    });
  }
  if (mechanism === 7 && security !== undefined) {
    if (security.suite === 0) throw missing("security suite 1 or 2");
    if (privateKeysOf(security)?.digitalSignature === undefined) throw missing("security.privateKeys.digitalSignature");
    if (peerKeysOf(security) === undefined) throw missing("security.peerKeys");
  }
  if (options.preEstablished !== undefined) {
    if (mechanism !== 0) throw missing("an association that is opened");
    if (ciphered && security?.serverSystemTitle === undefined) throw missing("security.serverSystemTitle");
  }
  if (security?.authenticated === false && security.encrypted === false && security.signed === undefined && ciphered) {
    throw missing("authenticated, encrypted or signed");
  }
  if (options.association !== undefined) logicalName(options.association);
  return options;
}

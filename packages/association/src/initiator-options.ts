import type { ConformanceName } from "@dlmskit/apdu";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import type { CounterSource, CryptoProvider, GeneralKey, Random } from "@dlmskit/security";
import { leastSecretLength, needsTitles } from "./handshake/names.ts";
import type { MechanismId } from "./offer.ts";
import { type AssociationSecurity, peerKeysOf, privateKeysOf } from "./protection/protections.ts";
import type { Referencing } from "./services/service.ts";
import type { PlainTap } from "./tap.ts";
import { type GeneralBlocks, generalBlocks } from "./transfer/general/options.ts";

/** Deviations of some meters. Each deviation is accepted only if it is named here. */
export type InitiatorQuirk =
  /** The AARE accepts the association but has no InitiateResponse: the proposed parameters are used. */
  | "aare-without-user-information"
  /** The InitiateResponse of a ciphered association is not ciphered. */
  | "plain-initiate-response"
  /** The AARE has the server's challenge, but it names no mechanism and its diagnostic is null. */
  | "aare-without-mechanism"
  /** The lengths in the AARE are one octet too small. */
  | "aare-lengths-short"
  /** The AARE names another application context than the AARQ: that of the AARQ is used, with the protection that it requires. */
  | "aare-other-context"
  /** The server agrees to services that were not proposed: the intersection is used. */
  | "conformance-not-proposed"
  /** The InitiateResponse has another VAA name than the one of the referencing, 0007 or FA00. */
  | "other-vaa-name"
  /** The blocks of responses are numbered from 0. */
  | "blocks-from-0"
  /** Responses have less protection than their requests. Such responses can be forged. */
  | "weaker-responses"
  /** Responses have a transaction-id of their own. A response that was held back can then answer a later request. */
  | "other-transaction-id";

/** The client's keys and counters for protected traffic. */
export interface InitiatorSecurity extends AssociationSecurity {
  /** The server's system title, if it is known. A server with another system title is refused. */
  readonly serverSystemTitle?: Uint8Array;
  /** The client's own counter for the broadcast key. With it, unconfirmed requests can be sent to all stations. */
  readonly broadcast?: { readonly counters: CounterSource };
  /** How requests are protected; both are true by default. Responses must have at least the same protection. */
  readonly authenticated?: boolean;
  readonly encrypted?: boolean;
  /** Requests are digitally signed: `"inside"` signs before ciphering, `"outside"` after it. Responses must also be signed. */
  readonly signed?: "inside" | "outside";
  /** Requests are compressed with `compression` before they are ciphered. */
  readonly compressed?: true;
  /** The forms of ciphered APDUs; `"glo"` by default. */
  readonly form?: "glo" | "general-glo" | "general-ciphering";
  /** The key of `"general-ciphering"`; the global unicast key by default. */
  readonly generalKey?: GeneralKey;
  /** Services are ciphered with a key that is generated for this association. */
  readonly dedicatedKey?: boolean;
}

/** Keys that replace the current keys, with their counters and replay guard. */
export type KeyChange = Pick<InitiatorSecurity, "keys" | "counters" | "replay">;

export interface InitiatorLimits {
  /** Maximum length of a response that is received in blocks, octets; 4 MiB by default. */
  readonly maxApdu?: number;
  /** Time limit of one request with all its blocks, ms; 600,000 by default. */
  readonly transferTimeout?: number;
}

/** How a client performs general block transfer. */
export interface ClientGeneralBlocks extends GeneralBlocks {
  /** How many times an unanswered block is sent or requested again before the request fails; 3 by default. */
  readonly retries?: number;
}

export interface InitiatorOptions {
  /** How objects are named: requests are `get`, `set` and `action` with logical names, `read` and `write` with short names. */
  readonly context: Referencing;
  readonly ciphered: boolean;
  readonly mechanism: MechanismId;
  /** Password (mechanism 1) or secret (mechanisms 2, 3, 4, 6). */
  readonly secret?: Uint8Array;
  /** Allows a secret of any length, even an empty secret; false by default: see `leastSecretLength`. */
  readonly shortSecrets?: boolean;
  /** The Association LN object that receives pass 3 of mechanisms 2 to 7; 0.0.40.0.0.255, the current association, by default. */
  readonly association?: LogicalName;
  readonly security?: InitiatorSecurity;
  readonly conformance: readonly ConformanceName[];
  /** The largest APDU that the client accepts, octets: 12 to 65535, or 0 for no limit. */
  readonly maxReceivePduSize: number;
  /** Length of the prefix of a gateway, octets: it is taken off the largest APDU that the server accepts. */
  readonly prefixOctets?: number;
  /** The association is pre-established (mechanism 0): the proposed parameters are used. */
  readonly preEstablished?: {
    /** The largest APDU that the server accepts, octets; 0 (no limit) by default. */
    readonly serverMaxReceivePduSize?: number;
  };
  /** calling-AE-invocation-id. */
  readonly userId?: number;
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** How long to wait for each answer, in ms. */
  readonly timeout: number;
  readonly limits?: InitiatorLimits;
  /** How general block transfer is performed if it was negotiated. */
  readonly generalBlocks?: ClientGeneralBlocks;
  readonly quirks?: readonly InitiatorQuirk[];
  /** Whether a DataNotification that asks for a confirmation is confirmed; true by default. */
  readonly confirmNotifications?: boolean;
  /** Sees each plain APDU, and may drop or replace it. */
  readonly tap?: PlainTap;
}

/** Least maximum length of APDUs through a gateway, octets: a longer prefix may exceed what the gateway accepts. */
const leastThroughGateway = 64;

/** The largest APDU, octets (0: no limit), if the prefix of a gateway takes a part of it. */
export function withoutPrefix(most: number, prefixOctets = 0): number {
  if (prefixOctets === 0) return most;
  const whole = most === 0 ? 0xffff : most;
  return Math.max(whole - prefixOctets, Math.min(whole, leastThroughGateway));
}

/** Faults `missing-parameter`, `secret-too-short`, `bad-value`, `bad-logical-name` for invalid options. */
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
    throw new Fault("secret-too-short", `the secret has ${secret.length} octets; at least ${least} are needed`, {
      layer: "association",
      hint: "set a longer secret in the meter, or set shortSecrets to use this one",
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

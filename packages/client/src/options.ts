import type { Apdu, ConformanceName } from "@dlmskit/apdu";
import {
  type InitiatorOptions,
  type MechanismId,
  negotiable,
  type ProtectionSeen,
  type Referencing,
  shortNameNegotiable,
} from "@dlmskit/association";
import type { Fault } from "@dlmskit/core";
import type { ClassSpec } from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble, type Random } from "@dlmskit/security";
import type { Clock } from "@dlmskit/transport";
import type { ShortNamedObject } from "./short-names.ts";

/** How to associate; what is not told is the public client's: no security. */
export interface ConnectOptions
  extends Partial<
    Pick<
      InitiatorOptions,
      | "ciphered"
      | "secret"
      | "security"
      | "conformance"
      | "maxReceivePduSize"
      | "userId"
      | "limits"
      | "generalBlocks"
      | "quirks"
      | "preEstablished"
      | "association"
      | "shortSecrets"
      | "confirmNotifications"
    >
  > {
  readonly mechanism?: MechanismId;
  /** How the meter names objects; programs use class and logical name with either. `"logical-name"` unless told otherwise. */
  readonly referencing?: Referencing;
  /** With short names: objects whose base names need not be looked up in the meter's object list. */
  readonly shortNames?: readonly ShortNamedObject[];
  /** With short names: classes of the user's own, for the offsets of their methods (`methodOffset`). */
  readonly classes?: readonly ClassSpec[];
  readonly clock: Clock;
  /** Octets of randomness; needed for mechanisms from 2 on and for dedicated keys. Unless given, `crypto.getRandomValues`. */
  readonly random?: Random;
  /** `noble` unless given; `node` of @dlmskit/security/node is faster. */
  readonly provider?: CryptoProvider;
  /** How long to wait for the link to open and then for each answer, in ms; 10,000 unless told otherwise. */
  readonly timeout?: number;
  /** How long one request may take in all, its blocks and repetitions included, in ms; `limits.transferTimeout` for each try unless told otherwise. */
  readonly deadline?: number;
  /** How often a GET that was not answered is asked again; 1 unless told otherwise. SET and ACTION never are. */
  readonly retries?: number;
  /** How many attributes or methods go in one list; 10 unless told otherwise. */
  readonly listSize?: number;
  /** How far a `DurableCounters` may jump when the meter says that it expects a higher counter; 65,536 unless told otherwise. */
  readonly counterJump?: number;
  /** The meter knows no RLRQ: `release` ends the link at once. */
  readonly noRelease?: boolean;
  /** What comes unasked: DataNotification, EventNotification, InformationReport, and what of it was under a tag or a signature. */
  notification?(apdu: Apdu, protection: ProtectionSeen): void;
  /** An APDU that fits nothing, or whose protection is wrong, was dropped. */
  dropped?(fault: Fault): void;
  /** The association or its link is gone; told once, also after `release` (then without Fault). */
  closed?(fault?: Fault): void;
}

/** What a client asks for unless told otherwise: all that this one can do; general-protection only where there is ciphering. */
export const clientConformance: readonly ConformanceName[] = [...negotiable].filter(
  (name) => name !== "general-protection",
);

/** The same with short names. */
export const clientShortNameConformance: readonly ConformanceName[] = [...shortNameNegotiable].filter(
  (name) => name !== "general-protection",
);

/** What a program without a source of its own has for randomness: the platform's. */
export const hostRandom: Random = (count) => globalThis.crypto.getRandomValues(new Uint8Array(count));

/** The options of the Initiator for these. */
export function initiatorOptions(options: ConnectOptions): InitiatorOptions {
  const { ciphered = false, mechanism = 0, secret, security, userId, limits, quirks, preEstablished } = options;
  const {
    association,
    shortSecrets,
    confirmNotifications,
    generalBlocks,
    referencing: context = "logical-name",
  } = options;
  const all = context === "short-name" ? clientShortNameConformance : clientConformance;
  return {
    context,
    ciphered,
    mechanism,
    conformance: options.conformance ?? [...all, ...(ciphered ? (["general-protection"] as const) : [])],
    maxReceivePduSize: options.maxReceivePduSize ?? 0xffff,
    provider: options.provider ?? noble,
    random: options.random ?? hostRandom,
    timeout: options.timeout ?? 10_000,
    ...(secret === undefined ? {} : { secret }),
    ...(security === undefined ? {} : { security }),
    ...(userId === undefined ? {} : { userId }),
    ...(limits === undefined ? {} : { limits }),
    ...(generalBlocks === undefined ? {} : { generalBlocks }),
    ...(quirks === undefined ? {} : { quirks }),
    ...(preEstablished === undefined ? {} : { preEstablished }),
    ...(association === undefined ? {} : { association }),
    ...(shortSecrets === undefined ? {} : { shortSecrets }),
    ...(confirmNotifications === undefined ? {} : { confirmNotifications }),
  };
}

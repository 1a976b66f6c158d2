import type { Apdu, ConformanceName } from "@dlmskit/apdu";
import {
  type InitiatorOptions,
  type MechanismId,
  negotiable,
  type ProtectionSeen,
  type Referencing,
  shortNameNegotiable,
  withoutPrefix,
} from "@dlmskit/association";
import type { Fault, GatewayAddress } from "@dlmskit/core";
import type { ClassSpec } from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble, type Random } from "@dlmskit/security";
import type { Clock } from "@dlmskit/transport";
import { GatewayPrefix } from "./gateway-prefix.ts";
import type { LikelyCause } from "./likely-causes.ts";
import type { ShortNamedObject } from "./short-names.ts";

/** How to open the association. The defaults are those of the public client, without security. */
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
  /** How the meter names objects. A program uses class and logical name in both cases. `"logical-name"` by default. */
  readonly referencing?: Referencing;
  /** With short names: base names of objects. These objects are not looked up in the meter's object list. */
  readonly shortNames?: readonly ShortNamedObject[];
  /** With short names: your own classes, for the offsets of their methods (`methodOffset`). */
  readonly classes?: readonly ClassSpec[];
  /**
   * The meter is behind the gateway at the other end of the line: APDUs have the prefix of the gateway. `gatewayAddress("1/00123456")`
   * of @dlmskit/apdu makes one from text. The timeout must be longer than that of the gateway. See `GatewayLine` for several meters.
   */
  readonly gateway?: GatewayAddress;
  readonly clock: Clock;
  /** Source of random octets; needed for mechanisms 2 to 7 and for dedicated keys. `crypto.getRandomValues` by default. */
  readonly random?: Random;
  /** `noble` by default; `node` of @dlmskit/security/node is faster. */
  readonly provider?: CryptoProvider;
  /** How long to wait for the link to open and then for each answer, in ms; 10,000 by default. */
  readonly timeout?: number;
  /** Time limit of one request with all its blocks and repetitions, ms; by default `limits.transferTimeout` for each attempt. */
  readonly deadline?: number;
  /** How many times a GET without an answer is repeated; 1 by default. SET and ACTION are never repeated. */
  readonly retries?: number;
  /** Maximum number of attributes or methods in one list; 10 by default. */
  readonly listSize?: number;
  /** Maximum increase of the counter of a `DurableCounters` if the meter expects a higher counter; 65,536 by default. */
  readonly counterJump?: number;
  /** For a meter that does not support RLRQ: `release` ends the link at once. */
  readonly noRelease?: boolean;
  /**
   * Called for unsolicited APDUs: DataNotification, EventNotification, InformationReport. `protection`: the protection that was
   * verified.
   */
  notification?(apdu: Apdu, protection: ProtectionSeen): void;
  /** Called when an unexpected or wrongly protected APDU was dropped. */
  dropped?(fault: Fault): void;
  /**
   * The text of a likely cause, for the hint of a Fault of `connect`. Use it if the users of the program do not know these options. By
   * default the texts name the options of `connect`.
   */
  causeText?(cause: LikelyCause): string;
  /** Called once when the association or its link has ended; after `release` without a Fault. */
  closed?(fault?: Fault): void;
}

/** The default of `timeout`, ms. */
export const defaultTimeout = 10_000;

/** The conformance that a client proposes by default: all services of this client; general-protection only with ciphering. */
export const clientConformance: readonly ConformanceName[] = [...negotiable].filter(
  (name) => name !== "general-protection",
);

/** The same with short names. */
export const clientShortNameConformance: readonly ConformanceName[] = [...shortNameNegotiable].filter(
  (name) => name !== "general-protection",
);

/** The platform's random source. */
export const hostRandom: Random = (count) => globalThis.crypto.getRandomValues(new Uint8Array(count));

/** The prefix of a gateway takes its octets off each APDU on the link to the gateway. */
function pduSizes({ maxReceivePduSize = longestPdu, gateway }: ConnectOptions) {
  if (gateway === undefined) return { maxReceivePduSize };
  const prefixOctets = new GatewayPrefix(gateway).octets;
  const most = maxReceivePduSize === 0 ? longestPdu : maxReceivePduSize;
  return { maxReceivePduSize: withoutPrefix(most, prefixOctets), prefixOctets };
}

const longestPdu = 0xffff;

/** The options of the Initiator for these options. */
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
    ...pduSizes(options),
    provider: options.provider ?? noble,
    random: options.random ?? hostRandom,
    timeout: options.timeout ?? defaultTimeout,
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

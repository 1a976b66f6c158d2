import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Offer } from "./offer.ts";
import type { PlainTap } from "./tap.ts";

export interface ResponderLimits {
  /** How long a block transfer may make no progress, ms; 60,000 by default. */
  readonly transferTimeout?: number;
  /** Maximum number of requests that wait for `respond`; 16 by default. */
  readonly outstanding?: number;
  /** Maximum length of an answer that is protected as a whole, for general block transfer, octets; 1 MiB by default. */
  readonly maxAnswer?: number;
}

export interface ResponderOptions {
  /** Absent: every AARQ is refused. */
  readonly offer?: Offer;
  /** Without an offer: the AARQ is refused with rejected-transient, so that the client may try again later; false by default. */
  readonly busy?: boolean;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly limits?: ResponderLimits;
  /** Sees each plain APDU, and may drop or replace it. */
  readonly tap?: PlainTap;
}

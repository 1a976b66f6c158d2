import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Offer } from "./offer.ts";
import type { PlainTap } from "./tap.ts";

export interface ResponderLimits {
  /** How long a block transfer may stand still, in ms; 60,000 by default. */
  readonly transferTimeout?: number;
  /** Requests that wait for `respond` at the same time; 16 by default. */
  readonly outstanding?: number;
  /** The longest answer that is put together to be sealed as a whole, for general block transfer, in octets; 1 MiB by default. */
  readonly maxAnswer?: number;
}

export interface ResponderOptions {
  /** Absent: nothing can be opened; every AARQ is refused. */
  readonly offer?: Offer;
  /** Without an offer: nothing can be opened at the moment, but later (rejected-transient); false by default. */
  readonly busy?: boolean;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly limits?: ResponderLimits;
  /** Sees each plain APDU, and may drop or replace it. */
  readonly tap?: PlainTap;
}

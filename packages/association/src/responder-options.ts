import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Offer } from "./offer.ts";
import type { PlainTap } from "./tap.ts";

export interface ResponderLimits {
  /** How long a block transfer may stand still, in ms; 60,000 unless told otherwise. */
  readonly transferTimeout?: number;
  /** Requests that wait for `respond` at the same time; 16 unless told otherwise. */
  readonly outstanding?: number;
  /** The longest answer that is put together to be sealed as a whole, for general block transfer, in octets; 1 MiB unless told otherwise. */
  readonly maxAnswer?: number;
}

export interface ResponderOptions {
  /** Absent: nothing can be opened; every AARQ is refused. */
  readonly offer?: Offer;
  /** Without an offer: nothing can be opened at the moment, but later (rejected-transient); false unless told otherwise. */
  readonly busy?: boolean;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly limits?: ResponderLimits;
  /** Sees each plain APDU, and may drop or replace it. */
  readonly tap?: PlainTap;
}

import type { ApduQuirk } from "@dlmskit/apdu";
import { BlockJoiner } from "./blocks.ts";
import type { Decipherer } from "./decipher.ts";
import { HdlcSegments } from "./hdlc-segments.ts";
import { MbusSegments } from "./mbus-segments.ts";

/** The data that is kept between frames and APDUs: system titles, and blocks and segments of incomplete APDUs. */
export class Session {
  readonly decipherer: Decipherer;
  readonly quirks: readonly ApduQuirk[];
  readonly blocks = new BlockJoiner();
  readonly hdlc = new HdlcSegments();
  readonly mbus = new MbusSegments();

  /** The direction of the current frame, if it is known; blocks of the two ends are joined separately. */
  direction = "";
  /**
   * The two ends of the current frame, in either direction; empty: not known. A logical device has its own associations,
   * and so has a meter behind a gateway.
   */
  association = "";
  /** Possible system titles from the current frame, for APDUs without a system title. */
  titles: readonly Uint8Array[] = [];

  constructor(decipherer: Decipherer, quirks: readonly ApduQuirk[]) {
    this.decipherer = decipherer;
    this.quirks = quirks;
  }

  /** The current frame goes from `source` to `destination`. */
  between(source: string, destination: string): void {
    this.direction = `${source} ${destination}`;
    this.association = [source, destination].sort().join(" ");
  }

  /** Runs something of an APDU from or to a meter behind a gateway, which has its own associations. `meter`: its address there. */
  behind<R>(meter: string, run: () => R): R {
    const { direction, association } = this;
    this.direction = `${direction} ${meter}`;
    this.association = `${association} ${meter}`;
    try {
      return run();
    } finally {
      this.direction = direction;
      this.association = association;
    }
  }
}

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
  /** Possible system titles from the current frame, for APDUs without a system title. */
  titles: readonly Uint8Array[] = [];

  constructor(decipherer: Decipherer, quirks: readonly ApduQuirk[]) {
    this.decipherer = decipherer;
    this.quirks = quirks;
  }
}

import type { ApduQuirk } from "@dlmskit/apdu";
import { BlockJoiner } from "./blocks.ts";
import type { Decipherer } from "./decipher.ts";
import { HdlcSegments } from "./hdlc-segments.ts";
import { MbusSegments } from "./mbus-segments.ts";

/** What is remembered from one frame or APDU to the next: system titles, blocks and segments that are not whole yet. */
export class Session {
  readonly decipherer: Decipherer;
  readonly quirks: readonly ApduQuirk[];
  readonly blocks = new BlockJoiner();
  readonly hdlc = new HdlcSegments();
  readonly mbus = new MbusSegments();

  /** Who sent what is being read, as far as the frame around it tells: blocks of the two ends are kept apart. */
  direction = "";
  /** System titles that the frame around suggests, where the octets within tell none. */
  titles: readonly Uint8Array[] = [];

  constructor(decipherer: Decipherer, quirks: readonly ApduQuirk[]) {
    this.decipherer = decipherer;
    this.quirks = quirks;
  }
}

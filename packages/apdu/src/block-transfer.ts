import {
  badJson,
  choice,
  inRange,
  type Json,
  join,
  type Of,
  type RecordCodec,
  sequence,
  sizedOctets,
  u16,
} from "@dlmskit/core";
import { bits } from "./bits.ts";
import { ApduTag } from "./tags.ts";

/** Block-Control: bit 7 the last block, 6 streaming, 0 to 5 the window. */
export interface BlockControl {
  readonly lastBlock: boolean;
  readonly streaming: boolean;
  /** The number of blocks that the sender can receive, 0 to 63. */
  readonly window: number;
}

export const BlockControl: RecordCodec<BlockControl> = bits<BlockControl>(
  "blockControl",
  ["lastBlock", "streaming", "window"],
  (from) => {
    const octet = from.u8();
    return { lastBlock: (octet & 0x80) !== 0, streaming: (octet & 0x40) !== 0, window: octet & 0x3f };
  },
  (value, to) => {
    to.u8((value.lastBlock ? 0x80 : 0) | (value.streaming ? 0x40 : 0) | inRange(value.window, 0, 63));
  },
  ({ lastBlock, streaming, window }) => {
    if (typeof lastBlock !== "boolean") throw badJson("true or false", lastBlock as Json);
    if (typeof streaming !== "boolean") throw badJson("true or false", streaming as Json);
    return { lastBlock, streaming, window: inRange(window as number, 0, 63) };
  },
);

/** General-Block-Transfer (tag E0): a block of an APDU, and the acknowledgement of received blocks. */
export const GeneralBlockTransfer = choice("apdu", {
  "general-block-transfer": [
    ApduTag["general-block-transfer"],
    join(BlockControl, sequence({ blockNumber: u16, blockNumberAck: u16, blockData: sizedOctets })),
  ],
});
export type GeneralBlockTransfer = Of<typeof GeneralBlockTransfer>;

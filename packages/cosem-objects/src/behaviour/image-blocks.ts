import { dataOf, fromData } from "@dlmskit/apdu";
import { ImageBlockTransfer, type ImageTransfer, type ImageTransferState } from "../classes/access/image-transfer.ts";
import type { Values } from "../interface-class.ts";
import { after, type MaybePromise } from "../maybe-promise.ts";
import type { CapturedRowsView, Context } from "../object.ts";
import { refuse } from "../refusal.ts";

type ImageValues = Values<typeof ImageTransfer>;
type Block = { readonly imageBlockNumber: number; readonly imageBlockValue: Uint8Array };

/** The maximum number of blocks: the bits of image_transferred_blocks_status are stored with each block. */
export const mostBlocks = 0x10000;
/** The maximum size of a block, which is stored as a row. */
export const largestBlock = 0xfff0;

// The number of blocks read at once when an image is put together.
const readAtOnce = 256;

export const blockCount = (size: number, blockSize: number): number => Math.ceil(size / blockSize);

/** The lowest missing block; the number of blocks if none is missing. */
const firstMissing = (bits: string): number => {
  const at = bits.indexOf("0");
  return at < 0 ? bits.length : at;
};

export const isComplete = ({ imageTransferredBlocksStatus: bits }: Readonly<ImageValues>): boolean =>
  bits.length > 0 && !bits.includes("0");

const rowsOf = ({ device, object }: Context): CapturedRowsView => device.rows(object);

/** Deletes all blocks. */
export function clearBlocks(context: Context): void {
  rowsOf(context).clear();
}

/** Stores a block of the image under transfer. If it throws a refusal, nothing has changed. */
export function takeBlock(values: ImageValues, state: ImageTransferState, block: Block, context: Context): void {
  const { imageTransferredBlocksStatus: bits } = values;
  const { imageBlockNumber: number, imageBlockValue: octets } = block;
  const count = bits.length;
  if (number >= count) throw refuse("other-reason", `there is no block ${number}: the image has ${count}`);
  const { imageSize, blockSize } = state;
  const length = number === count - 1 ? imageSize - number * blockSize : blockSize;
  if (octets.length !== length) {
    throw refuse("other-reason", `block ${number} has ${octets.length} octets instead of ${length}`);
  }
  const known = bits[number] === "1";
  if (known && !state.replacing) return;
  if (known && state.replaced >= count) {
    throw refuse("other-reason", "too many blocks were replaced: initiate the transfer anew");
  }
  const encoded = dataOf(ImageBlockTransfer, { imageBlockNumber: number, imageBlockValue: octets }).octets;
  // A block that replaces another one is stored after it, until the transfer is initiated again.
  rowsOf(context).append(context.now, encoded, 2 * count);
  if (known) {
    values.state = { ...state, replaced: state.replaced + 1 };
    return;
  }
  const now = `${bits.slice(0, number)}1${bits.slice(number + 1)}`;
  values.imageTransferredBlocksStatus = now;
  values.imageFirstNotTransferredBlockNumber = firstMissing(now);
}

/** The octets of the image, put together from all blocks; undefined: not all blocks can be read. */
export function imageOctets(state: ImageTransferState, context: Context): MaybePromise<Uint8Array | undefined> {
  const { imageSize, blockSize } = state;
  const rows = rowsOf(context);
  const octets = new Uint8Array(imageSize);
  const missing = new Set(Array.from({ length: blockCount(imageSize, blockSize) }, (_, at) => at));
  const put = (encoded: Uint8Array): void => {
    const { imageBlockNumber, imageBlockValue } = fromData(ImageBlockTransfer, { type: "encoded", octets: encoded });
    octets.set(imageBlockValue, imageBlockNumber * blockSize);
    missing.delete(imageBlockNumber);
  };
  const from = (first: number, count: number): MaybePromise<Uint8Array | undefined> => {
    if (first > count) return missing.size === 0 ? octets : undefined;
    return after(rows.entries(first, first + readAtOnce - 1), (found) => {
      for (const row of found) put(row);
      return from(first + readAtOnce, count);
    });
  };
  return after(rows.count(), (count) => from(1, count));
}

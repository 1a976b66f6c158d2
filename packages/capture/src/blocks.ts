import { ActionResponseItem, type Apdu, Data, GetDataResult } from "@dlmskit/apdu";
import { type Codec, decode, Fault, type Json, list, sameOctets, toHex } from "@dlmskit/core";
import { Source } from "./source.ts";

interface Block {
  readonly lastBlock: boolean;
  readonly blockNumber: number;
  readonly data: Uint8Array;
}

function blockOf(apdu: Apdu): Block | undefined {
  if (!("block" in apdu)) return undefined;
  const { lastBlock, blockNumber } = apdu.block;
  const data = "result" in apdu.block ? apdu.block.result.rawData : apdu.block.rawData;
  return data === undefined ? undefined : { lastBlock, blockNumber, data };
}

/** The possible contents of joined blocks, by JSON key. The first codec that decodes all octets is used. */
const contents: readonly (readonly [key: string, codec: Codec<unknown>])[] = [
  ["data", Data as Codec<unknown>],
  ["results", list(GetDataResult, 2) as Codec<unknown>],
  ["results", list(ActionResponseItem, 2) as Codec<unknown>],
  ["values", list(Data) as Codec<unknown>],
];

/** Joins the blocks of transfers: GET, SET and ACTION by service and invoke id, and general block transfer. */
export class BlockJoiner {
  readonly #transfers = new Map<string, { next: number; parts: Source[] }>();

  /**
   * Adds a block. Gives the joined octets if `apdu` is the last block and all blocks were received, otherwise undefined.
   * A repeated block counts once. After Fault `block-out-of-order`, the blocks of that transfer are not joined.
   */
  add(apdu: Apdu, source: Source, direction: string): Source | undefined {
    if (apdu.apdu === "general-block-transfer") {
      const { blockNumber, lastBlock, blockData } = apdu;
      // A block without data is only an acknowledgement.
      if (blockData.length === 0) return undefined;
      return this.#add(`gbt ${direction}`, blockNumber, lastBlock, source.view(blockData));
    }
    const block = blockOf(apdu);
    if (block === undefined || !("invokeId" in apdu)) return undefined;
    const service = apdu.apdu.split("-").slice(0, 2).join("-");
    return this.#add(
      `${service} ${apdu.invokeId} ${direction}`,
      block.blockNumber,
      block.lastBlock,
      source.view(block.data),
    );
  }

  #add(key: string, blockNumber: number, last: boolean, part: Source): Source | undefined {
    if (blockNumber <= 1) this.#transfers.set(key, { next: blockNumber, parts: [] });
    const transfer = this.#transfers.get(key);
    // Blocks of a transfer without its first block cannot be joined.
    if (transfer === undefined) return undefined;
    const before = transfer.parts.at(-1);
    if (blockNumber === transfer.next - 1 && before !== undefined && sameOctets(before.octets, part.octets)) {
      return undefined;
    }
    if (blockNumber !== transfer.next) {
      this.#transfers.delete(key);
      throw new Fault("block-out-of-order", `block ${blockNumber} instead of block ${transfer.next}`, {
        layer: "xdlms",
        offset: part.place(0),
      });
    }
    transfer.parts.push(part);
    transfer.next++;
    if (!last) return undefined;
    this.#transfers.delete(key);
    return Source.join(transfer.parts);
  }
}

/** The JSON form of joined blocks of GET, SET or ACTION: `{"data"}`, `{"results"}`, `{"values"}`, or `{"octets"}` for other contents. */
export function joinedToJson(octets: Uint8Array): { readonly [key: string]: Json } {
  for (const [key, codec] of contents) {
    try {
      return { [key]: codec.toJson(decode(codec, octets, { layer: "axdr" })) };
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
    }
  }
  return { octets: toHex(octets) };
}

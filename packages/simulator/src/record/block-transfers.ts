import { type Apdu, Data, encodeApdu } from "@dlmskit/apdu";
import { concat, decode, Fault, list, sameOctets } from "@dlmskit/core";
import { apduOf, type RecordedSession } from "./record-file.ts";

type SaidApdu = Pick<RecordedSession["apdus"][number], "way" | "plain">;

interface Part {
  readonly key: string;
  readonly number: number;
  readonly last: boolean;
  /** It ends the octets of its APDU. */
  readonly data: Uint8Array;
}

/** The block of an APDU of GET, SET, ACTION or general block transfer; undefined: it has none. */
function partOf(apdu: Apdu): Part | undefined {
  if (apdu.apdu === "general-block-transfer") {
    const { blockNumber, lastBlock, blockData } = apdu;
    return blockData.length === 0 ? undefined : { key: "gbt", number: blockNumber, last: lastBlock, data: blockData };
  }
  if (!("block" in apdu) || !("invokeId" in apdu)) return undefined;
  const { lastBlock, blockNumber } = apdu.block;
  const data = "result" in apdu.block ? apdu.block.result.rawData : apdu.block.rawData;
  if (data === undefined) return undefined;
  const [service] = apdu.apdu.split("-");
  return { key: `${service} ${apdu.invokeId}`, number: blockNumber, last: lastBlock, data };
}

interface Block {
  readonly data: Uint8Array;
  /** The places of the APDUs that have it in their session: more than one if it was sent again. */
  readonly places: number[];
}

/** The blocks of one transfer, in order, as far as they are in the session. */
export interface BlockTransfer {
  readonly first: Apdu;
  readonly blocks: Map<number, Block>;
}

/** The transfers of a session. */
export function blockTransfersOf(apdus: readonly SaidApdu[]): readonly BlockTransfer[] {
  const all: BlockTransfer[] = [];
  const open = new Map<string, BlockTransfer>();
  for (const [at, { way, plain }] of apdus.entries()) {
    const apdu = plain && apduOf(plain);
    const part = apdu && partOf(apdu);
    if (part === undefined) continue;
    const key = `${way} ${part.key}`;
    let transfer = open.get(key);
    const known = transfer?.blocks.get(part.number);
    if (known !== undefined && sameOctets(known.data, part.data)) {
      known.places.push(at);
      continue;
    }
    if (transfer === undefined || known !== undefined || part.number <= 1) {
      transfer = { first: apdu as Apdu, blocks: new Map() };
      open.set(key, transfer);
      all.push(transfer);
    }
    transfer.blocks.set(part.number, { data: part.data, places: [at] });
  }
  return all;
}

const joined = ({ blocks }: BlockTransfer): Uint8Array => concat(...[...blocks.values()].map(({ data }) => data));

/** The octets of APDUs, by their places, after `change` has changed the joined blocks of a transfer without changing their length. */
export function changedBlocks(
  apdus: readonly SaidApdu[],
  transfers: readonly BlockTransfer[],
  change: (octets: Uint8Array) => Uint8Array,
): ReadonlyMap<number, Uint8Array> {
  const changed = new Map<number, Uint8Array>();
  for (const transfer of transfers) {
    const octets = change(joined(transfer));
    let from = 0;
    for (const { data, places } of transfer.blocks.values()) {
      for (const at of places) {
        const plain = apdus[at]?.plain as Uint8Array;
        changed.set(
          at,
          concat(plain.subarray(0, plain.length - data.length), octets.subarray(from, from + data.length)),
        );
      }
      from += data.length;
    }
  }
  return changed;
}

/** The APDUs that transfers of requests, and general block transfers, have brought in blocks; what cannot be decoded is left out. */
export function broughtBy(transfers: readonly BlockTransfer[]): readonly Apdu[] {
  return transfers.flatMap((transfer) => {
    const octets = joined(transfer);
    try {
      return wholeOf(transfer.first, octets) ?? [];
    } catch (caught) {
      if (caught instanceof Fault) return [];
      throw caught;
    }
  });
}

function wholeOf(first: Apdu, octets: Uint8Array): Apdu | undefined {
  if (first.apdu === "general-block-transfer") return apduOf(octets);
  const one = (): Data => decode(Data, octets, { layer: "axdr" });
  const several = (): readonly Data[] => decode(list(Data), octets, { layer: "axdr" });
  switch (first.apdu) {
    case "set-request-with-first-datablock":
      return decoded({ ...first, apdu: "set-request-normal", value: one() });
    case "set-request-with-list-and-first-datablock":
      return decoded({ ...first, apdu: "set-request-with-list", values: several() });
    case "action-request-with-first-pblock":
      return decoded({ ...first, apdu: "action-request-normal", parameters: one() });
    case "action-request-with-list-and-first-pblock":
      return decoded({ ...first, apdu: "action-request-with-list", parameters: several() });
    default:
      return undefined;
  }
}

const decoded = (apdu: Parameters<typeof encodeApdu>[0]): Apdu | undefined => apduOf(encodeApdu(apdu));

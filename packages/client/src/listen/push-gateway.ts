import { type GeneralBlockTransfer, gatewayKey, withGatewayPrefix, withoutGatewayPrefix } from "@dlmskit/apdu";
import type { LinkAddress } from "@dlmskit/core";
import { PushBlocks } from "./push-blocks.ts";

export type GatewayWay = "request" | "response";

export interface BehindGateway {
  readonly apdu: Uint8Array;
  readonly address: LinkAddress;
  readonly way: GatewayWay | undefined;
}

/** A push without the prefix of a gateway. Gateways use either tag (E6, E7) for pushes. Faults of a prefix that cannot be read. */
export function behindGateway(pdu: Uint8Array, address: LinkAddress): BehindGateway {
  const through = withoutGatewayPrefix(pdu);
  if (through === undefined) return { apdu: pdu, address, way: undefined };
  const { apdu, way, networkId, physicalDeviceAddress } = through;
  return { apdu, way, address: { ...address, gateway: { networkId, physicalDeviceAddress } } };
}

/** An APDU to the source of a push: a prefix goes back with the other tag. */
export function answerBehind(apdu: Uint8Array, { gateway }: LinkAddress, way: GatewayWay | undefined): Uint8Array {
  if (gateway === undefined || way === undefined) return apdu;
  return withGatewayPrefix(way === "request" ? "response" : "request", gateway, apdu);
}

// The maximum number of sources of one connection whose blocks are kept.
const mostSources = 1024;
// The blocks of all sources of a connection take at most this many times the length of a push.
const longestPushes = 4;

/** The blocks of unfinished pushes on one connection, by their source. The oldest ones are dropped if they would take too much memory. */
export class PushSources {
  readonly #most: number;
  readonly #blocks = new Map<string, PushBlocks>();
  #memory = 0;

  /** `most`: maximum length of a push, octets. */
  constructor(most: number) {
    this.#most = most;
  }

  /** About the memory of the blocks of all sources, octets. */
  get memory(): number {
    return this.#memory;
  }

  /** Returns the complete APDU after its last block. Fault `bad-block` as `PushBlocks.add`. */
  add(
    { client, server, physical, gateway }: LinkAddress,
    block: GeneralBlockTransfer,
    now: number,
  ): Uint8Array | undefined {
    const name = `${client} ${server} ${physical ?? ""} ${gateway === undefined ? "" : gatewayKey(gateway)}`;
    const blocks = this.#blocks.get(name) ?? new PushBlocks(this.#most);
    this.#drop(name, blocks);
    try {
      return blocks.add(block, now);
    } finally {
      if (blocks.memory > 0) {
        this.#memory += blocks.memory;
        this.#blocks.set(name, blocks);
      }
      this.#bound();
    }
  }

  #drop(name: string, blocks: PushBlocks): void {
    if (this.#blocks.delete(name)) this.#memory -= blocks.memory;
  }

  #bound(): void {
    for (const [name, blocks] of this.#blocks) {
      if (this.#blocks.size <= mostSources && this.#memory <= longestPushes * this.#most) return;
      this.#drop(name, blocks);
    }
  }
}

import { gatewayKey, withGatewayPrefix, withoutGatewayPrefix } from "@dlmskit/apdu";
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

/** The blocks of unfinished pushes on one connection, by their source. */
export class PushSources {
  readonly #most: number;
  readonly #blocks = new Map<string, PushBlocks>();

  /** `most`: maximum length of a push, octets. */
  constructor(most: number) {
    this.#most = most;
  }

  at({ client, server, physical, gateway }: LinkAddress): PushBlocks {
    const name = `${client} ${server} ${physical ?? ""} ${gateway === undefined ? "" : gatewayKey(gateway)}`;
    const blocks = this.#blocks.get(name) ?? new PushBlocks(this.#most);
    this.#blocks.delete(name);
    this.#blocks.set(name, blocks);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > mostSources && oldest !== undefined) this.#blocks.delete(oldest);
    return blocks;
  }
}

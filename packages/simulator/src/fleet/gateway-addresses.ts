import { Fault, fromAscii, type GatewayAddress, inRange, toLatin1 } from "@dlmskit/core";
import type { AddressSpace } from "./address-space.ts";
import type { Fleet } from "./fleet.ts";

/** The physical device addresses behind a gateway: the serial number in ASCII, or the number of the meter from 1, in four octets. */
export const gatewayAddressings = ["serial", "number"] as const;
export type GatewayAddressing = (typeof gatewayAddressings)[number];

/** Meters behind gateways. */
export interface GatewaysOptions {
  /** The network id in the prefix, 0 to 255. */
  readonly networkId: number;
  /** `"serial"` by default. */
  readonly addressing?: GatewayAddressing;
  /** Number of gateways, each with its own port; 1 by default. The meters are shared out equally. */
  readonly gateways?: number;
}

/** The addresses of a fleet behind gateways. Nothing is stored for a meter: each address is computed from the meter, and back. */
export class GatewayAddresses {
  readonly #fleet: Pick<Fleet, "indexOf" | "serial">;
  readonly #networkId: number;
  readonly #addressing: GatewayAddressing;

  /** Fault `out-of-range`. */
  constructor(fleet: Pick<Fleet, "indexOf" | "serial">, { networkId, addressing = "serial" }: GatewaysOptions) {
    this.#fleet = fleet;
    this.#networkId = inRange(networkId, 0, 0xff);
    this.#addressing = addressing;
  }

  /** The address of a meter, by its index from 0. */
  of(index: number): GatewayAddress {
    return { networkId: this.#networkId, physicalDeviceAddress: this.#octetsOf(index) };
  }

  #octetsOf(index: number): Uint8Array {
    if (this.#addressing === "serial") return fromAscii(this.#fleet.serial(index));
    const octets = new Uint8Array(4);
    new DataView(octets.buffer).setUint32(0, index + 1);
    return octets;
  }

  /** The index of the meter with an address; undefined: no meter has it. */
  indexAt({ networkId, physicalDeviceAddress: octets }: GatewayAddress): number | undefined {
    if (networkId !== this.#networkId) return undefined;
    if (this.#addressing === "serial") return this.#fleet.indexOf(toLatin1(octets));
    if (octets.length !== 4) return undefined;
    const number = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
    return number === 0 ? undefined : number - 1;
  }
}

/** The ports of gateways, each with its share of the meters. Fault `bad-value`. */
export function gatewaySpace(meters: number, { gateways = 1 }: GatewaysOptions): AddressSpace {
  if (!Number.isInteger(gateways) || gateways < 1 || gateways > meters) {
    throw new Fault("bad-value", `${meters} meters cannot be behind ${gateways} gateways`, { layer: "simulator" });
  }
  return { capacity: Math.ceil(meters / gateways), of: () => ({ server: 1 }), placeAt: () => undefined };
}

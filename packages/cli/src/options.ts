import { gatewayAddress } from "@dlmskit/apdu";
import { Fault, type GatewayAddress } from "@dlmskit/core";
import { type GatewaysOptions, gatewayAddressings } from "@dlmskit/simulator";
import { InvalidArgumentError } from "commander";

/** Parses an option's value as a whole number in a range. */
export const numberOption =
  (low: number, high: number) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= low && number <= high) return number;
    throw new InvalidArgumentError(`give a whole number from ${low} to ${high}`);
  };

export const portOption = numberOption(0, 65535);

/**
 * Parses octets in hex, `low` to `high` of them. Fault `bad-option` without the given text, which may be a key
 * (commander's InvalidArgumentError would show it).
 */
export const hexOption =
  (name: string, low: number, high = low) =>
  (text: string): string => {
    const octets = text.length / 2;
    if (/^(?:[0-9a-fA-F]{2})*$/.test(text) && octets >= low && octets <= high) return text.toLowerCase();
    const wanted = `${low === high ? low : `${low} to ${high}`} octets in hex`;
    throw new Fault("bad-option", `${name} takes ${wanted}`, { layer: "cli" });
  };

/** Parses NETWORK/ADDRESS, the address of a meter behind a gateway. */
export function gatewayOption(text: string): GatewayAddress {
  try {
    return gatewayAddress(text);
  } catch {
    throw new InvalidArgumentError("give NETWORK/ADDRESS, such as 1/00123456, or 1/0x0011 for octets in hex");
  }
}

/** Parses NETWORK or NETWORK/ADDRESSING, for a fleet behind gateways. */
export function gatewaysOption(text: string): GatewaysOptions {
  const [, network, name] = /^(\d{1,3})(?:\/(\w+))?$/.exec(text) ?? [];
  const addressing = gatewayAddressings.find((one) => one === (name ?? "serial"));
  if (network !== undefined && Number(network) <= 0xff && addressing !== undefined) {
    return { networkId: Number(network), addressing };
  }
  throw new InvalidArgumentError(`give NETWORK (0 to 255), or NETWORK/${gatewayAddressings.join(" or NETWORK/")}`);
}

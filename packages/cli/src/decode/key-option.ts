import { Fault, fromHex } from "@dlmskit/core";

/** A key from an option or else from the environment. Fault `bad-option`; what stands there is not shown, it may be a key. */
export function keyFrom(name: string, option: string | undefined, environment?: string): Uint8Array | undefined {
  const text = option ?? (environment === "" ? undefined : environment);
  if (text === undefined) return undefined;
  if (!/^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i.test(text)) {
    throw new Fault("bad-option", `${name} is not a key of 16 or 32 octets in hex`, { layer: "cli" });
  }
  return fromHex(text);
}

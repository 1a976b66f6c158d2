import { Fault, fromHex } from "@dlmskit/core";

/** A key of an option, else of the environment; undefined where neither has it. Fault `bad-option`, which never shows the value. */
export function keyFrom(
  option: string,
  given: string | undefined,
  environment: string | undefined,
): Uint8Array | undefined {
  const text = given ?? (environment === "" ? undefined : environment);
  if (text === undefined) return undefined;
  if (/^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{64})$/.test(text)) return fromHex(text);
  throw new Fault("bad-option", `${option} is not a key of 16 or 32 octets in hex`, { layer: "cli" });
}

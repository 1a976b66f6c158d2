import { readFileSync } from "node:fs";
import { decodeApdu, type GeneralBlockTransfer } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { GeneralExchange } from "../src/transfer/general/exchange.ts";

export interface Step {
  readonly from: "client" | "server";
  readonly hex: string;
  readonly lost?: boolean;
  readonly apdu?: string;
}

export interface Sequence {
  readonly id: string;
  readonly confidence: "high" | "medium" | "low";
  readonly assembled?: string | readonly string[];
  readonly plain?: string;
  readonly blocks?: readonly string[];
  readonly steps: readonly Step[];
}

const { sequences } = JSON.parse(
  readFileSync(new URL("../../../test-vectors/sequences.json", import.meta.url), "utf8"),
) as { readonly sequences: readonly Sequence[] };

/** An exchange of `test-vectors/sequences.json`. */
export function sequence(id: string): Sequence {
  const found = sequences.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no sequence ${id}`);
  return found;
}

export const block = (hex: string | Uint8Array): GeneralBlockTransfer =>
  decodeApdu(typeof hex === "string" ? fromHex(hex) : hex) as GeneralBlockTransfer;

/** All but the window of a block with data, which the peer of one vector lowers while it repeats, and how long its length field is. */
const shown = (apdu: GeneralBlockTransfer) => {
  const { window, blockData, ...fields } = apdu;
  const data = toHex(blockData);
  return blockData.length > 0 ? { ...fields, data } : { ...fields, data, window };
};

/**
 * Plays one end's part of a sequence by an exchange: what it sends, told beside what the sequence has. Where a step of its own follows
 * and nothing was sent, the time is over. `messages`: what the ends send, in order.
 */
export function played(steps: readonly Step[], own: Step["from"], message: Uint8Array | undefined, most: number) {
  const first = steps.find(({ from, hex }) => from === own && hex.startsWith("e0"));
  const sent: Uint8Array[] = [];
  const exchange = new GeneralExchange({
    window: first === undefined ? 1 : block(first.hex).window,
    ...{ streaming: true, most, cap: 1000, transmit: (apdu: Uint8Array) => sent.push(apdu) },
  });
  let begun = message === undefined;
  let came: Uint8Array | undefined;
  const pairs: { readonly is: unknown; readonly expected: unknown }[] = [];
  for (const { from, hex, lost } of steps) {
    if (!hex.startsWith("e0")) continue;
    const apdu = block(hex);
    if (from !== own) {
      if (lost === true) continue;
      const result = exchange.receive(apdu, false);
      if (result.type === "message") came = result.octets;
      continue;
    }
    if (!begun && apdu.blockData.length > 0) {
      begun = true;
      exchange.send(message as Uint8Array);
    }
    if (sent.length === 0) exchange.repeat();
    pairs.push({ is: shown(block(sent.shift() ?? "e0800000000000")), expected: shown(apdu) });
  }
  return { pairs, came, left: sent.map((one) => toHex(one)) };
}

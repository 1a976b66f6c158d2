import { explainApdu } from "@dlmskit/apdu";
import type { Tap } from "@dlmskit/server";

/** Number of APDUs of one session that are kept. Older ones are dropped. */
const kept = 64;

/** The latest APDUs that a meter received or sent, in plain. They are decoded when they are read. */
export class TestTrace {
  readonly #seen: { readonly at: number; readonly way: "received" | "sent"; readonly octets: Uint8Array }[] = [];

  readonly tap: Tap = ({ at, way, octets, now }) => {
    if (at !== "plain") return undefined;
    if (this.#seen.length >= kept) this.#seen.shift();
    this.#seen.push({ at: now, way, octets });
    return undefined;
  };

  /** For each APDU: the ms of the clock, whether the meter received it (`>`) or sent it (`<`), and its fields. */
  get text(): string {
    return this.#seen
      .map(({ at, way, octets }) => {
        const { fields, fault } = explainApdu(octets);
        const lines = fields.map(({ path, text }) => `    ${path.join(".")}: ${text}`);
        if (fault !== undefined) lines.push(`    ${fault.message}`);
        return `${at} ms ${way === "received" ? ">" : "<"}\n${lines.join("\n")}`;
      })
      .join("\n");
  }
}

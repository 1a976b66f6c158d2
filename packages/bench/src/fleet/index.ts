// The cost of a fleet of meters: `pnpm bench fleet [SECTION…]`. The figures are measured in this process and printed with their goals.
import { type Figure, figures } from "../figures.ts";
import { billingMonth } from "./billing.ts";
import { connectedMeters } from "./connected.ts";
import { connections } from "./connections.ts";
import { eventLoop } from "./event-loop.ts";
import { onPglite } from "./on-pglite.ts";
import { provisioning } from "./provisioning.ts";
import { reads } from "./reads.ts";
import { storm } from "./storm.ts";

const sections: { readonly [title: string]: () => Promise<Figure[]> } = {
  provisioning,
  connections: async () => [...(await connections(16)), ...(await connections(48))],
  connected: connectedMeters,
  pglite: onPglite,
  reads,
  storm,
  billing: billingMonth,
  "event loop": eventLoop,
};

/** Measures the sections whose titles are among the words, or all sections if there are no words. */
export async function fleetFigures(words: readonly string[]): Promise<void> {
  for (const [title, measure] of Object.entries(sections)) {
    if (words.length === 0 || title.split(" ").some((word) => words.includes(word))) figures(title, await measure());
  }
}

// What the browser gets: every pure package, bundled, and the vectors' runner.
import * as association from "@dlmskit/association";
import { decodeOctets, itemJson } from "@dlmskit/capture";
import { fromHex, type Json } from "@dlmskit/core";
import * as objects from "@dlmskit/cosem-objects";
import { noble } from "@dlmskit/security";
import { layers, type Outcome, outcomesOf, type Vector } from "../vectors/outcomes.ts";

interface Page {
  readonly layers: readonly string[];
  readonly exported: number;
  readonly nodeGlobals: readonly string[];
  /** The JSON form of what `dlms decode` finds. */
  explain(hex: string): Json;
  outcomes(layer: string, vectors: readonly Vector[]): Outcome[];
}

const page: Page = {
  layers,
  // They are here for being bundled and run, down to their last module.
  exported: Object.keys(association).length + Object.keys(objects).length,
  nodeGlobals: ["process", "Buffer", "require", "global"].filter((name) => name in globalThis),
  explain: (hex) => decodeOctets(fromHex(hex)).map(itemJson),
  outcomes: (layer, vectors) => outcomesOf(layer, vectors, noble),
};
Object.assign(globalThis, { page });

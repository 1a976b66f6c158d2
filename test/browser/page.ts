// What the browser gets: every pure package, bundled, and the vectors' runner.
import * as association from "@dlmskit/association";
import * as objects from "@dlmskit/cosem-objects";
import { noble } from "@dlmskit/security";
import { layers, type Outcome, outcomesOf, type Vector } from "../vectors/outcomes.ts";

interface Page {
  readonly layers: readonly string[];
  readonly exported: number;
  readonly nodeGlobals: readonly string[];
  outcomes(layer: string, vectors: readonly Vector[]): Outcome[];
}

const page: Page = {
  layers,
  // They are here for being bundled and run, down to their last module.
  exported: Object.keys(association).length + Object.keys(objects).length,
  nodeGlobals: ["process", "Buffer", "require", "global"].filter((name) => name in globalThis),
  outcomes: (layer, vectors) => outcomesOf(layer, vectors, noble),
};
Object.assign(globalThis, { page });

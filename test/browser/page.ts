// What the browser gets: every pure package, bundled, and the vectors' runner.
import * as association from "@dlmskit/association";
import { decodeOctets, itemJson } from "@dlmskit/capture";
import { fromHex, type Json, setCompilation } from "@dlmskit/core";
import * as objects from "@dlmskit/cosem-objects";
import { noble } from "@dlmskit/security";
import { layers, type Outcome, outcomesOf, type Vector } from "../vectors/outcomes.ts";

// The little of a document that is used here.
declare const document: {
  addEventListener(type: string, listener: () => void): void;
  createElement(name: string): object;
  readonly head: { append(element: object): void };
};

interface Page {
  readonly layers: readonly string[];
  readonly exported: number;
  readonly nodeGlobals: readonly string[];
  /** Forbids the page to make code of text, by a Content-Security-Policy; counts the attempts from then on in `attempts`. */
  forbidCode(): void;
  attempts: number;
  setCompilation(on: boolean): void;
  /** The JSON form of what `dlms decode` finds. */
  explain(hex: string): Json;
  outcomes(layer: string, vectors: readonly Vector[]): Outcome[];
}

const page: Page = {
  layers,
  // They are here for being bundled and run, down to their last module.
  exported: Object.keys(association).length + Object.keys(objects).length,
  nodeGlobals: ["process", "Buffer", "require", "global"].filter((name) => name in globalThis),
  forbidCode() {
    document.addEventListener("securitypolicyviolation", () => page.attempts++);
    const policy = { httpEquiv: "Content-Security-Policy", content: "script-src 'unsafe-inline'" };
    document.head.append(Object.assign(document.createElement("meta"), policy));
  },
  attempts: 0,
  setCompilation,
  explain: (hex) => decodeOctets(fromHex(hex)).map(itemJson),
  outcomes: (layer, vectors) => outcomesOf(layer, vectors, noble),
};
Object.assign(globalThis, { page });

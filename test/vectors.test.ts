import { readFileSync } from "node:fs";
import { noble } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { afterAll, describe, expect, it } from "vitest";
import { layers, outcomesOf, type Vector } from "./vectors/outcomes.ts";

const lines: string[] = [];
// One line a layer: what is published, and what became of it.
afterAll(() => console.log(lines.join("\n")));

describe.each(layers)("the vectors of %s", (layer) => {
  const path = new URL(`../test-vectors/${layer}.json`, import.meta.url);
  const { vectors } = JSON.parse(readFileSync(path, "utf8")) as { vectors: Vector[] };
  const valid = vectors.filter((vector) => vector.valid).length;

  it.each([noble, node])("are read, written and refused as they should be, with $name", (provider) => {
    const outcomes = outcomesOf(layer, vectors, provider);
    const wanted = vectors.map(({ id, valid }) => ({ id, outcome: valid ? "both-ways" : "refused" }));
    expect(outcomes).toEqual(wanted);
    if (provider !== noble) return;
    const count = (one: string) => outcomes.filter(({ outcome }) => outcome === one).length;
    lines.push(
      `vectors ${layer}: ${count("both-ways")} of ${valid} both ways, ${count("refused")} of ${vectors.length - valid} refused`,
    );
  });
});

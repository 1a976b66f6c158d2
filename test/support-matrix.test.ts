import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { matrixFile, supportMatrix } from "../scripts/support-matrix.ts";

it("docs/support-matrix.md is what the code says", () => {
  const hint = "run `pnpm support-matrix`";
  expect(readFileSync(matrixFile, "utf8") === supportMatrix(), hint).toBe(true);
});

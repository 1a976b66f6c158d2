import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, it } from "vitest";
import { pages } from "../scripts/support-matrix.ts";

it.each(pages().map(([file, text]) => [basename(file.pathname), file, text] as const))(
  "docs/%s is what the code says",
  (_, file, text) => {
    expect(readFileSync(file, "utf8") === text, "run `pnpm support-matrix` and look at the difference").toBe(true);
  },
);

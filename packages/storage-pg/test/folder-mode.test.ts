import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openPglite } from "../src/index.ts";
import { madeFolder } from "./made-folder.ts";

it.skipIf(process.platform === "win32")("a PGlite folder is its owner's alone, narrowed when opened", async () => {
  const place = mkdtempSync(join(tmpdir(), "dlmskit-mode-"));
  try {
    const told: string[] = [];
    await madeFolder(place);
    chmodSync(place, 0o755);
    await (await openPglite(place, { onProgress: (text) => told.push(text) })).close();
    expect(statSync(place).mode & 0o777).toBe(0o700);
    expect(told.join("\n")).toContain("0700");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

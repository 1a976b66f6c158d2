import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isLong } from "../campaign.ts";

/** Whether a process may mount a file system of its own here: Linux, with user namespaces or as root. */
function canMount(): boolean {
  try {
    execFileSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", tmpdir()], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// Skipped where no small file system can be mounted (no Linux, or no user namespaces): nothing else fills a disk for one process alone.
it.skipIf(!isLong || !canMount())("a SET that a full disk fails leaves the old value, now and after a restart", () => {
  const folder = mkdtempSync(join(tmpdir(), "dlmskit-full-"));
  const child = fileURLToPath(new URL("child-full-disk.ts", import.meta.url));
  const run = [process.execPath, "--conditions=dlmskit-source", child, folder];
  const { stdout, stderr } = spawnSync("unshare", ["-rm", ...run], { encoding: "utf8", timeout: 500_000 });
  rmSync(folder, { recursive: true, force: true });
  expect(stdout, stderr).not.toBe("");
  const { acknowledged, refused, during, after, mended } = JSON.parse(stdout);
  expect(refused).toBe("temporary-failure");
  // The meter says nothing rather than what it cannot know.
  expect([undefined, acknowledged]).toContain(during);
  expect(after).toBe(acknowledged);
  expect(mended).toBe(acknowledged + 2);
});

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { Dice, mutate } from "../src/mutate.ts";
import { targets } from "../src/targets.ts";

const executions = times(2_000);

describe("any octets give a value or a Fault", () => {
  it.each(targets)("$name: random and altered inputs", ({ seeds, run }) => {
    const dice = new Dice(1);
    const corpus = [...seeds, new Uint8Array(0)];
    let slowest = 0;
    for (let count = 0; count < executions; count++) {
      const pick = () => corpus[dice.below(corpus.length)] as Uint8Array;
      const octets =
        count % 10 === 0
          ? Uint8Array.from({ length: dice.below(64) }, () => dice.below(256))
          : mutate(pick(), pick(), dice, 512);
      const began = process.cpuUsage();
      run(octets);
      slowest = Math.max(slowest, process.cpuUsage(began).user / 1000);
    }
    // Of this process alone, ms: far above what any takes, and far below what a hang would.
    expect(slowest).toBeLessThan(2000);
  });
});

describe("pnpm fuzz", () => {
  const main = join(import.meta.dirname, "../src/main.ts");
  const fuzz = (...args: string[]) =>
    spawnSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--conditions=dlmskit-source", main, ...args],
      { encoding: "utf8" },
    );

  it("finds a bug that was planted: says so, keeps the input, ends with 1; and the input has it again", () => {
    const corpus = mkdtempSync(join(tmpdir(), "dlmskit-fuzz-"));
    try {
      const planted = ["--targets", join(import.meta.dirname, "planted.ts"), "--target", "planted", "--corpus", corpus];
      const { status, stdout } = fuzz(...planted, "--seconds", "20", "--seed", "7");
      expect(stdout).toContain("FOUND in planted: RangeError: planted");
      expect(status).toBe(1);
      const findings = join(corpus, "findings", "planted");
      const [kept] = readdirSync(findings);
      const octets = readFileSync(join(findings, kept as string));
      expect([...octets.subarray(0, 4)]).toEqual([0x68, 0x04, 0xa7, 0x16]);
      expect(fuzz(...planted, "--replay", join(findings, kept as string)).status).not.toBe(0);
    } finally {
      rmSync(corpus, { recursive: true });
    }
  });

  it("ends with 0 where there is nothing to find, and with 2 for a target that is none", () => {
    const corpus = mkdtempSync(join(tmpdir(), "dlmskit-fuzz-"));
    try {
      const { status, stdout } = fuzz("--target", "mbus-frame", "--seconds", "0", "--corpus", corpus);
      expect(stdout).toContain("no finding");
      expect(status).toBe(0);
      expect(fuzz("--target", "nothing", "--corpus", corpus).status).toBe(2);
    } finally {
      rmSync(corpus, { recursive: true });
    }
  });
});

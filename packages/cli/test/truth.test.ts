import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { withIo } from "../src/io.ts";
import { run } from "../src/run.ts";
import { dlms, folder, serving } from "./run.ts";

const fleet = ["--meters", "2", "--seed", "spring", "--start", "2026-11-24T08:30:00Z"];
const period = ["--from", "2026-11-20", "--to", "2026-11-22"];
const loads = "1.0.99.1.0.255";

describe("dlms truth", () => {
  it("has what faults enter, and scores a campaign that has it", async () => {
    using place = folder();
    const [faults, campaign] = [join(place.path, "faults.json"), join(place.path, "events.jsonl")];
    writeFileSync(faults, JSON.stringify({ faults: [{ fault: "magnet", start: "2026-11-24T09:00:00Z" }] }));
    const log = "0.0.99.98.4.255";
    const today = ["--from", "2026-11-24", "--to", "2026-11-24T18:00"];
    const told = await dlms(["truth", ...fleet, ...today, "--profile", log, "--faults", faults, "-o", campaign]);
    expect(told).toMatchObject({ code: 0, stderr: "" });
    const score = (...more: string[]) => dlms(["score", campaign, ...fleet, ...today, ...more]);
    expect(await score("--faults", faults)).toMatchObject({ code: 0 });
    expect(await score()).toMatchObject({ code: 1 });
  });

  it("tells the same in JSON lines, CSV and Parquet", async () => {
    using place = folder();
    const file = (name: string) => join(place.path, name);
    const hours = ["--from", "2026-11-20", "--to", "2026-11-20T06:00"];
    for (const name of ["truth.jsonl", "truth.csv", "truth.parquet"]) {
      const { code, stderr } = await dlms(["truth", ...fleet, ...hours, "-o", file(name)]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
    const lines = readFileSync(file("truth.csv"), "utf8").trimEnd().split("\r\n").slice(1);
    const octets = readFileSync(file("truth.parquet"));
    const rows = await parquetReadObjects({
      file: octets.buffer.slice(octets.byteOffset, octets.byteOffset + octets.length) as ArrayBuffer,
    });
    expect(rows).toHaveLength(lines.length);
    const place0 = lines.findIndex((line) => line.includes(",1.0.1.29.0.255:2,"));
    const [meter, kind, object, time, column, value, unit] = (lines[place0] as string).split(",");
    expect(rows[place0]).toMatchObject({ meter, kind, object, column, number: Number(value), unit });
    expect(rows[place0]?.time).toEqual(new Date(time as string));
    const json = readFileSync(file("truth.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(json[0]).toMatchObject({ meter, profile: loads, kind: "row" });
    for (const [path, input = ""] of [[file("truth.jsonl")], ["-", readFileSync(file("truth.csv"), "utf8")]] as const) {
      const { code, stdout } = await dlms(["score", path, ...fleet, ...hours], { input });
      expect(stdout).toContain("100 % of 2 meters\n");
      expect(code).toBe(0);
    }
  });

  it("is scored from standard input, which is read only when the fleet is open: no line is lost meanwhile", async () => {
    const stdin = new PassThrough();
    const said = { write: () => undefined };
    const own = {
      ...{ stdin, stdout: said, stderr: said, exitCode: 0 },
      ...{ stopAsked: () => new Promise<void>(() => undefined), atEnd: () => undefined },
    };
    // The fleet of this one cannot be opened.
    expect(await withIo(own, () => run(["score", "-", ...period]))).not.toBe(0);
    expect(stdin.readableFlowing).toBeNull();
  });

  it("goes to standard output for one meter and one profile, and says what it needs", async () => {
    const { stdout } = await dlms([
      "truth",
      ...fleet,
      ...period,
      "--format",
      "csv",
      "--meter",
      "is15959-d1-000002",
      "--profile",
      loads,
    ]);
    const lines = stdout.trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + 97 * 9);
    for (const [args, text] of [
      [["truth", ...period], "give --seed and --start"],
      [["truth", ...fleet, ...period, "--format", "parquet"], "--output FILE.parquet"],
      [["truth", ...fleet, ...period, "--meter", "1"], "no meter of the fleet"],
      [["truth", ...fleet, "--from", "2026-11-22", "--to", "2026-11-20"], "--from is after --to"],
      [["truth", ...fleet, "--from", "2026-11-20T00:00+99:99", "--to", "2026-11-22"], "'--from <time>'"],
      [["score", "nothing.csv", ...fleet, ...period], "cannot be read"],
    ] as const) {
      const { code, stderr } = await dlms(args);
      expect(stderr).toContain(text);
      expect(code).toBeGreaterThan(0);
    }
  });
});

describe("dlms score", () => {
  it("scores what dlms profile and dlms read have read over TCP", { timeout: 120_000 }, async () => {
    using place = folder();
    const [campaign, registers, identities, faults] = [
      "rows.jsonl",
      "registers.jsonl",
      "meters.csv",
      "faults.json",
    ].map((name) => join(place.path, name)) as [string, string, string, string];
    writeFileSync(
      faults,
      JSON.stringify({ faults: [{ fault: "result", meters: { first: 1, count: 1 }, with: { classId: 7 } }] }),
    );
    await using served = await serving([
      "simulate",
      ...fleet,
      "--speed",
      "0",
      "--port",
      "0",
      "--identities",
      identities,
      "--faults",
      faults,
    ]);
    expect(served.lines[0]).toContain("listening");
    const serials = readFileSync(identities, "utf8")
      .split("\r\n")
      .slice(1, 3)
      .map((line) => line.split(",")[0] as string);
    for (const serial of serials) {
      const meter = ["--meter", serial, "--identities", identities, "--client", "48", "--state", place.path, "--json"];
      const profile = await dlms(["profile", loads, ...period, ...meter]);
      const read = await dlms(["read", "1.0.1.8.0.255", ...meter]);
      appendFileSync(campaign, profile.stdout);
      appendFileSync(registers, read.stdout);
    }
    const faulty = await dlms(["score", campaign, ...fleet, ...period, "--faults", faults]);
    expect(faulty.stdout).toContain("50 % of 2 meters, predicted 50 %, as the faults predict\n");
    expect(faulty.code).toBe(0);
    const blind = await dlms(["score", campaign, ...fleet, ...period, "--json"]);
    expect(blind.code).toBe(1);
    const documents = blind.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(documents).toMatchObject([
      { meter: serials[0], expected: 97, right: 97 },
      { meter: serials[1], expected: 97, missing: 97 },
      { total: { expected: 194, right: 97, asExpected: false } },
    ]);
    const now = ["--from", "2026-11-24T08:30:00Z", "--to", "2026-11-24T08:30:00Z"];
    expect((await dlms(["score", registers, ...fleet, ...now])).stdout).toContain("100 % of 2 meters\n");
  });
});

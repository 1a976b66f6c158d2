// Values as people and programs write and read them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dataOf, T } from "@dlmskit/apdu";
import { dateTimeOf, isoDateTimeText } from "@dlmskit/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { instantOption as certificateTime } from "../src/cert/options.ts";
import { clockZone } from "../src/meter/clock-zone.ts";
import { instantIn, isAfter, momentIn, momentOf, momentOption } from "../src/moment.ts";
import { laidOut } from "../src/output/table.ts";
import { hostile, ownMeter } from "./own-meter.ts";
import { dlms, folder, serving } from "./run.ts";

let meter: Awaited<ReturnType<typeof ownMeter>>;
const place = folder();
beforeAll(async () => {
  meter = await ownMeter();
});
afterAll(async () => {
  await meter.close();
  place[Symbol.dispose]();
});
/** The zone of the machine, until disposed. */
function machineIn(zone: string): Disposable {
  const { TZ } = process.env;
  process.env.TZ = zone;
  return {
    [Symbol.dispose]: () => {
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    },
  };
}
const who = ["--client", "32", "--auth", "lls", "--password", "reader-secret"];
const write = (name: string, value: string) => dlms(["write", meter.at("wrapper"), name, value, "--json", ...who]);
const writtenOf = async (name: string, value: string) => {
  const ran = await write(name, value);
  expect(ran.code, ran.stdout).toBe(0);
  return JSON.parse(ran.stdout).value;
};

describe("a plain value is of the attribute's type", () => {
  it("a number, a truth, a text, octets, a file", async () => {
    // The classes of the package leave the type open: what the meter has decides.
    expect(await writtenOf("0.0.96.1.11.255", "900")).toEqual({ type: "long-unsigned", value: 900 });
    expect(await writtenOf("0.0.96.1.12.255", "true")).toEqual({ type: "boolean", value: true });
    expect(await writtenOf("0.0.96.1.10.255", "words")).toEqual({
      type: "octet-string",
      value: Buffer.from("words").toString("hex"),
    });
    expect(await writtenOf("0.0.96.1.10.255", "hex:0102ff")).toEqual({ type: "octet-string", value: "0102ff" });
    const path = join(place.path, "value.bin");
    writeFileSync(path, Buffer.from([9, 8, 7, 0]));
    expect(await writtenOf("0.0.96.1.10.255", `@${path}`)).toEqual({ type: "octet-string", value: "09080700" });
    writeFileSync(path, '{"type": "octet-string", "value": "aabb"}');
    expect(await writtenOf("0.0.96.1.10.255", `@${path}`)).toEqual({ type: "octet-string", value: "aabb" });
  });

  it("now, for the time of a clock", async () => {
    const { type, value } = await writtenOf("0.0.1.0.0.255", "now");
    expect(type).toBe("octet-string");
    expect(value).toHaveLength(24);
  });

  it("the JSON form says the type where it is open", async () => {
    expect(await writtenOf("0.0.96.1.15.255", '{"type": "long", "value": -2}')).toEqual({ type: "long", value: -2 });
    expect(await writtenOf("0.0.96.1.15.255", "-3")).toEqual({ type: "long", value: -3 });
  });

  it.each([
    ["0.0.96.1.11.255", "70000"],
    ["0.0.96.1.11.255", "text"],
    ["0.0.96.1.12.255", "900"],
  ])("%s refuses %s, before anything is sent", async (name, value) => {
    const ran = await write(name, value);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout).fault).toMatchObject({ code: "type-unmatched", layer: "cli" });
  });

  it("a file that is not there is a fault", async () => {
    const ran = await write("0.0.96.1.10.255", "@/no/such/file");
    expect(JSON.parse(ran.stdout).fault).toMatchObject({ code: "system-error", detail: "ENOENT" });
  });
});

describe("what is read", () => {
  const read = (...names: string[]) => dlms(["read", meter.at("wrapper"), ...names, ...who]);

  it("times and texts stand beside the raw value", async () => {
    const { stdout } = await read("0.0.96.1.14.255", "1.0.1.8.0.255", "0.0.42.0.0.255", "--json");
    const [stamp, energy, name] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(stamp).toMatchObject({ value: { type: "octet-string" }, time: "2026-01-02T08:34:05+05:30" });
    expect(energy).toMatchObject({ scaled: 1234.5, unit: "Wh" });
    expect(name).toMatchObject({ text: "TST0000000000001" });
  });

  it("text of a meter cannot act on a terminal", async () => {
    for (const args of [["0.0.96.1.13.255"], ["0.0.96.1.13.255", "--json"]]) {
      const { stdout } = await read(...args);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      expect(stdout).toContain("A\\u");
      if (args.includes("--json")) expect(JSON.parse(stdout).value.value).toBe(hostile);
    }
  });
});

describe("rows of a profile", () => {
  it("have values beside the raw ones in --json, and ISO times in --csv", async () => {
    const { meter: served } = meter;
    const method = ["invoke", meter.at("wrapper"), "7/1.0.99.1.0.255:2", "0", ...who];
    expect(served.name).toBe("TST0000000000001");
    expect((await dlms(method)).code).toBe(0);
    const profile = (...more: string[]) => dlms(["profile", meter.at("wrapper"), "1.0.99.1.0.255", ...who, ...more]);
    const [, row] = (await profile("--json")).stdout.trimEnd().split("\n");
    const { row: raw, values } = JSON.parse(row ?? "");
    expect(raw[1]).toEqual({ type: "double-long-unsigned", value: 12345 });
    expect(values[1]).toBe(1234.5);
    expect(values[0]).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/);
    const [, line] = (await profile("--csv")).stdout.trimEnd().split("\r\n");
    expect(line).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[^,]*,1234\.5$/);
  });
});

describe("laidOut", () => {
  const columns = ["time", "energy", "voltage"].map((title) => ({ title }));
  const rows = [["10:00", "1", "\u009b230"]];
  it("is a table where that fits, else a block for each row", () => {
    expect(laidOut(columns, rows, 80).split("\n")).toHaveLength(3);
    expect(laidOut(columns, rows, 20)).toBe("10:00\n  energy   1\n  voltage  \\u{9b}230\n");
    expect(laidOut(columns, rows, undefined).split("\n")).toHaveLength(3);
  });
});

describe("moments", () => {
  it("are days, instants and spans before now", () => {
    const now = Date.now();
    expect(momentOf("2026-11-23T06:30Z")).toBe(Date.UTC(2026, 10, 23, 6, 30));
    expect(momentOf("2026-11-23T06:30+05:30")).toBe(Date.UTC(2026, 10, 23, 1));
    expect(momentOf("2026-02-30")).toBeUndefined();
    expect(momentOf("soon")).toBeUndefined();
    expect(Math.abs((momentOf("-7d") as number) - (now - 7 * 86_400_000))).toBeLessThan(60_000);
    expect(momentIn(momentOf("yesterday") ?? 0, 0)).toMatchObject({ hour: 0, minute: 0, deviation: null });
    expect(isAfter(momentOf("today") ?? 0, momentOf("yesterday") ?? 0)).toBe(true);
    expect(isAfter(momentOf("yesterday") ?? 0, momentOf("today") ?? 0)).toBe(false);
    // The meter's zone is not known: a day is not enough to say.
    expect(isAfter(now, momentOf("today") ?? 0)).toBe(false);
  });

  it("are ISO 8601 where all parts are there", () => {
    const time = {
      year: 2026,
      month: 1,
      day: 2,
      dayOfWeek: 5,
      hour: 3,
      minute: 4,
      second: 5,
      hundredths: 0,
      status: 0,
    };
    expect(isoDateTimeText({ ...time, deviation: 0 })).toBe("2026-01-02T03:04:05Z");
    expect(isoDateTimeText({ ...time, deviation: -330 })).toBe("2026-01-02T03:04:05+05:30");
    expect(isoDateTimeText({ ...time, deviation: null })).toBe("2026-01-02T03:04:05");
    expect(isoDateTimeText({ ...time, second: null, deviation: null })).toBe("2026-01-02T03:04:00");
    expect(isoDateTimeText({ ...time, day: null, deviation: null })).toContain("**");
  });
});

describe("a time without a zone", () => {
  it("is local time of the meter, with T or a space, in any zone of the machine", () => {
    using _ = machineIn("Asia/Tokyo");
    const at = (text: string) => instantIn(momentOption(text), 330);
    const instant = Date.UTC(2026, 0, 31, 18, 30);
    for (const text of ["2026-01-31T18:30Z", "2026-01-31 18:30Z", "2026-02-01 00:00", "2026-01-31T20:30:00+0200"]) {
      expect(at(text), text).toBe(instant);
    }
    expect(at("2026-02-01")).toBe(instant);
    expect(at("2026-02-01T00:00:00.250")).toBe(instant + 250);
    expect(at("2026-01-31T18:30:00.257Z")).toBe(instant + 257);
    expect(at("2026-01-31T18:30:00,2579Z")).toBe(instant + 257);
    expect(at("2026-02-01T05:30:00+11")).toBe(instant);
    expect(at("2026-01-31T24:00")).toBe(instant);
    expect(() => at("2026-01-31 half past six")).toThrow("the meter's local time");
  });

  it("today is the day in the zone of the meter", () => {
    using _ = machineIn("Asia/Tokyo");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 0, 31, 20) });
    try {
      expect(momentIn(momentOption("today"), 330)).toMatchObject({ month: 2, day: 1, hour: 0, deviation: null });
      expect(momentIn(momentOption("today"), 0)).toMatchObject({ month: 1, day: 31 });
      expect(momentIn(momentOption("tomorrow"), -300)).toMatchObject({ month: 2, day: 1 });
    } finally {
      vi.useRealTimers();
    }
  });

  it("the zone of a meter is what its Clock shows, else its time zone, else UTC", async () => {
    const time = (deviation: number | null) => ({
      data: dataOf(T.dateTimeOctets, { ...dateTimeOf(0), deviation }),
    });
    const zone = { data: { type: "long", value: -60 } };
    const refused = { result: "read-write-denied" as const };
    const of = (...results: readonly object[]) => clockZone({ get: async () => results as never } as never);
    expect(await of(time(-120), zone)).toBe(120);
    expect(await of(time(null), zone)).toBe(60);
    expect(await of(refused, zone)).toBe(60);
    expect(await of(refused, refused)).toBe(0);
    expect(await of({ data: { type: "unsigned", value: 1 } }, { data: { type: "null-data" } })).toBe(0);
  });

  it("is UTC where no meter is known, as for certificates", () => {
    using _ = machineIn("Asia/Tokyo");
    const at = certificateTime("--at");
    for (const text of ["2026-01-31T12:00", "2026-01-31 12:00:00.7", "2026-01-31T17:30+05:30"]) {
      expect(at(text), text).toBe(Date.UTC(2026, 0, 31, 12));
    }
    expect(at("2026-01-31")).toBe(Date.UTC(2026, 0, 31));
    expect(() => at("noon")).toThrow("--at needs a time");
  });

  it("now is written in the zone of the meter, a time with a zone in that zone", async () => {
    using _ = machineIn("Asia/Tokyo");
    const deviation = (value: string) => Buffer.from(value, "hex").readInt16BE(9);
    expect(deviation((await writtenOf("0.0.1.0.0.255", "now")).value)).toBe(0);
    const { value } = await writtenOf("0.0.1.0.0.255", "2026-01-31T18:30+05:30");
    expect(Buffer.from(value, "hex")[5]).toBe(18);
    expect(deviation(value)).toBe(-330);
    using store = folder();
    const identities = join(store.path, "meters.csv");
    const args = ["simulate", "--port", "0", "--seed", "x", "--json", "--speed", "0"];
    await using run = await serving([...args, "--start", "2026-02-01", "--identities", identities]);
    const [, serial = ""] = /\n([^,]+),/.exec(readFileSync(identities, "utf8")) ?? [];
    expect(run.lines).toHaveLength(1);
    const utility = async (command: string, ...rest: string[]) => {
      const named = ["--identities", identities, "--meter", serial, "--client", "48"];
      const ran = await dlms([command, ...rest, ...named, "--state", store.path, "--json"]);
      expect(ran.code, ran.stderr + ran.stdout).toBe(0);
      return JSON.parse(ran.stdout);
    };
    const shown = await utility("read", "0.0.1.0.0.255");
    expect(shown.value.value).toBe("07ea02010700000000feb600");
    const written = await utility("write", "0.0.1.0.0.255", "now");
    expect(deviation(written.value.value)).toBe(-330);
  });
});

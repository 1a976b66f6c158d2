import { existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordTo } from "../src/record/record-to.ts";
import { dlms, folder } from "./run.ts";

describe("a file that a command writes", () => {
  it("is no file of its other options", async () => {
    using place = folder();
    const [keys, link, own] = ["keys.json", "link.json", "own.csv"].map((name) => join(place.path, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(keys, "{}", { mode: 0o600 });
    linkSync(keys, link);
    const refused = [
      ["read", "127.0.0.1:1", "1.0.1.8.0.255", "--keys", keys, "--record", link],
      ["read", "127.0.0.1:1", "1.0.1.8.0.255", "--pcap", own, "--record", own],
      ["simulate", "--port", "0", "--keys", keys, "--record", join(place.path, ".", "keys.json")],
      ["simulate", "--port", "0", "--identities", own, "--record", own],
      ["clone", "--import", keys, "-o", keys],
    ];
    for (const args of refused) {
      const { code, stderr } = await dlms(args);
      expect([code, stderr], args.join(" ")).toEqual([2, expect.stringContaining("would write over the file of --")]);
    }
    expect(readFileSync(keys, "utf8")).toBe("{}");
    expect(existsSync(own)).toBe(false);
  });
});

describe("a file that a command reads as its argument", () => {
  it("is not a value that is no path", async () => {
    using place = folder();
    const args = ["--pcap", join(place.path, "line.pcap")];
    for (const value of ["x".repeat(300), "hex:00", `/dev/null/${"x".repeat(5000)}`]) {
      const { stderr } = await dlms(["write", "127.0.0.1:1", "0.0.96.13.0.255", value, ...args]);
      expect(stderr).toContain("connect to 127.0.0.1:1");
    }
  });

  it("is not written over, whichever path or link names it", async () => {
    using place = folder();
    const at = (...names: string[]) => join(place.path, ...names);
    const record = '{"record":1}\n';
    writeFileSync(at("day.jsonl"), record);
    linkSync(at("day.jsonl"), at("hard.jsonl"));
    symlinkSync(at("day.jsonl"), at("soft.jsonl"));
    symlinkSync(place.path, at("folder"));
    const day = at("day.jsonl");
    for (const output of [day, at("hard.jsonl"), at("soft.jsonl"), at("folder", "day.jsonl")]) {
      const { code, stderr } = await dlms(["anonymise", day, "-o", output]);
      expect([code, stderr], output).toEqual([2, expect.stringContaining("would write over the file of file")]);
      expect(stderr).toContain("give another file");
    }
    const others = [
      ["anonymise", day, "-o", at("new"), "--new-keys", at("folder", "new")],
      ["anonymise", day, "-o", at("new"), "--new-keys", at("soft.jsonl")],
      ["write", "127.0.0.1:1", "0.0.96.1.0.255", `@${day}`, "--pcap", day],
      ["read", "127.0.0.1:1", "--certificate", day, "--certificate", at("soft.jsonl"), "--record", at("hard.jsonl")],
      ["listen", "127.0.0.1:0", "--layout", day, "--pcap", at("soft.jsonl")],
      ["truth", "--template", day, "--from", "today", "--to", "today", "-o", at("soft.jsonl")],
    ];
    for (const args of others) {
      const { code, stderr } = await dlms(args);
      expect([code, stderr], args.join(" ")).toEqual([2, expect.stringContaining("would write over the file of ")]);
    }
    const host = await dlms(["clone", "127.0.0.1:1", "-o", "127.0.0.1:1"]);
    expect(host.stderr).not.toContain("would write over");
    expect(readFileSync(day, "utf8")).toBe(record);
    expect(existsSync(at("new"))).toBe(false);
  });
});

describe("a record that cannot be written", () => {
  it.skipIf(!existsSync("/dev/full"))("ends with one warning, and the session goes on", () => {
    const said: string[] = [];
    using recording = recordTo("/dev/full", (text) => said.push(text));
    const [tap] = recording.options.taps ?? [];
    for (let at = 0; at < 3; at++) {
      const message = { way: "received", octets: Uint8Array.of(0x62, 0), remote: "one", now: 0, client: 16 } as const;
      expect(tap?.({ at: "sealed", ...message })).toBeUndefined();
    }
    expect(said).toEqual(["warning: the file /dev/full could not be written: nothing more is recorded"]);
  });
});

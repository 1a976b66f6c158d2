import { existsSync, linkSync, readFileSync, writeFileSync } from "node:fs";
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

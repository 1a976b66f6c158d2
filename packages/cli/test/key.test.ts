import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dlms, dlmsProcess, folder, type Ran, type Serving, serving } from "./run.ts";

const place = folder();
const at = (name: string): string => join(place.path, name);
const printed: string[] = [];
afterAll(() => place[Symbol.dispose]());

async function key(...args: readonly string[]): Promise<Ran> {
  const ran = await dlms(["key", ...args], { env: { DLMS_FLEET_SECRET: "5e".repeat(32) } });
  printed.push(ran.stdout, ran.stderr);
  return ran;
}
const read = (name: string) => JSON.parse(readFileSync(at(name), "utf8"));

/** Every string of digits that is a key. */
const secretsOf = (json: unknown): string[] => JSON.stringify(json).match(/[0-9a-f]{32,}/g) ?? [];

describe("dlms key", () => {
  it("makes a file of random keys, for its owner's eyes, and overwrites none", async () => {
    const made = await key("new", "-o", at("new.json"), "--client", "32", "48", "--suite", "2", "--json");
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: `${JSON.stringify({ keys: at("new.json") })}\n` });
    expect(statSync(at("new.json")).mode & 0o777).toBe(0o600);
    const { masterKey, clients } = read("new.json");
    expect(Object.keys(clients)).toEqual(["32", "48"]);
    expect(masterKey).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(secretsOf(read("new.json"))).size).toBe(7);
    const again = await key("new", "-o", at("new.json"), "--json");
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout).fault.code).toBe("file-exists");
    expect((await key("new", "-o", at("x.json"), "--client", "nobody")).code).toBe(2);
    expect(existsSync(at("x.json"))).toBe(false);
  });

  it("derives the same keys of a meter each time, and others of another", async () => {
    for (const [name, meter, version] of [
      ["one.json", "4d4d4d0000000001", "0"],
      ["again.json", "4d4d4d0000000001", "0"],
      ["rotated.json", "4d4d4d0000000001", "1"],
      ["other.json", "4d4d4d0000000002", "0"],
    ] as const) {
      const { code, stderr } = await key("derive", "--meter", meter, "--version-number", version, "-o", at(name));
      expect(code, stderr).toBe(0);
    }
    expect(read("again.json")).toEqual(read("one.json"));
    expect(read("one.json").systemTitle).toBe("4d4d4d0000000001");
    expect(read("rotated.json").masterKey).toBe(read("one.json").masterKey);
    expect(read("rotated.json").clients[48].encryptionKey).not.toBe(read("one.json").clients[48].encryptionKey);
    expect(read("other.json").masterKey).not.toBe(read("one.json").masterKey);
    const short = await dlms(["key", "derive", "--secret", "00", "--meter", "4d4d4d0000000001", "-o", at("y.json")]);
    expect(short.code).not.toBe(0);
  });

  describe("rotate", () => {
    let meter: Serving;
    let address = "";
    beforeAll(async () => {
      expect((await key("new", "-o", at("keys.json"))).code).toBe(0);
      const store = ["--store", "memory", "--keys", at("keys.json"), "--port", "0", "--json"];
      meter = await serving(["simulate", ...store]);
      address = `127.0.0.1:${JSON.parse(meter.lines[0] ?? "").port}`;
    });
    afterAll(() => meter?.stop());

    const access = ["--client", "48", "--auth", "hls", "--keys", at("keys.json"), "--state", at("state"), "--json"];
    const rotate = (...more: readonly string[]) => key("rotate", address, ...access, ...more);
    const readEnergy = () => dlms(["read", address, "1.0.1.8.0.255", ...access]);

    it("gives the meter new keys, and the file has them", async () => {
      const before = read("keys.json");
      const { code, stdout, stderr } = await rotate();
      expect(code, stderr + stdout).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        ...{ rotated: address, setup: "0.0.43.0.3.255", how: "changed", keys: at("keys.json") },
      });
      const after = read("keys.json");
      expect(after.masterKey).toBe(before.masterKey);
      expect(after.clients[48].password).toEqual(before.clients[48].password);
      expect(after.clients[48].encryptionKey).not.toBe(before.clients[48].encryptionKey);
      expect(after.clients[48].authenticationKey).not.toBe(before.clients[48].authenticationKey);
      expect(statSync(at("keys.json")).mode & 0o777).toBe(0o600);
      expect(existsSync(at("keys.json.pending"))).toBe(false);
      expect((await readEnergy()).code).toBe(0);
      // A change that was broken off before the file was written: the meter has the new keys, the file the former ones.
      renameSync(at("keys.json"), at("current.json"));
      writeFileSync(at("keys.json"), JSON.stringify(before));
      const { encryptionKey, authenticationKey } = after.clients[48];
      const pending = { client: 48, setup: "0.0.43.0.3.255", encryptionKey, authenticationKey };
      writeFileSync(at("keys.json.pending"), JSON.stringify(pending));
      const confirmed = await rotate();
      expect(JSON.parse(confirmed.stdout)).toMatchObject({ how: "confirmed" });
      expect(read("keys.json")).toEqual(after);
      // One that was broken off before the meter heard of it.
      writeFileSync(
        at("keys.json.pending"),
        JSON.stringify({ ...pending, encryptionKey: "11".repeat(16), authenticationKey: "22".repeat(16) }),
      );
      const resumed = await rotate();
      expect(JSON.parse(resumed.stdout)).toMatchObject({ how: "resumed" });
      expect(read("keys.json").clients[48].encryptionKey).toBe("11".repeat(16));
      expect((await readEnergy()).code).toBe(0);
    });

    it("by several processes at once: the meter and the file agree afterwards, and nothing is left over", async () => {
      const before = read("keys.json").clients[48].encryptionKey;
      const args = ["key", "rotate", address, ...access];
      const all = await Promise.all(Array.from({ length: 3 }, () => dlmsProcess(args)));
      // One that comes too late for the keys that it began with says so.
      const hows = all.map(({ code, stdout }) => (code === 0 ? JSON.parse(stdout).how : JSON.parse(stdout).fault.code));
      expect(hows.filter((how) => ["changed", "resumed", "confirmed"].includes(how)).length, `${hows}`).toBeGreaterThan(
        0,
      );
      if (existsSync(at("keys.json.pending"))) expect((await rotate()).code).toBe(0);
      expect(read("keys.json").clients[48].encryptionKey).not.toBe(before);
      expect((await readEnergy()).code).toBe(0);
      expect(readdirSync(place.path).filter((name) => /^keys\.json\.(pending|.*lock)/.test(name))).toEqual([]);
    });

    it("refuses what it cannot carry through, and leaves all as it is", async () => {
      const before = readFileSync(at("keys.json"), "utf8");
      const faultOf = async (ran: Promise<Ran>): Promise<unknown> => {
        const { code, stdout } = await ran;
        expect(code).toBe(1);
        return JSON.parse(stdout).fault.code;
      };
      expect(await faultOf(rotate("--change", "master"))).toBe("bad-value");
      writeFileSync(at("keys.json.pending"), "{");
      expect(await faultOf(rotate())).toBe("bad-state");
      writeFileSync(at("keys.json.pending"), JSON.stringify({ client: 80, setup: "0.0.43.0.5.255" }));
      expect(await faultOf(rotate())).toBe("bad-state");
      writeFileSync(at("keys.json.pending"), JSON.stringify({ client: 48, setup: "0.0.43.0.3.255" }));
      expect(await faultOf(rotate())).toBe("bad-state");
      expect(readFileSync(at("keys.json"), "utf8")).toBe(before);
      expect((await key("rotate", address, "--client", "48", "--json")).code).toBe(2);
    });
  });

  it("prints no key", () => {
    const files = ["new.json", "one.json", "rotated.json", "other.json", "keys.json", "current.json"];
    const text = printed.join("\n");
    for (const secret of files.flatMap((name) => secretsOf(read(name)))) expect(text).not.toContain(secret);
    expect(text).not.toContain("5e5e5e5e");
  });
});

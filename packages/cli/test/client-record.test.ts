import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

const energy = "1.0.1.8.0.255";
const key = (first: string): string => first.repeat(16);
const secrets = {
  clients: { 48: { password: "0123456789abcdef", encryptionKey: key("0a"), authenticationKey: key("0b") } },
};

describe("a session of a client", () => {
  it.each(["wrapper", "hdlc"])(
    "is recorded and captured over %s, and replayed from either file",
    {
      timeout: 120_000,
    },
    async (link) => {
      using place = folder();
      const path = (name: string): string => join(place.path, name);
      const keys = path("keys.json");
      writeFileSync(keys, JSON.stringify(secrets), { mode: 0o600 });
      const client = ["--client", "48", "--auth", "hls", "--keys", keys, "--state", path("state"), "--json"];
      const read = async (port: number, more: readonly string[]) =>
        dlms(["read", `127.0.0.1:${port}`, energy, ...client, ...more]);
      let told = "";
      {
        const template = ["--template", "is15959-d2", "--start", "2026-11-24T08:30:00Z", "--speed", "0"];
        const served = await serving([
          "simulate",
          ...template,
          "--link",
          link,
          "--keys",
          keys,
          "--port",
          "0",
          "--json",
        ]);
        await using _ = served;
        const { port } = JSON.parse(served.lines[0] as string);
        const files = ["--record", path("session.jsonl"), "--pcap", path("session.pcap")];
        ({ stdout: told } = await read(port, ["--link", link, ...files]));
      }
      expect(JSON.parse(told)).toMatchObject({ instanceId: energy, scaled: expect.any(Number) });
      if (process.platform !== "win32") expect(statSync(path("session.jsonl")).mode & 0o777).toBe(0o600);
      expect(readFileSync(path("session.jsonl"), "utf8")).toContain('"plain"');
      for (const file of ["session.jsonl", "session.pcap"]) {
        await using served = await serving(["replay", path(file), "--keys", keys, "--port", "0", "--json"]);
        const { port, clients } = JSON.parse(served.lines[0] as string);
        expect(clients).toEqual([16, 48]);
        expect((await read(port, [])).stdout).toBe(told);
        expect(served.output()).toHaveLength(1);
      }
    },
  );

  it("is needed from its start on: a capture without an association is refused", async () => {
    using place = folder();
    const file = join(place.path, "empty.pcap");
    writeFileSync(file, Buffer.from("d4c3b2a1020004000000000000000000ffff000065000000", "hex"));
    const { code, stderr } = await dlms(["replay", file, "--port", "0"]);
    expect(code).toBe(1);
    expect(stderr).toContain("bad-record");
    expect(stderr).toContain("start the capture before the client connects");
  });
});

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

const energy = "1.0.1.8.0.255";

describe("a record", () => {
  it("is kept by dlms simulate, replayed by dlms replay, and replayed without identity", {
    timeout: 120_000,
  }, async () => {
    using place = folder();
    const path = (name: string): string => join(place.path, name);
    const [file, identities, keys] = [path("day.jsonl"), path("meters.json"), path("keys.json")] as [
      string,
      string,
      string,
    ];
    const simulated = ["simulate", "--seed", "spring", "--port", "0", "--identities", identities, "--record", file];
    const client = ["--client", "32", "--state", path("state"), "--json"];
    let read = "";
    let serial = "";
    {
      await using served = await serving([...simulated, "--start", "2026-11-24T08:30:00Z"]);
      expect(served.lines[0]).toContain("listening");
      const [meter] = JSON.parse(readFileSync(identities, "utf8"));
      serial = meter.serial;
      const { client: _, ...secrets } = { client: 0, ...meter.clients["32"] };
      const own = Object.fromEntries(
        ["password", "encryptionKey", "authenticationKey"].flatMap((name) =>
          secrets[name] ? [[name, secrets[name]]] : [],
        ),
      );
      (await import("node:fs")).writeFileSync(keys, JSON.stringify({ clients: { "32": own } }), { mode: 0o600 });
      ({ stdout: read } = await dlms(["read", energy, "--meter", serial, "--identities", identities, ...client]));
    }
    expect(JSON.parse(read)).toMatchObject({ meter: serial, scaled: expect.any(Number) });
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    const shared = [path("shared.jsonl"), path("shared-keys.json")] as const;
    const made = await dlms(["anonymise", file, "--keys", keys, "-o", shared[0], "--new-keys", shared[1]]);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(shared[0], "utf8")).not.toContain(serial);
    for (const [record, secrets] of [[file, keys], shared] as const) {
      await using served = await serving(["replay", record, "--keys", secrets, "--port", "0", "--json"]);
      const { port, clients } = JSON.parse(served.lines[0] as string);
      expect(clients).toEqual([16, 32]);
      const at = [`127.0.0.1:${port}`, "--auth", "lls", "--keys", secrets, "--counter", "none", ...client];
      const again = await dlms(["read", at[0] as string, energy, ...at.slice(1)]);
      const { meter: _, ...value } = JSON.parse(read);
      expect(JSON.parse(again.stdout)).toEqual(value);
      expect(served.output()).toHaveLength(1);
      const other = await dlms(["read", at[0] as string, "3/1.0.9.8.0.255", ...at.slice(1)]);
      expect(other.code).toBe(1);
      expect(JSON.parse(served.output().at(-1) as string)).toMatchObject({ event: "departed", by: "meaning" });
    }
    const broken = await dlms(["replay", keys, "--port", "0"]);
    expect(broken.stderr).toContain("expected version 1");
  });
});

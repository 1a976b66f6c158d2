import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { clientTitle, meterTitle, newAuthority } from "../../transport/test/tls-identities.ts";
import { dlms, folder, serving } from "./run.ts";

it("a meter pushes over TLS to dlms listen, each with keys of its own, and not to a listener of others", async () => {
  using files = folder();
  const at = (name: string): string => join(files.path, name);
  const { identity } = newAuthority();
  const stranger = newAuthority("Others").identity(clientTitle);
  const ends = { meter: identity(meterTitle), hes: identity(clientTitle), stranger };
  for (const [name, { certificate, privateKey, authorities }] of Object.entries(ends)) {
    writeFileSync(at(`${name}.pem`), certificate);
    writeFileSync(at(`${name}.key`), privateKey);
    writeFileSync(at(`${name}.ca`), String(authorities));
  }
  const identities = at("meters.json");
  const first = await serving(["simulate", "--port", "0", "--seed", "x", "--identities", identities]);
  await first.stop();
  const listen = (name: string, ca: string) =>
    serving([
      ...["listen", "tls://127.0.0.1:0", "--identities", identities, "--json"],
      ...["--cert", at(`${name}.pem`), "--key", at(`${name}.key`), "--ca", at(`${ca}.ca`)],
    ]);
  await using heard = await listen("hes", "hes");
  await using others = await listen("stranger", "hes");
  const push = async (listener: typeof heard): Promise<string | undefined> => {
    const { port } = JSON.parse(listener.lines[0] as string);
    await using meter = await serving([
      ...["simulate", "--port", "0", "--seed", "x", "--push", `tls://127.0.0.1:${port}`, "--json"],
      ...["--push-ca", at("meter.ca"), "--push-cert", at("meter.pem"), "--push-key", at("meter.key")],
      ...["--identities", identities],
    ]);
    expect(meter.lines[0]).toContain("listening");
    const [{ serial }] = JSON.parse(readFileSync(identities, "utf8"));
    const ran = await dlms([
      ...["invoke", "--meter", serial, "--identities", identities, "--client", "48", "--state", at("state")],
      ...["0.0.25.9.0.255:1", "0"],
    ]);
    expect(ran.code, ran.stderr).toBe(0);
    const told = (): string | undefined =>
      [...listener.output().slice(1), ...meter.output().slice(1)].find((line) => /"push(?:-failed)?"/.test(line));
    for (let waited = 0; waited < 600 && told() === undefined; waited++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return told();
  };
  expect(JSON.parse((await push(heard)) ?? "{}")).toMatchObject({ event: "push", verified: true, longInvokeId: 1 });
  expect((await push(others)) ?? "").toContain("push-failed");
});

it("says which certificates pushes over TLS need", async () => {
  const ran = await dlms(["simulate", "--port", "0", "--push", "tls://127.0.0.1:4061", "--push-ca", "ca.pem"]);
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("--push-cert")]);
});

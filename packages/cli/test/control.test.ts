import { writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

/** An AARQ of the public client, with its header of the wrapper. */
const aarq = "000100100001001f601da109060760857405080101be10040e01000000065f1f0400001e1dffff";

function associated(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write(Buffer.from(aarq, "hex")));
    socket.on("error", reject);
    socket.once("data", () => resolve(socket));
  });
}

it("controls a run over HTTP; dlms sessions shows and ends its sessions", async () => {
  using place = folder();
  const token = join(place.path, "token");
  writeFileSync(token, "0123456789abcdef0123\n", { mode: 0o600 });
  const control = ["--control", "0", "--control-token", token];
  await using run = await serving(["simulate", "--port", "0", "--seed", "c", "--json", ...control], 2);
  const documents = run.lines.map((line) => JSON.parse(line));
  const [at, listening] = ["control", "listening"].map((event) => documents.find((one) => one.event === event));
  const socket = await associated(listening.port);
  const where = ["--control", String(at.port), "--control-token", token];
  const shown = await dlms(["sessions", ...where, "--json"]);
  const session = JSON.parse(shown.stdout);
  expect(session).toMatchObject({ clientId: 16, status: "ACTIVE", ipAddress: "127.0.0.1" });
  expect((await dlms(["sessions", ...where])).stdout).toContain(session.serial);
  expect(await dlms(["sessions", ...where, "--end", String(session.id)])).toMatchObject({ code: 0 });
  expect((await dlms(["sessions", ...where])).stdout).toContain("nobody is connected");
  const refused = await dlms(["sessions", "--control", String(at.port)]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("--control-token FILE")]);
  socket.destroy();
});

it("says what is wrong with its options", async () => {
  using place = folder();
  const token = join(place.path, "token");
  writeFileSync(token, "short", { mode: 0o600 });
  const faulty: readonly (readonly [string[], RegExp])[] = [
    [["sessions"], /either --store or --control/],
    [["sessions", "--control", "no place"], /not the place/],
    [["sessions", "--control", "1"], /no control port answers/],
    [["simulate", "--port", "0", "--control", "0", "--control-token", token], /no token/],
    [["simulate", "--port", "0", "--control", "0", "--control-host", "0.0.0.0"], /needs a token/],
  ];
  for (const [args, wanted] of faulty) {
    const { code, stderr } = await dlms(args);
    expect([args, code === 0, stderr]).toEqual([args, false, expect.stringMatching(wanted)]);
  }
});

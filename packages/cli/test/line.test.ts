import { join } from "node:path";
import { expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

const portOf = (text = ""): string => /:(\d+) (?:to|\()/.exec(text)?.[1] ?? "";

it.each(["tcp", "udp"])("dlms line over %s: a read through it, and none when all is lost", async (transport) => {
  using place = folder();
  await using meter = await serving(["simulate", "--port", "0", "--transport", transport, "--seed", "x"]);
  const at = (port: string): string => `${transport}://127.0.0.1:${port}`;
  await using line = await serving(["line", at("0"), at(portOf(meter.lines[0])), "--delay", "5", "--seed", "3"]);
  expect(line.lines[0]).toMatch(/^line from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \((tcp|udp)\)$/);
  const state = ["--state", join(place.path, "state"), "--transport", transport];
  const read = (timeout: string) =>
    dlms(["read", `127.0.0.1:${portOf(line.lines[0])}`, "1/0.0.42.0.0.255", "--json", "--timeout", timeout, ...state]);
  const first = await read("20000");
  expect(first.code, first.stderr).toBe(0);
  line.write("loss 100%\nnonsense\n");
  await expect.poll(() => line.errors()).toContain('"nonsense" is not a command of the line');
  expect((await read("300")).code).toBe(1);
  line.write("mend\nnothing\n");
  await expect.poll(() => line.errors()).toContain('"nothing" is not a command of the line');
  expect((await read("20000")).code).toBe(0);
});

it.each([
  [["line", "nowhere", "4059"], "is not an address"],
  [["line", "4060", "udp://4059"], "must have the same transport"],
  [["line", "4060", "4059", "--loss", "2"], "is not a probability"],
])("%j is wrong usage", async (args, message) => {
  const ran = await dlms(args);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain(message);
});

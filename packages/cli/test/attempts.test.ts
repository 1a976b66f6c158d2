// How often and how long a command tries.
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../storage-pg/test/harness.ts";
import { Progress } from "../src/output/progress.ts";
import { ownMeter, peer } from "./own-meter.ts";
import { dlms } from "./run.ts";

let meter: Awaited<ReturnType<typeof ownMeter>>;
beforeAll(async () => {
  meter = await ownMeter();
});
afterAll(() => meter.close());
const faultOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").fault;
const notes = (stderr: string): number => stderr.match(/^note: .*; attempt \d+ of \d+ in /gm)?.length ?? 0;

describe("a meter that is not there", () => {
  it("is tried as often as --retries says, with a note each time", async () => {
    const at = `127.0.0.1:${await freePort()}`;
    const ran = await dlms(["read", at, "1.0.1.8.0.255", "--json", "--retries", "2"]);
    expect([ran.code, faultOf(ran).code, notes(ran.stderr)]).toEqual([1, "connection-refused", 2]);
    const once = await dlms(["read", at, "1.0.1.8.0.255", "--json"]);
    expect([faultOf(once).code, notes(once.stderr)]).toEqual(["connection-refused", 0]);
  });

  it.each([[["read"]], [["discover", "--search", "--lower", "17"]], [["read", "--readout"]]])(
    "%j: --deadline ends all attempts",
    async ([command, ...more]) => {
      const at = `127.0.0.1:${await freePort()}`;
      const ran = await dlms([command as string, at, "--json", ...more, "--retries", "100", "--deadline", "600"]);
      expect(faultOf(ran)).toMatchObject({ code: "deadline-passed", layer: "transport" });
      expect(faultOf(ran).message).toContain("connection refused");
    },
  );

  it("is read when it comes", async () => {
    const port = await freePort();
    let server: Server | undefined;
    const [, own] = meter.at("wrapper").split(":");
    const later = setTimeout(() => {
      server = createServer((socket) => {
        void import("node:net").then(({ connect }) => {
          const to = connect(Number(own), "127.0.0.1");
          socket.pipe(to).pipe(socket);
        });
      }).listen(port, "127.0.0.1");
    }, 300);
    const lls = ["--client", "32", "--auth", "lls", "--password", "reader-secret"];
    const ran = await dlms(["read", `127.0.0.1:${port}`, "1.0.1.8.0.255", "--retries", "20", ...lls]);
    clearTimeout(later);
    server?.close();
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toContain("1234.5");
    expect(notes(ran.stderr)).toBeGreaterThan(0);
  });
});

it("a meter that accepts the connection and says nothing is connected to again, until --deadline", async () => {
  let connections = 0;
  const silent = await peer((socket) => {
    connections++;
    socket.resume();
  });
  const wait = ["--timeout", "100", "--retries", "100", "--deadline", "3000"];
  const ran = await dlms(["read", silent.at, "1.0.1.8.0.255", "--json", ...wait]);
  silent.close();
  expect(faultOf(ran).code).toBe("deadline-passed");
  expect(connections).toBeGreaterThan(1);
});

it("a connection whose octets are counted still changes its baud rate", () => {
  const rates: number[] = [];
  using progress = new Progress({}, "reading");
  const counted = progress.counting({
    ...{ remote: "/dev/ttyUSB0", bufferedOctets: 0 },
    send: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
    start: () => undefined,
    changeBaudRate: (rate) => void rates.push(rate),
  });
  counted.changeBaudRate?.(9600);
  expect(rates).toEqual([9600]);
});

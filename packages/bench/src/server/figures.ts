import { createServer } from "node:net";
import { fromHex } from "@dlmskit/core";
import { tcp as listen, serve } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { type Asked, asking } from "./asking.ts";
import { besideAFlood } from "./beside-a-flood.ts";
import { aMeter, aServer, BenchClient, Wire } from "./in-memory.ts";
import { roundTrips } from "./round-trips.ts";

const rounds = 15;
const asked = 1000;
const median = (of: readonly number[]): number => of.toSorted((one, other) => one - other)[of.length >> 1] as number;

/** Server time of one GET without a socket, µs: in plain, and with authenticated encryption. */
async function inMemory(): Promise<{ plain: number; ciphered: number }> {
  const server = aServer();
  const runs: (() => number)[] = [];
  for (const sap of [16, 48] as const) {
    const wire = new Wire(server);
    const client = await new BenchClient(sap).open((octets) => wire.exchange(octets));
    runs.push(() => {
      const requests = client.gets(asked);
      const began = performance.now();
      for (const request of requests) wire.exchange(request);
      return ((performance.now() - began) / asked) * 1000;
    });
  }
  const [plain, ciphered] = runs as [() => number, () => number];
  for (let round = 0; round < 8; round++) for (const run of runs) run();
  const found = Array.from({ length: 2 * rounds }, () => ({ plain: plain(), ciphered: ciphered() }));
  server.close();
  return { plain: median(found.map((one) => one.plain)), ciphered: median(found.map((one) => one.ciphered)) };
}

/** Over loopback TCP, in turn: the rate of the server, the rate of bare `node:net` with the same octets in its answers, and CPU times. */
async function overTcp() {
  await using running = await serve(aMeter(), { on: { wrapper: listen(0, () => new WrapperServerLink({})) } });
  const answer = fromHex("0001000100100009c401c1000600bc614e");
  const echo = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("data", () => void socket.write(answer));
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const { port } = echo.address() as { port: number };
  const served = running.addresses.wrapper?.port ?? 0;
  const [plain, ciphered, bare] = [await asking(served), await asking(served), await asking(port)];
  const open = (client: BenchClient, { ask }: typeof plain): Promise<BenchClient> =>
    client.open(async (octets) => [(await ask([octets])).last]);
  const publicClient = await open(new BenchClient(16), plain);
  const utility = await open(new BenchClient(48), ciphered);
  const found: { plain: Asked; bare: Asked; ciphered: Asked }[] = [];
  for (let round = 0; round < rounds + 3; round++) {
    const [gets, sealed] = [publicClient.gets(asked), utility.gets(asked)];
    found.push({ plain: await plain.ask(gets), bare: await bare.ask(gets), ciphered: await ciphered.ask(sealed) });
  }
  for (const { socket } of [plain, ciphered, bare]) socket.destroy();
  echo.close();
  const warm = found.slice(3);
  return {
    server: median(warm.map((one) => one.plain.perSecond)),
    echo: median(warm.map((one) => one.bare.perSecond)),
    ratio: median(warm.map((one) => one.plain.perSecond / one.bare.perSecond)),
    plainCpu: median(warm.map((one) => one.plain.cpu)),
    cipheredCpu: median(warm.map((one) => one.ciphered.cpu)),
    cpuRatio: median(warm.map((one) => one.ciphered.cpu / one.plain.cpu)),
  };
}

const row = (name: string, value: string, more = ""): string =>
  `${name.padEnd(58)}${value.padStart(14)}  ${more}`.trimEnd();
const perSecond = (value: number): string => `${Math.round(value).toLocaleString("en")}/s`;

/** Prints the server cost of one GET. The client of the TCP rows is a bare socket in the same process. */
export async function serverFigures(print: (line: string) => void): Promise<void> {
  const { plain, ciphered } = await inMemory();
  print(row("server: one GET in and out, no socket", `${plain.toFixed(1)} µs`));
  print(
    row(
      "server: the same, authenticated and encrypted",
      `${ciphered.toFixed(1)} µs`,
      `${(ciphered / plain).toFixed(2)} x`,
    ),
  );
  const tcp = await overTcp();
  print(row("server: GETs over loopback TCP, one after another", perSecond(tcp.server)));
  print(
    row("server: bare node:net with the same octets", perSecond(tcp.echo), `ratio ${tcp.ratio.toFixed(2)} (goal 0.8)`),
  );
  print(row("server: CPU of a GET over TCP, both ends", `${tcp.plainCpu.toFixed(1)} µs`));
  print(
    row(
      "server: the same, authenticated and encrypted",
      `${tcp.cipheredCpu.toFixed(1)} µs`,
      `${tcp.cpuRatio.toFixed(2)} x (at most 1.5)`,
    ),
  );
  await roundTripFigures(print);
  for (const { what, median, worst } of await besideAFlood(asking)) {
    print(
      row(`server: a GET over TCP beside ${what}`, `${median.toFixed(1)} ms`, `worst ${worst.toFixed(0)} ms (goal 50)`),
    );
  }
}

/** Prints the round trips between the library's own client and server, beside bare sockets. */
export async function roundTripFigures(print: (line: string) => void): Promise<void> {
  for (const { name, goal, ratio, perSecond: ours, barePerSecond } of await roundTrips()) {
    const met = ratio >= goal ? "" : " !";
    print(
      row(
        `round trips over TCP, client and server, ${name}`,
        perSecond(ours),
        `bare node:net ${perSecond(barePerSecond)}, ratio ${ratio.toFixed(2)} (goal ${goal})${met}`,
      ),
    );
  }
}

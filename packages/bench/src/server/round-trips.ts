import { createServer, type Socket, connect as tcp } from "node:net";
import { connect, type Session } from "@dlmskit/client";
import { fromHex } from "@dlmskit/core";
import { tcp as listen, serve } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { aMeter, clientSecurity } from "./in-memory.ts";

const rounds = 15;
const asked = 1000;
const median = (of: readonly number[]): number => of.toSorted((one, other) => one - other)[of.length >> 1] as number;

/** One GET after another: how many a second. */
type Run = () => Promise<number>;

const perSecond = async (once: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  for (let count = 0; count < asked; count++) await once();
  return (asked * 1000) / (performance.now() - began);
};

const sessionRun =
  (session: Session): Run =>
  () =>
    perSecond(() => session.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }));

/** The same octets between bare sockets: `request` there, `answer` back. */
async function bareRun(request: Uint8Array, answer: Uint8Array): Promise<{ run: Run; close(): void }> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("data", () => void socket.write(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const socket = await new Promise<Socket>((resolve) => {
    const made = tcp({ port, host: "127.0.0.1", noDelay: true }, () => resolve(made));
  });
  let answered: () => void = () => undefined;
  socket.on("data", () => answered());
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      answered = resolve;
      socket.write(request);
    });
  return {
    run: () => perSecond(once),
    close() {
      socket.destroy();
      server.close();
    },
  };
}

export interface RoundTrips {
  readonly name: string;
  readonly perSecond: number;
  readonly barePerSecond: number;
  /** The median of the ratios of rounds that followed each other. */
  readonly ratio: number;
  readonly goal: number;
}

/**
 * Confirmed GETs of a register over loopback TCP, client and server in this process, beside bare `node:net` with as many octets each way.
 * Both are measured in turn, 15 times.
 */
export async function roundTrips(): Promise<readonly RoundTrips[]> {
  await using running = await serve(aMeter(), { on: { wrapper: listen(0, () => new WrapperServerLink({})) } });
  const port = running.addresses.wrapper?.port ?? 0;
  const results: RoundTrips[] = [];
  for (const { client, name, goal } of [
    { client: 16, name: "without ciphering", goal: 0.7 },
    { client: 48, name: "authenticated and encrypted", goal: 0.5 },
  ] as const) {
    const duplex = await tcpConnect("127.0.0.1", port);
    const options = client === 48 ? clientSecurity() : {};
    const link = new WrapperClientLink({ client, server: 1 });
    await using session = await connect({ duplex, link }, { clock: systemClock, ...options });
    const [request, answer] = client === 16 ? [21, 17] : [40, 36];
    const bare = await bareRun(new Uint8Array(request), answer === 17 ? plainAnswer : new Uint8Array(answer));
    const ours = sessionRun(session);
    const found: { ours: number; bare: number }[] = [];
    for (let round = 0; round < rounds + 15; round++) found.push({ ours: await ours(), bare: await bare.run() });
    bare.close();
    const warm = found.slice(15);
    results.push({
      name,
      goal,
      perSecond: median(warm.map((one) => one.ours)),
      barePerSecond: median(warm.map((one) => one.bare)),
      ratio: median(warm.map((one) => one.ours / one.bare)),
    });
  }
  return results;
}

const plainAnswer = fromHex("0001000100100009c401c1000600bc614e");

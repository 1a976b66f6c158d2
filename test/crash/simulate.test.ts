import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, DurableCounters, type Session } from "@dlmskit/client";
import { type Fault, fromAscii, fromHex, toHex } from "@dlmskit/core";
import { CounterGuard } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, expect, it } from "vitest";
import { madeFolder } from "../../packages/storage-pg/test/made-folder.ts";
import { isLong, patience, times } from "../campaign.ts";
import { dlmsProgram } from "../programs.ts";
import { NonceOracle } from "./nonce-oracle.ts";
import { Process } from "./process.ts";

// How often `dlms simulate` is killed.
const rounds = times(2);

const encryptionKey = fromHex("000102030405060708090a0b0c0d0e0f");
const authenticationKey = fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf");
const secret = "0123456789abcdef";
const systemTitle = fromAscii("HES00001");
const serial = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };
const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const blockLoad = "1.0.99.1.0.255";
const day = 86_400_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dlmskit-crash-"));
  const keys = { password: secret, encryptionKey: toHex(encryptionKey), authenticationKey: toHex(authenticationKey) };
  await writeFile(join(folder, "keys.json"), JSON.stringify({ clients: { 48: keys } }));
  // Each test gets a copy of one that nobody has read yet. A short campaign kills the process that filled it, too.
  await madeFolder(join(folder, "made"));
  if (isLong) {
    const { meter } = await new Bench("made").start();
    await meter.end("SIGTERM");
  }
  await cp(join(folder, "made"), join(folder, "kept"), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `dlms simulate` on a PGlite folder, in a process of its own, and a client that outlives it. */
class Bench {
  readonly oracle = new NonceOracle(encryptionKey);
  readonly store: string;
  // The client crashes along: what it has not used of its reservation is lost each time, what it has used is known.
  #reserved = 1;
  readonly #replay = new CounterGuard();

  constructor(name: string) {
    this.store = join(folder, name);
  }

  async start(): Promise<{ readonly meter: Process; readonly port: number }> {
    const keys = join(folder, "keys.json");
    const simulate = ["simulate", "--store", `pglite:${this.store}`, "--keys", keys, "--port", "0", "--json"];
    // PGlite is compiled by each process: without optimising, that takes half of the time.
    const meter = new Process(["--liftoff-only", await dlmsProgram(), ...simulate]);
    return { meter, port: JSON.parse(await meter.line()).port };
  }

  async open(port: number, replay = this.#replay): Promise<Session> {
    const duplex = this.oracle.tap(await tcpConnect("127.0.0.1", port));
    const counters = new DurableCounters({
      start: this.#reserved,
      block: 64,
      reserve: (upTo) => {
        this.#reserved = upTo;
      },
    });
    return connect(
      { duplex, link: new WrapperClientLink({ client: 48, server: 1 }) },
      {
        ...{ clock: systemClock, provider: node, ciphered: true, mechanism: 2, secret: fromAscii(secret) },
        security: { suite: 0, keys: { encryptionKey, authenticationKey }, systemTitle, counters, replay },
      },
    );
  }
}

/** Reads one thing after the other until the line breaks; gives how many answers came. */
async function readOn(session: Session, answered: () => void): Promise<Fault> {
  try {
    for (let at = 0; ; at++) {
      const from = Date.now() - (2 + (at % 5)) * day;
      if (at % 3 === 0) await session.profile(blockLoad, { from, to: from + day / 4 });
      else await session.get(energy);
      answered();
    }
  } catch (caught) {
    return caught as Fault;
  }
}

it(`${rounds} times killed during a read and read again, it uses no invocation counter twice`, {
  timeout: patience + rounds * 20_000,
}, async () => {
  const bench = new Bench("kept");
  let known: unknown;
  for (let round = 0; round < rounds; round++) {
    const { meter, port } = await bench.start();
    await using _ = meter;
    const session = await bench.open(port);
    const who = await session.get(serial);
    known ??= who;
    expect(who).toEqual(known);
    // In the midst of the first read, of the tenth, or somewhere between.
    let left = Math.floor(Math.random() * 10);
    let reading: Promise<Fault> | undefined;
    const killed = new Promise<void>((kill) => {
      const soon = (): unknown => setTimeout(kill, Math.random() * 8);
      if (left === 0) soon();
      reading = readOn(session, () => {
        if (--left === 0) soon();
      });
    });
    await killed;
    expect(await meter.end("SIGKILL")).toBe(null);
    const fault = await reading;
    // Cut off in the midst of something, every time.
    expect(["link-lost", "connection-reset"], String(fault)).toContain(fault?.code);
    await session.release();
    bench.oracle.check();
  }
  const { meter, port } = await bench.start();
  await using _ = meter;
  const session = await bench.open(port);
  expect(await session.get(serial)).toEqual(known);
  await session.release();
  expect(await meter.end("SIGTERM")).toBe(0);
  bench.oracle.check();
  for (const count of Object.values(bench.oracle.counts)) expect(count).toBeGreaterThan(rounds);
});

it.skipIf(!isLong)("a store that goes back in time is what the oracle is there to see", async () => {
  const bench = new Bench("rolled-back");
  for (let round = 0; round < 2; round++) {
    await rm(bench.store, { recursive: true, force: true });
    await cp(join(folder, "made"), bench.store, { recursive: true });
    const { meter, port } = await bench.start();
    await using _ = meter;
    const session = await bench.open(port, new CounterGuard());
    await session.get(serial);
    await meter.end("SIGKILL");
    await session.release();
  }
  expect(() => bench.oracle.check()).toThrow("used twice");
});

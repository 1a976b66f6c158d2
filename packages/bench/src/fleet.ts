// What a fleet of meters costs: `pnpm bench fleet`. Figures of this process, printed beside their goals.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Session } from "@dlmskit/client";
import { fromAscii, fromHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { createSimulator, type Simulator } from "@dlmskit/simulator";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import { openPglite } from "@dlmskit/storage-pg";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { decodeWpdu, encodeWpdu, WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { type Figure, figures } from "./figures.ts";

const meters = 1_000_000;
const associations = 100;
const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };
const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const profile = { classId: 7, instanceId: "1.0.99.1.0.255", attributeId: 2 };

/** What is held now: heap and array buffers, after what nobody holds is gone. */
async function held(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    // Finalizers, and what a store does last, come in turns of their own.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const ms = (text: string, from: number, goal?: number): Figure => {
  const value = performance.now() - from;
  return { name: text, value, unit: "ms", ...(goal === undefined ? {} : { goal }) };
};

// A client counts on under a key: one number a meter, which is the client's and not measured.
const used = new Map<string, CounterLedger>();

function ledgerOf(key: string): CounterLedger {
  let ledger = used.get(key);
  if (ledger === undefined) {
    ledger = new CounterLedger({ start: 1 });
    ledger.reserved(0x10000000);
    used.set(key, ledger);
  }
  return ledger;
}

async function associate(simulator: Simulator, index: number, client: 16 | 48): Promise<Session> {
  const { serverAddress, clients, systemTitle } = await simulator.identity(index);
  const [near, far] = memoryPair();
  simulator.server.accept(far, new WrapperServerLink());
  const line = { duplex: near, link: new WrapperClientLink({ client, server: serverAddress }) };
  if (client === 16) return connect(line, { clock: systemClock });
  const own = clients.find((one) => one.client === client);
  const counters = ledgerOf(own?.encryptionKey ?? "");
  return connect(line, {
    ...{ clock: systemClock, provider: node, ciphered: true, mechanism: 2, secret: fromAscii(String(own?.password)) },
    security: {
      ...{ suite: 0, counters, replay: new CounterGuard(), systemTitle: fromAscii("HES00001") },
      serverSystemTitle: fromHex(systemTitle),
      keys: {
        encryptionKey: fromHex(own?.encryptionKey ?? ""),
        authenticationKey: fromHex(own?.authenticationKey ?? ""),
      },
    },
  });
}

async function provisioning(): Promise<Figure[]> {
  // The first simulator warms the code, and what all share.
  await (await createSimulator({ seed: "bench" })).close();
  const store = await openMemoryStore();
  const before = await held();
  const began = performance.now();
  const simulator = await createSimulator({ meters, seed: "bench", store });
  const provisioned = ms(`${meters.toLocaleString("en")} meters provisioned`, began, 10_000);
  const memory = (await held()) - before;
  const asked = performance.now();
  let octets = 0;
  for await (const { clients } of simulator.identities({ of: { first: 500_000, meters: 20_000 } }))
    octets += clients.length;
  const identity = {
    name: "identities, of 5 clients each",
    value: 20_000 / ((performance.now() - asked) / 1000),
    unit: "/s",
  };
  if (octets !== 100_000) throw new Error("identities are missing");
  await simulator.close();
  return [
    provisioned,
    { name: "memory of a provisioned meter", value: Math.max(0, memory) / meters, unit: "octets", goal: 100 },
    { name: "memory of all of them", value: memory / 1024, unit: "KiB" },
    identity,
  ];
}

const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400007e1f04b0");
const getName = fromHex("c001c1000100002a0000ff0200");

/** An association of the public client by octets alone, so that what is held is the server's and the line's. */
async function associateBare(simulator: Simulator, index: number): Promise<Duplex> {
  const [near, far] = memoryPair();
  simulator.server.accept(far, new WrapperServerLink());
  let answered: (pdu: Uint8Array) => void = () => undefined;
  near.start({ received: (octets) => answered(octets), closed: () => undefined });
  const { serverAddress: server } = await simulator.identity(index);
  for (const pdu of [aarq, getName]) {
    const answer = new Promise<Uint8Array>((resolve) => {
      answered = resolve;
    });
    near.send(encodeWpdu({ source: 16, destination: server, pdu }));
    const { pdu: got } = decodeWpdu(await answer);
    if (got[0] !== (pdu === aarq ? 0x61 : 0xc4)) throw new Error("the meter did not answer");
  }
  answered = () => undefined;
  return near;
}

/** What associations leave and hold: of a public client, and of one whose association is ciphered. */
async function connections(client: 16 | 48): Promise<Figure[]> {
  const store = await openMemoryStore();
  const simulator = await createSimulator({ meters: 60_000, seed: "bench", limits: { inactivity: 0 }, store });
  const round = async (from: number): Promise<void> => {
    for (let index = from; index < from + associations; index++) {
      const session = await associate(simulator, index, client);
      await session.get(client === 16 ? name : energy);
      await session.release();
      await simulator.meter(index).settled();
    }
  };
  /** Without the rows of who was connected: they are the store's. */
  const heldBy = async (): Promise<number> => {
    await store.connections.forget(Number.MAX_SAFE_INTEGER);
    return held();
  };
  // Past every bound: recent handles, computed readings. The same meters come again, whose rows the store has then.
  const all = async (): Promise<void> => {
    for (let from = 0; from < 3 * associations; from += associations) await round(from);
  };
  await all();
  await all();
  const before = await heldBy();
  const rounds = 2;
  for (let again = 0; again < rounds; again++) await all();
  const left = ((await heldBy()) - before) / (rounds * 3 * associations);
  const who = client === 16 ? "public client" : "ciphered client";
  const figures: Figure[] = [{ name: `left by a released association, ${who}`, value: left, unit: "octets", goal: 16 }];
  if (client === 16) {
    const ends = await heldBy();
    const open: Duplex[] = [];
    for (let index = 0; index < associations; index++) open.push(await associateBare(simulator, index));
    const both = await held();
    const pairs = Array.from({ length: associations }, () => {
      const pair = memoryPair();
      pair[0].start({ received: () => undefined, closed: () => undefined });
      return pair;
    });
    // The line itself is no server's.
    const line = (await held()) - both;
    const server = (both - ends - line) / pairs.length;
    figures.push({ name: `an open association, server side, ${who}`, value: server, unit: "octets", goal: 12_288 });
    for (const one of open) one.destroy();
    await simulator.server.settled();
  }
  const ends = await heldBy();
  const open: Session[] = [];
  for (let index = 0; index < associations; index++) {
    const session = await associate(simulator, index, client);
    await session.get(client === 16 ? name : energy);
    open.push(session);
  }
  const both = ((await held()) - ends) / associations;
  figures.push({ name: `an open association, both ends, ${who}`, value: both, unit: "octets" });
  await Promise.all(open.map((session) => session.release()));
  await simulator.close();
  return figures;
}

/** Counts the queries that a database is asked. */
function counted(store: Store): { queries(): number } {
  let count = 0;
  type Query = (...args: unknown[]) => unknown;
  const { database } = store as unknown as { database: { query: Query; transaction: Query } };
  const query = database.query.bind(database);
  const transaction = database.transaction.bind(database);
  database.query = (...args) => {
    count++;
    return query(...args);
  };
  database.transaction = (run) =>
    transaction((tx: { query: Query }) => {
      const inner = tx.query.bind(tx);
      return (run as Query)({
        ...tx,
        query: (...args: unknown[]) => {
          count++;
          return inner(...args);
        },
      });
    });
  return { queries: () => count };
}

async function onPglite(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "dlmskit-bench-"));
  const found: Figure[] = [];
  try {
    for (const time of ["the first time", "the second time"]) {
      const opening = performance.now();
      const store = await openPglite(join(folder, "store"));
      found.push(ms(`opening PGlite, ${time}`, opening));
      const began = performance.now();
      const simulator = await createSimulator({ meters: 1000, seed: "bench", store });
      found.push(ms(`start of 1,000 meters on PGlite, ${time}`, began, 2000));
      const { queries } = counted(store);
      for (const client of [16, 48] as const) {
        const index = client + (time === "the first time" ? 0 : 100);
        const own = await simulator.identity(index);
        const before = queries();
        const session = await associate({ ...simulator, identity: async () => own }, index, client);
        await session.get(energyOrName(client));
        const contact = queries() - before;
        await session.release();
        await simulator.meter(index).settled();
        found.push({ name: `queries at first contact, client ${client}, ${time}`, value: contact, unit: "", goal: 3 });
        found.push({
          name: `queries until the meter is let go, client ${client}`,
          value: queries() - before,
          unit: "",
        });
      }
      await simulator.close();
      await store.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return found;
}

const energyOrName = (client: number) => (client === 16 ? name : energy);

/** How long one read of a whole profile holds the event loop, and how fast rows and registers are made. */
async function reads(): Promise<Figure[]> {
  const simulator = await createSimulator({ meters: 300, seed: "bench" });
  const times: number[] = [];
  for (let index = 0; index < 20; index++) {
    await simulator.using(index, async (meter) => {
      const began = performance.now();
      const data = await meter.get(profile);
      times.push(performance.now() - began);
      return data;
    });
  }
  times.sort((one, other) => one - other);
  const perSecond = async (indexes: number): Promise<number> => {
    const began = performance.now();
    for (let index = 0; index < indexes; index++) await simulator.using(index, (meter) => meter.get(energy));
    return indexes / ((performance.now() - began) / 1000);
  };
  const cold = await perSecond(300);
  const warm = await perSecond(200);
  await simulator.close();
  return [
    { name: "a whole load profile (4,320 rows) asked of a cold meter, median", value: times[10] as number, unit: "ms" },
    { name: "the same, longest of 20", value: times.at(-1) as number, unit: "ms" },
    { name: "meters loaded, register read, let go: cold", value: cold, unit: "/s" },
    { name: "the same, warm", value: warm, unit: "/s" },
  ];
}

const sections: { readonly [name: string]: () => Promise<Figure[]> } = {
  provisioning,
  connections: async () => [...(await connections(16)), ...(await connections(48))],
  pglite: onPglite,
  reads,
};
const words = process.argv.slice(3);
for (const [title, measure] of Object.entries(sections)) {
  if (words.length === 0 || words.includes(title)) figures(title, await measure());
}
process.exit();

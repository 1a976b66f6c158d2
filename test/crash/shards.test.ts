import { readFile, rm } from "node:fs/promises";
import { connect } from "@dlmskit/client";
import { fromAscii, fromHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { createSimulator, type Identity, identitiesCsv } from "@dlmskit/simulator";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Server, startServer } from "../../packages/storage-pg/test/harness.ts";
import { isLong, patience } from "../campaign.ts";
import { dlmsProgram } from "../programs.ts";
import { NonceOracles } from "./nonce-oracle.ts";
import { Process } from "./process.ts";

// Four processes serve the parts of one fleet from one database.
const meters = 100_000;
const shards = 4;
const readOfEach = 5;
const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };

let server: Server;
beforeAll(async () => {
  if (isLong) server = await startServer();
});
afterAll(() => server?.stop());

async function text(chunks: AsyncIterable<string>): Promise<string> {
  let all = "";
  for await (const chunk of chunks) all += chunk;
  return all;
}

/** The lines of a CSV without its columns of addresses, which each process has for itself. */
function withoutAddresses(csv: string): string[] {
  const [head, ...rows] = csv
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(","));
  const kept = (head ?? []).flatMap((name, at) => (["host", "port", "serverAddress"].includes(name) ? [] : [at]));
  return rows.map((row) => kept.map((at) => row[at]).join());
}

it.skipIf(!isLong)(
  `${shards} processes serve ${meters} meters: the same fleet as one; a part that dies is taken over, no counter is used twice`,
  {
    timeout: 4 * patience,
  },
  async () => {
    const url = await server.database();
    const seed = "shards";
    const nonces = new NonceOracles();
    const files: string[] = [];
    const start = async (index: number): Promise<{ readonly shard: Process; readonly port: number }> => {
      const file = `${process.env.TMPDIR ?? "/tmp"}/dlmskit-shard-${process.pid}-${index}-${files.length}.csv`;
      files.push(file);
      const fleet = ["--meters", String(meters), "--seed", seed, "--shard", `${index}/${shards}`];
      const shard = new Process([
        ...[await dlmsProgram(), "simulate", ...fleet, "--store", url, "--identities", file],
        ...["--host", "127.0.0.1", "--link", "wrapper", "--port", "0", "--json"],
      ]);
      return { shard, port: JSON.parse(await shard.line()).port };
    };
    const running = [await start(0)];
    running.push(...(await Promise.all([1, 2, 3].map(start))));
    try {
      const one = await createSimulator({ meters, seed });
      const expected = withoutAddresses(await text(identitiesCsv(one.identities())));
      const parts = await Promise.all(files.map((file) => readFile(file, "utf8")));
      expect(parts.flatMap(withoutAddresses).filter((row, at) => row !== expected[at])).toEqual([]);
      expect(parts.flatMap(withoutAddresses)).toHaveLength(meters);

      const ledgers = new Map<number, CounterLedger>();
      const read = async (index: number, port: number): Promise<unknown> => {
        const known: Identity = await one.identity(index);
        const own = known.clients.find(({ client }) => client === 48);
        const [encryptionKey, authenticationKey] = [own?.encryptionKey ?? "", own?.authenticationKey ?? ""].map(
          fromHex,
        );
        if (encryptionKey === undefined || authenticationKey === undefined) throw new Error("no keys");
        const ledger = ledgers.get(index) ?? new CounterLedger({ start: 1 });
        if (!ledgers.has(index)) ledger.reserved(1_000_000);
        ledgers.set(index, ledger);
        const first = Math.floor((meters * Math.floor((index * shards) / meters)) / shards);
        const { serverAddress } = await one.identity(index - first);
        const duplex = nonces.of(encryptionKey).tap(await tcpConnect("127.0.0.1", port));
        await using session = await connect(
          { duplex, link: new WrapperClientLink({ client: 48, server: serverAddress }) },
          {
            ...{ clock: systemClock, provider: node, ciphered: true, mechanism: own?.mechanism as 2 },
            secret: typeof own?.password === "string" ? fromAscii(own.password) : new Uint8Array(0),
            security: {
              ...{ suite: 0, keys: { encryptionKey, authenticationKey }, systemTitle: fromAscii("HES00001") },
              ...{ counters: ledger, replay: new CounterGuard() },
            },
          },
        );
        return await session.get(energy);
      };
      const size = meters / shards;
      const some = (part: number): number[] =>
        Array.from({ length: readOfEach }, (_, at) => part * size + Math.floor((at * (size - 1)) / (readOfEach - 1)));
      for (const [part, { port }] of running.entries()) await Promise.all(some(part).map((index) => read(index, port)));
      // In the midst of reads.
      const reads = some(2).map((index) => read(index, running[2]?.port ?? 0).catch(() => undefined));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await running[2]?.shard.end("SIGKILL");
      await Promise.all(reads);
      const successor = await start(2);
      running[2] = successor;
      expect(withoutAddresses(await readFile(files.at(-1) as string, "utf8"))).toEqual(
        expected.slice(2 * size, 3 * size),
      );
      for (const index of some(2)) await read(index, successor.port);
      nonces.check();
      await one.close();
    } finally {
      for (const { shard } of running) await shard.end("SIGTERM");
      await Promise.all(files.map((file) => rm(file, { force: true })));
    }
  },
);

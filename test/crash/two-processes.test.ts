import { setTimeout as sleep } from "node:timers/promises";
import { tcpConnect } from "@dlmskit/transport/node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, type Server, startServer } from "../../packages/storage-pg/test/harness.ts";
import { patience, times } from "../campaign.ts";
import { childPrograms } from "../programs.ts";
import { ExecutionOracle } from "./execution-oracle.ts";
import { Front } from "./front.ts";
import { HeadEnd } from "./head-end.ts";
import { Replicas } from "./replicas.ts";
import { SharedDatabase } from "./shared-database.ts";
import { type ClientSap, indexOfName, meterCount, secretsOf } from "./shared-meters.ts";

// How often each process is killed, and how many changes are acknowledged before each kill.
const rounds = times(1);
const changes = times(40);
const lanes = 12;
const names = ["one", "two"] as const;
const timeout = 2 * patience + rounds * 60_000;
// As the store has it: a process that says nothing keeps its meters no longer.
const leaseMs = 4000;

let server: Server;
let program: string;
beforeAll(async () => {
  program = (await childPrograms("shared"))[0] as string;
  server = await startServer();
});
afterAll(() => server?.stop());

const below = (count: number): number => Math.floor(Math.random() * count);
// Some meters are wanted more than others, so that both processes want the same one at the same time.
const anyMeter = (): number => (Math.random() < 0.5 ? below(8) : below(meterCount));
const anyClient = (): ClientSap => (Math.random() < 0.5 ? 48 : 32);

/** Conversations of random clients with random meters, through the front, until it is stopped. */
class Traffic {
  readonly #lanes: Promise<void>[];
  #over = false;
  /**
   * How long a lane waits between two conversations at most, ms. Nothing up to a kill, which must find many conversations. While a
   * lease runs out there is little to see, and traffic at full speed would only keep the processors busy.
   */
  pause = 0;

  constructor(headEnd: HeadEnd, port: number) {
    this.#lanes = Array.from({ length: lanes }, async () => {
      while (!this.#over) {
        const caller = headEnd.take(anyMeter(), anyClient());
        if (caller === undefined) await sleep(5);
        else await headEnd.converse(caller, port, 1 + below(4));
        if (this.pause > 0) await sleep(below(this.pause));
      }
    });
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#lanes);
  }
}

/** A client asks for the meter again and again until it is served. Gives how often the meter was free already, and did not serve. */
async function servedAgain(
  headEnd: HeadEnd,
  index: number,
  port: number,
  isFree: () => Promise<boolean>,
): Promise<number> {
  for (let failures = 0; ; ) {
    const caller = headEnd.take(index, anyClient());
    if (caller === undefined) {
      await sleep(5);
      continue;
    }
    const free = await isFree();
    if (await headEnd.converse(caller, port, 1)) return failures;
    if (free) failures++;
    else await sleep(below(200));
    expect(failures, `meter ${index} is free, and is not served`).toBeLessThan(5);
  }
}

/** Sends conversations again to a process. Gives the tags of what was answered. */
async function replay(headEnd: HeadEnd, port: number, count: number): Promise<string[][]> {
  const answers: string[][] = [];
  for (let at = 0; at < count; at++) {
    const found = headEnd.recorded[below(headEnd.recorded.length)];
    if (found === undefined) break;
    const { index, client, recording } = found;
    const tapped = headEnd.nonces.of(secretsOf(index, client).encryptionKey);
    const duplex = tapped.tap(await tcpConnect("127.0.0.1", port), headEnd.titles(index), true);
    answers.push((await recording.pour(duplex)).map((pdu) => pdu.slice(0, 2)));
  }
  return answers;
}

async function campaign(policy: "wait" | "forward"): Promise<string> {
  const url = await server.database();
  await using database = await SharedDatabase.open(url);
  await using front = await Front.open();
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await freePort());
  const args = (name: string): string[] => [program, url, policy, String(ports.get(name))];
  await using replicas = await Replicas.start({ front, names, args });
  const oracle = new ExecutionOracle();
  const headEnd = new HeadEnd(oracle);
  const traffic = new Traffic(headEnd, front.port);
  const gaps: number[] = [];
  const held: number[] = [];
  const answers: string[][] = [];
  for (let kill = 0; kill < 2 * rounds; kill++) {
    const [victim, survivor] = (kill % 2 === 0 ? names : names.toReversed()) as [string, string];
    const before = oracle.counts.acknowledged;
    await expect.poll(() => oracle.counts.acknowledged - before, { timeout, interval: 20 }).toBeGreaterThan(changes);
    const process = await database.processAt(`127.0.0.1:${ports.get(victim)}`);
    await sleep(below(40));
    const began = performance.now();
    await replicas.kill(victim);
    traffic.pause = 300;
    expect(await database.leaseLeft(process)).toBeLessThanOrEqual(leaseMs);
    const its = (await database.heldBy(process)).map(indexOfName);
    const isFree = async (): Promise<boolean> => !(await database.lives(process));
    await Promise.all(
      its.map(async (index) => {
        await servedAgain(headEnd, index, replicas.port(survivor), isFree);
        gaps.push(performance.now() - began);
      }),
    );
    traffic.pause = 0;
    held.push(its.length);
    answers.push(...(await replay(headEnd, replicas.port(survivor), 5)));
    await replicas.restart(victim);
  }
  await traffic.stop();
  for (const name of names) answers.push(...(await replay(headEnd, replicas.port(name), 10)));
  expect(headEnd.unexpected.map(String)).toEqual([]);
  headEnd.nonces.check();
  const { numbers, wrong, rows } = await database.executed();
  oracle.check(numbers);
  expect(wrong).toEqual([]);
  // Each is refused: exception-response.
  expect(new Set(answers.flat())).toEqual(new Set(["d8"]));
  return [
    `${policy}: requests ${JSON.stringify(oracle.counts)}, ended by ${JSON.stringify(Object.fromEntries(headEnd.faults))}`,
    `meters of the killed ${held}, the last served again after ${Math.round(Math.max(0, ...gaps))} ms`,
    `${rows} rows captured, ${answers.length} conversations replayed`,
  ].join("; ");
}

it.each(["wait", "forward"] as const)(
  `two processes with ${meterCount} meters, each killed ${rounds} times, execute nothing twice and lose nothing (%s)`,
  { timeout },
  async (policy) => {
    console.log(await campaign(policy));
  },
);

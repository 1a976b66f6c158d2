import { setTimeout as sleep } from "node:timers/promises";
import { connect, DurableCounters } from "@dlmskit/client";
import { type Fault, fromAscii, fromHex } from "@dlmskit/core";
import { CounterGuard } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Server, startServer } from "../../packages/storage-pg/test/harness.ts";
import { patience, times } from "../campaign.ts";
import { childPrograms } from "../programs.ts";
import { authenticationKey, encryptionKey } from "./known.ts";
import { NonceOracle } from "./nonce-oracle.ts";
import { Process } from "./process.ts";

// How often a process is killed.
const meterRounds = times(4);
const senderRounds = times(10);
const timeout = patience + (meterRounds + senderRounds) * 5_000;

let server: Server;
let meterProgram: string;
let senderProgram: string;
beforeAll(async () => {
  [meterProgram, senderProgram] = (await childPrograms("meter", "sender")) as [string, string];
  server = await startServer();
});
afterAll(() => server?.stop());

const upTo = (ms: number): number => Math.random() * ms;

let kills = 0;

/** Lets it run, or makes it stand still for a while in the midst of what it does, and kills it: running or standing. */
async function killSometime(child: Process, ms: number, begun: Promise<void>): Promise<void> {
  // Every other one is killed in the midst of its work, however slow the machine is; the others whenever it may be.
  if (kills++ % 2 === 0) await begun;
  await sleep(upTo(ms));
  if (Math.random() < 0.3) {
    child.signal("SIGSTOP");
    await sleep(upTo(40));
    if (Math.random() < 0.5) {
      child.signal("SIGCONT");
      await sleep(upTo(ms));
    }
  }
  await child.end("SIGKILL");
}

/** Two at a time, each again and again, until there were so many rounds. */
async function inTwos(rounds: number, round: () => Promise<void>): Promise<void> {
  let left = rounds;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await round();
    }
  };
  await Promise.all([lane(), lane()]);
}

it(`two processes that send under one key, killed ${senderRounds} times, use no counter twice`, {
  timeout,
}, async () => {
  const oracle = new NonceOracle(encryptionKey);
  const url = await server.database();
  await inTwos(senderRounds, async () => {
    const sender = new Process([senderProgram, url]);
    await using _ = sender;
    expect(await sender.line()).toBe("ready");
    const { promise: begun, resolve: began } = Promise.withResolvers<void>();
    const killed = killSometime(sender, 12, begun);
    // Whatever left the process before its end counts.
    for await (const line of sender.rest()) {
      began();
      oracle.hear("server", fromHex(line));
    }
    await killed;
    oracle.check();
  });
  expect(oracle.counts["5453543030303032"]).toBeGreaterThan(senderRounds / 4);
});

it(`two processes that serve one meter, killed ${meterRounds} times while they answer, use no counter twice`, {
  timeout,
}, async () => {
  const oracle = new NonceOracle(encryptionKey);
  const url = await server.database();
  const counters = new DurableCounters({ start: 1, reserve: () => undefined });
  let answers = 0;
  const attribute = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };
  await inTwos(meterRounds, async () => {
    const meter = new Process([meterProgram, url]);
    await using _ = meter;
    const port = Number(await meter.line());
    const duplex = oracle.tap(await tcpConnect("127.0.0.1", port));
    const { promise: begun, resolve: began } = Promise.withResolvers<void>();
    const killed = killSometime(meter, 40, begun);
    const line = { duplex, link: new WrapperClientLink({ client: 48, server: 1 }) };
    const security = {
      ...{ suite: 0, keys: { encryptionKey, authenticationKey }, systemTitle: fromAscii("HES00001") },
      ...{ counters, replay: new CounterGuard() },
    };
    const fault: Fault = await connect(line, {
      clock: systemClock,
      provider: node,
      ciphered: true,
      mechanism: 5,
      security,
    })
      .then(async (session) => {
        for (;;) {
          expect(await session.get(attribute)).toEqual({ type: "unsigned", value: 7 });
          answers++;
          began();
        }
      })
      .catch((caught) => caught);
    expect(["link-lost", "connection-reset"], String(fault)).toContain(fault.code);
    await killed;
    oracle.check();
  });
  expect(answers).toBeGreaterThan(meterRounds / 4);
});

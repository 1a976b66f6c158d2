import { setTimeout as sleep } from "node:timers/promises";
import { encodeApdu } from "@dlmskit/apdu";
import { listen } from "@dlmskit/client";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";
import { type Server, startServer } from "../../packages/storage-pg/test/harness.ts";
import { isLong, patience, times } from "../campaign.ts";
import { childPrograms } from "../programs.ts";
import { Process } from "./process.ts";

const kills = times(2);
const perKill = 1500;
const leaseMs = 1500;
const timeout = 2 * patience + kills * 60_000;

let server: Server;
let program: string;
beforeAll(async () => {
  program = (await childPrograms("pushing"))[0] as string;
  server = await startServer();
});
afterAll(() => server?.stop());

const notification = (longInvokeId: number): Uint8Array =>
  encodeApdu({
    apdu: "data-notification",
    ...{ longInvokeId, selfDescriptive: false, processingOption: "continue-on-error" },
    ...{ serviceClass: "unconfirmed", priority: "normal" },
    body: { type: "double-long-unsigned", value: longInvokeId },
  });

it.skipIf(!isLong)(
  `two workers on one queue, one of them killed ${kills} times under load: every message ends SENT or FAILED`,
  {
    timeout,
  },
  async () => {
    const url = await server.database();
    const store = await openPostgres(url, { connections: 2 });
    const came = new Map<number, number>();
    const dropped: unknown[] = [];
    await using listening = await listen({
      port: 0,
      link: () => new WrapperServerLink({ end: "client" }),
      received: ({ longInvokeId = 0 }) => void came.set(longInvokeId, (came.get(longInvokeId) ?? 0) + 1),
      dropped: (fault) => void dropped.push(fault.code),
    });
    const good = `tcp://127.0.0.1:${listening.port}`;
    // Some go to where nobody listens: they end FAILED, after as many attempts as the queue has.
    const bad = "nowhere://127.0.0.1:1";
    const ids = new Map<number, number>();
    const enqueue = async (from: number, count: number): Promise<void> => {
      const messages = Array.from({ length: count }, (_, at) => ({
        ...{ messageType: "data-notification", scheduledTime: 0, priority: at % 3 },
        ...{ destination: (from + at) % 100 === 0 ? bad : good, payload: notification(from + at) },
      }));
      for (const [at, id] of (await store.messageQueue.enqueue(messages)).entries()) ids.set(from + at, id);
    };
    const start = async (): Promise<Process> => {
      const started = new Process([program, url, String(leaseMs)]);
      await started.line();
      return started;
    };
    await using _survivor = await start();
    let most = 0;
    for (let kill = 0; kill < kills; kill++) {
      const victim = await start();
      const from = 1 + kill * perKill;
      await enqueue(from, perKill);
      // In the midst of it.
      await expect.poll(() => came.size, { timeout, interval: 5 }).toBeGreaterThan(kill * perKill + 100);
      const { PROCESSING: processing } = await store.messageQueue.counts();
      most = Math.max(most, processing);
      await victim.end("SIGKILL");
      await sleep(Math.random() * 50);
    }
    const over = async (): Promise<number> => {
      const { SENT, FAILED } = await store.messageQueue.counts();
      return SENT + FAILED;
    };
    await expect.poll(over, { timeout, interval: 200 }).toBe(kills * perKill);
    const repeated: number[] = [];
    for (const [longInvokeId, id] of ids) {
      const { status, retryCount = 0, lastError = "" } = (await store.messageQueue.get(id)) ?? {};
      const isBad = longInvokeId % 100 === 0;
      expect([longInvokeId, status]).toEqual([longInvokeId, isBad ? "FAILED" : "SENT"]);
      if (isBad) expect(lastError).toContain("push-destination");
      const count = came.get(longInvokeId) ?? 0;
      expect(count, `message ${longInvokeId}`).toBeGreaterThanOrEqual(isBad ? 0 : 1);
      // Each one that came again had lost its worker between sending and recording: its lease ran out, which counts as a try.
      if (count > 1) {
        repeated.push(longInvokeId);
        expect(retryCount).toBeGreaterThanOrEqual(count - 1);
      }
    }
    expect(dropped).toEqual([]);
    console.log(
      `${kills * perKill} messages, ${kills} kills with up to ${most} under way: ${repeated.length} came again, by their invoke ids ${repeated.slice(0, 20)}`,
    );
    await store.close();
  },
);

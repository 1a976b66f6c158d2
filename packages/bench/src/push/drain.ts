import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { encodeApdu } from "@dlmskit/apdu";
import { listen } from "@dlmskit/client";
import { openPostgres } from "@dlmskit/storage-pg";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { type Figure, figures } from "../figures.ts";

const messages = Number(process.env.DLMSKIT_BENCH_MESSAGES ?? 100_000);
const priorities = 10;
const atATime = 5000;
/**
 * Maximum number of messages that both workers send at the same time. This many messages of a lower priority may come before the last
 * message of a higher priority.
 */
const underWay = 2 * 2 * 256;

interface Started {
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a separate PostgreSQL server, as in the tests of the store. */
async function startServer(): Promise<Started> {
  const harness = new URL("../../../storage-pg/test/harness.ts", import.meta.url).href;
  const { startServer: start } = (await import(harness)) as { startServer(): Promise<Started> };
  return start();
}

const priorityOf = (id: number): number => (Math.imul(id, 0x9e3779b1) >>> 0) % priorities;

function payload(longInvokeId: number): Uint8Array {
  return encodeApdu({
    apdu: "data-notification",
    ...{ longInvokeId, selfDescriptive: false, processingOption: "continue-on-error" },
    ...{ serviceClass: "unconfirmed", priority: "normal" },
    body: { type: "structure", value: [{ type: "double-long-unsigned", value: longInvokeId }] },
  });
}

async function worker(url: string): Promise<ChildProcess> {
  const file = new URL("./worker.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=dlmskit-source", file, url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

/**
 * 100,000 queued messages with ten priorities. Two processes send them over TCP to one listener. `given`: an existing database, if there is
 * one.
 */
export async function drainFigures(given?: string): Promise<void> {
  const own = given === undefined ? await startServer() : undefined;
  const url = given ?? ((await own?.database()) as string);
  const store = await openPostgres(url, { connections: 2 });
  const order: number[] = [];
  let all: () => void = () => undefined;
  const whole = new Promise<void>((resolve) => {
    all = resolve;
  });
  const came = new Set<number>();
  const listening = await listen({
    port: 0,
    link: () => new WrapperServerLink({ end: "client" }),
    received: ({ longInvokeId = 0 }) => {
      order.push(priorityOf(longInvokeId));
      came.add(longInvokeId);
      if (came.size === messages) all();
    },
  });
  const destination = `tcp://127.0.0.1:${listening.port}`;
  for (let first = 1; first <= messages; first += atATime) {
    await store.messageQueue.enqueue(
      Array.from({ length: atATime }, (_, at) => ({
        ...{ messageType: "data-notification", destination, scheduledTime: 0 },
        ...{ payload: payload(first + at), priority: priorityOf(first + at) },
      })),
    );
  }
  const workers = [await worker(url), await worker(url)];
  const began = performance.now();
  for (const { stdin } of workers) stdin?.write("go\n");
  await whole;
  const seconds = (performance.now() - began) / 1000;
  // The number of messages of a higher priority that came after a message of a lower priority. If the whole queue were sent in order, it
  // would be 0.
  let lowest = priorities;
  const after = new Map<number, number>();
  for (const priority of order) {
    lowest = Math.min(lowest, priority);
    if (priority > lowest) after.set(priority, (after.get(priority) ?? 0) + 1);
  }
  const late = Math.max(0, ...after.values());
  for (let waited = 0; waited < 100 && (await store.messageQueue.counts()).SENT < messages; waited++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { SENT: sent } = await store.messageQueue.counts();
  for (const child of workers) {
    child.stdin?.end();
    await once(child, "exit");
  }
  await listening.close();
  await store.close();
  await own?.stop();
  const found: Figure[] = [
    { name: `messages a second, two processes (goal 3,000 or more)`, value: messages / seconds, unit: "/s" },
    { name: "messages that did not come", value: messages - came.size, unit: "", goal: 0 },
    { name: "messages that came more than once", value: order.length - came.size, unit: "", goal: 0 },
    { name: "messages that are not SENT", value: messages - sent, unit: "", goal: 0 },
    { name: "most of one priority that came after a lower one", value: late, unit: "", goal: underWay },
  ];
  figures(`${messages.toLocaleString("en")} queued messages of ${priorities} priorities on PostgreSQL`, found);
}

// A process that sends the messages in the queue of a database until it is stopped: node worker.ts URL
import { pushTcp, Server } from "@dlmskit/server";
import { openPostgres } from "@dlmskit/storage-pg";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperServerLink } from "@dlmskit/wrapper";

const store = await openPostgres(process.argv[2] as string, { connections: 4 });
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
const server = new Server({
  meters: () => undefined,
  clock: systemClock,
  store,
  push: {
    transports: { tcp: pushTcp(() => new WrapperServerLink()) },
    // This limits how many messages of different priorities can be out of order.
    ...{ atOnce: 256, lookEvery: 100 },
  },
  events: (event) => {
    if (event.type === "push-failed" || event.type === "store-failed")
      process.stderr.write(`${JSON.stringify(event)}\n`);
  },
});
process.stdin.once("end", async () => {
  server.close();
  await server.settled();
  await store.close();
});

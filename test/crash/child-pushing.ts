// A process that sends what is in the queue of a database, until it is killed: node child-pushing.js URL LEASE
import { pushTcp, Server } from "@dlmskit/server";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";

const [url, lease] = process.argv.slice(2) as [string, string];
const store = await openPostgres(url, { connections: 4 });
const server = new Server({
  meters: () => undefined,
  clock: systemClock,
  store,
  push: {
    transports: { tcp: pushTcp(() => new WrapperServerLink()) },
    ...{ lease: Number(lease), lookEvery: 200 },
  },
});
process.stdout.write(`${server.connections}\n`);

// A process that serves a thousand meters which another one serves as well, until it is killed: node child-shared.js URL POLICY PORT
import { node } from "@dlmskit/security/node";
import { type HeldPolicy, relay, serve, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";
import { indexOf, sharedMeters } from "./shared-meters.ts";

const [url, whenHeld, port] = process.argv.slice(2) as [string, HeldPolicy["whenHeld"], string];
const store = await openPostgres(url, { connections: 8, address: `127.0.0.1:${port}` });
const meterOf = sharedMeters();
const { addresses } = await serve(
  ({ server }) => {
    const index = indexOf(server);
    return index === undefined ? undefined : { meter: meterOf(index), device: 1 };
  },
  {
    on: { wrapper: tcp(0, () => new WrapperServerLink()), others: relay(Number(port)) },
    store,
    provider: node,
    held: { whenHeld },
  },
);
process.stdout.write(`${addresses.wrapper?.port}\n`);

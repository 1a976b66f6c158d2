// A process that serves one meter from a database, until it is killed: node child-meter.js URL
import { T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { node } from "@dlmskit/security/node";
import { hls5, meter, serve, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";
import { authenticationKey, encryptionKey } from "./known.ts";

const store = await openPostgres(process.argv[2] as string, { connections: 2 });
const served = meter({
  name: "TST0000000000001",
  systemTitle: fromAscii("TST00001"),
  objects: [dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 })],
  associations: { utility: { client: 48, security: hls5({ encryptionKey, authenticationKey }), access: "full" } },
});
const { addresses } = await serve(served, {
  on: { wrapper: tcp(0, () => new WrapperServerLink()) },
  store,
  provider: node,
});
process.stdout.write(`${addresses.wrapper?.port}\n`);

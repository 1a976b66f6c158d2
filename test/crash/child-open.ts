// A process that opens a store on a database, and tells how many migrations it applied: node child-open.js URL
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";

const [url] = process.argv.slice(2) as [string];
let applied = 0;
const store = await openPostgres(url, { connections: 2, onProgress: () => applied++ });
const count = await store.meters.count();
await store.close();
process.stdout.write(`${applied} ${count}\n`);

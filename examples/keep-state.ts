// What a meter keeps: PostgreSQL in the process here, `openPostgres(url)` on a server; keys sealed under a key-encryption key.
import { randomBytes } from "node:crypto";
import { toHex } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import { createSimulator } from "@dlmskit/simulator";
import type { Store } from "@dlmskit/storage";
import { openPglite } from "@dlmskit/storage-pg";

const keyEncryptionKey = randomBytes(16); // From a key store of yours; a store that was sealed opens with this key only.
const sealing = {
  wrap: (key: Uint8Array) => node.wrapKey(keyEncryptionKey, key),
  unwrap: (wrapped: Uint8Array) => node.unwrapKey(keyEncryptionKey, wrapped),
};

async function run(store: Store): Promise<string> {
  await using simulator = await createSimulator({ store, seed: "state" });
  const meter = await simulator.identity(0);
  return `${meter.serial} ${meter.systemTitle}`;
}

// Without a folder PGlite is in memory; `openPglite("./meters", …)` is what lasts.
await using store = await openPglite(undefined, { sealing });
console.log(await run(store));
console.log(await run(store), "– the same meter again");

// The rows decide: edit one, and the next start follows it.
const [row] = await store.loadProfileTemplates.list();
if (row !== undefined) await store.loadProfileTemplates.replace(row.id, { ...row, peakLoad: 5 });

const meterId = (await store.meters.list())[0]?.meterId ?? "";
const { from, upTo } = await store.counters.reserve({ meterId, keyId: "example" }, 0, 1024);
console.log(`counters ${from} to ${upTo} are this process's, and nobody else's for ever`);
console.log(toHex(sealing.wrap(new Uint8Array(16))).length / 2, "octets in the table for a key of 16");

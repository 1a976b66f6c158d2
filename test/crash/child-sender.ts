// A process that seals and sends one APDU after the other, until it is killed: node child-sender.js URL
// Its counters come from the database, few at a time, so that it reserves all the while.
import { fromAscii, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, Protection } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";
import { authenticationKey, encryptionKey } from "./known.ts";

const block = 8;
const key = { meterId: "sender", keyId: "one" };
const apdu = Uint8Array.of(0xc4, 0x01, 0xc1, 0x00, 0x11, 0x07);

const store = await openPostgres(process.argv[2] as string, { connections: 1 });
const counters = new CounterLedger({ start: 0, block });
const protection = new Protection({
  ...{ provider: node, suite: 0, keys: { encryptionKey, authenticationKey }, systemTitle: fromAscii("TST00002") },
  ...{ counters, replay: new CounterGuard() },
});
process.stdout.write("ready\n");
for (;;) {
  if (counters.wants !== undefined) {
    const { from, upTo } = await store.counters.reserve(key, 0, block);
    counters.reserved(upTo + 1, from);
  }
  const how = { authenticated: true, encrypted: true, form: "general-glo" } as const;
  while (counters.wants === undefined) process.stdout.write(`${toHex(protection.seal(apdu, how))}\n`);
}

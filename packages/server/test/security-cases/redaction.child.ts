import { inspect } from "node:util";
import { Fault } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import { openMemoryStore } from "@dlmskit/storage";
import { Case, forger, getOf, how, readOf, seal, setup, sta1 } from "./case.ts";
import { clientSecurity, keysOf, masterKeyOf } from "./parties.ts";

// Everything that a program may print of a server, a client and what goes wrong between them; the test looks for keys in it.

const show = (what: string, value: unknown): void => {
  const text = inspect(value, { depth: 12, showHidden: false, maxArrayLength: null, breakLength: 200 });
  process.stdout.write(`${what}: ${text}\n`);
  const seen = new WeakSet<object>();
  const json = JSON.stringify(value, (_, inner) => {
    if (typeof inner === "bigint") return String(inner);
    if (typeof inner !== "object" || inner === null) return inner;
    if (seen.has(inner)) return "seen";
    seen.add(inner);
    return inner;
  });
  process.stdout.write(`${what} as JSON: ${json}\n`);
};

for (const suite of [0, 1, 2] as const) {
  const store = await openMemoryStore();
  const one = new Case({ suite, server: { store } });
  const client = await one.open();
  await readOf(client);
  const wrapped = noble.wrapKey(masterKeyOf(suite), keysOf(suite).authenticationKey);
  const key = {
    type: "structure",
    value: [
      { type: "enum", value: 2 },
      { type: "octet-string", value: wrapped },
    ],
  } as const;
  await client.invoke(...setup, 2, { type: "array", value: [key] });
  // A key that does not unwrap, an APDU under another key, one that is cut off, keys of a wrong length.
  await client.invoke(...setup, 2, {
    type: "array",
    value: [{ ...key, value: [key.value[0], { ...key.value[1], value: wrapped.with(0, 1) }] }],
  });
  const keys = { ...keysOf(suite), authenticationKey: keysOf(suite).authenticationKey.toReversed() };
  await client.raw(seal(getOf(), [how], forger(suite, { keys })));
  await client.raw(seal(getOf(), [how], forger(suite)).subarray(0, 20));
  await client.raw(getOf(sta1));
  for (const wrong of [
    () => new Case({ suite, secrets: { encryptionKey: keysOf(suite).encryptionKey.subarray(1) } }),
    () => forger(suite, { keys: { ...keysOf(suite), encryptionKey: keysOf(suite).encryptionKey.subarray(1) } }),
    () => noble.unwrapKey(masterKeyOf(suite), wrapped.with(3, 1)),
    () =>
      client.initiator.changeKeys({
        ...clientSecurity(suite),
        keys: { ...keysOf(suite), encryptionKey: new Uint8Array(3) },
      }),
  ]) {
    try {
      wrong();
    } catch (caught) {
      show("thrown", caught);
      if (caught instanceof Fault) show("fault", { ...caught, stack: caught.stack });
    }
  }
  show("events", one.bench.events);
  show("counts", one.bench.server.counts);
  show("server", one.bench.server);
  show("meter", one.meter);
  show("state", one.state);
  show("credentials", one.state.credentials);
  show("association", one.meter.template.associations);
  show("protections", forger(suite));
  show("client", client.initiator);
  show("outputs", client.outputs);
  show("store", store);
}

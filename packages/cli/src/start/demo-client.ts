import { connect, DurableCounters, readInvocationCounter, type Session } from "@dlmskit/client";
import { Fault, fromAscii, fromHex, toHex } from "@dlmskit/core";
import { CounterGuard, Keys } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import type { ClientIdentity, Identity } from "@dlmskit/simulator";
import type { Store } from "@dlmskit/storage";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";

/** System title of the demonstration's client: three letters for the manufacturer, then a number. */
const systemTitle = new Uint8Array([...fromAscii("HES"), 0, 0, 0, 0, 1]);

export interface Place {
  readonly host: string;
  readonly port: number;
}

async function line({ host, port }: Place, client: number) {
  return { duplex: await tcpConnect(host, port), link: new WrapperClientLink({ client, server: 1 }) };
}

function secretOf({ password }: ClientIdentity): Uint8Array {
  if (password === undefined) throw new Fault("no-secret", "the association has no secret", { layer: "cli" });
  return typeof password === "string" ? fromAscii(password) : fromHex(password.hex);
}

function keyOf(hex: string | undefined, what: string): Uint8Array {
  if (hex === undefined) throw new Fault("no-key", `the association has no ${what}`, { layer: "cli" });
  return fromHex(hex);
}

/**
 * The client's invocation counters for the meter's key. They start above the last one that the meter received and above all that
 * an earlier run reserved, and are reserved in the store before they are used.
 */
async function countersFor(store: Store, place: Place, { meterId }: Identity, client: ClientIdentity) {
  const instanceId = client.invocationCounter;
  const seen =
    instanceId === undefined
      ? 0
      : await readInvocationCounter(await line(place, 16), { clock: systemClock, instanceId, provider: node });
  const key = { meterId, keyId: `client ${client.client} ${toHex(systemTitle)}` };
  const start = Math.max(seen + 1, ((await store.counters.reserved(key)) ?? -1) + 1);
  let next = start;
  const counters = new DurableCounters({
    start,
    block: 256,
    async reserve(upTo) {
      const { from } = await store.counters.reserve(key, next, upTo - next);
      if (from !== next)
        throw new Fault("counter-taken", "another process reads this meter as the same client", { layer: "cli" });
      next = upTo;
    },
  });
  return counters;
}

/** Opens an association as one of the meter's clients, over the socket, as any head-end system would. */
export async function openAs(store: Store, place: Place, meter: Identity, client: ClientIdentity): Promise<Session> {
  const keys = new Keys({
    encryptionKey: keyOf(client.encryptionKey, "encryption key"),
    authenticationKey: keyOf(client.authenticationKey, "authentication key"),
  });
  return connect(await line(place, client.client), {
    clock: systemClock,
    provider: node,
    ciphered: true,
    mechanism: client.mechanism as 2,
    secret: secretOf(client),
    security: {
      suite: client.suite,
      keys,
      systemTitle,
      serverSystemTitle: fromHex(meter.systemTitle),
      counters: await countersFor(store, place, meter, client),
      replay: new CounterGuard(),
    },
  });
}

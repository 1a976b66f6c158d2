import { connect, type Session } from "@dlmskit/client";
import { fromHex, toHex } from "@dlmskit/core";
import { CounterLedger } from "@dlmskit/security";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import {
  type Departure,
  type Identity,
  identityOptions,
  parseKeysFile,
  parseRecord,
  recordingTap,
  replayRecord,
} from "../src/index.ts";
import { bottled } from "./bottle.ts";

/** A simulator whose sessions are recorded. */
export async function recorded({ limit, seed = "test" }: { limit?: number; seed?: string } = {}) {
  let text = "";
  let full = 0;
  const tap = recordingTap({
    write: (more) => {
      text += more;
    },
    now: () => Date.UTC(2026, 10, 24),
    full: () => full++,
    ...(limit === undefined ? {} : { limit }),
  });
  const bottle = await bottled({ taps: [tap], seed });
  const identity = await bottle.simulator.identity(0);
  return { ...bottle, identity, text: () => text, full: () => full };
}

export function keysOf({ clients, systemTitle }: Identity) {
  const secrets = clients.map(({ client, password, encryptionKey, authenticationKey }) => [
    String(client),
    {
      ...(password === undefined ? {} : { password }),
      ...(encryptionKey === undefined ? {} : { encryptionKey, authenticationKey }),
    },
  ]);
  return parseKeysFile(JSON.stringify({ systemTitle, clients: Object.fromEntries(secrets) }));
}

/** A client of what replays the record. */
export function replaying(text: string, identity: Identity, departures: Departure[], keys = keysOf(identity)) {
  const clock = new VirtualClock({ epoch: 0 });
  const replay = replayRecord(parseRecord(text), { clock, keys, departed: (one) => departures.push(one) });
  const session = async (client: number): Promise<Session> => {
    const [near, far] = memoryPair();
    replay.server.accept(far, new WrapperServerLink({ inactivity: 0 }));
    const counters = new CounterLedger({ start: 1000 });
    counters.reserved(0x10000);
    const own = keys.clients?.[String(client)];
    const secrets = own && {
      ...(own.password && { password: { hex: toHex(own.password) } }),
      ...(own.encryptionKey && { encryptionKey: toHex(own.encryptionKey) }),
      ...(own.authenticationKey && { authenticationKey: toHex(own.authenticationKey) }),
    };
    const clients = identity.clients.map((one) => (one.client === client ? { ...one, ...secrets } : one));
    const mine = { systemTitle: fromHex("4845530000000002"), counters };
    const { link, options } = identityOptions(
      { ...identity, clients, systemTitle: toHex(keys.systemTitle as Uint8Array) },
      client,
      mine,
    );
    return connect({ duplex: near, link }, { clock, ...options });
  };
  return { replay, session };
}

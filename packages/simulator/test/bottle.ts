import { type Data, treeOf } from "@dlmskit/apdu";
import { type ConnectOptions, connect, type Session } from "@dlmskit/client";
import { fromAscii, fromHex } from "@dlmskit/core";
import type { AttributeDescriptor } from "@dlmskit/cosem-objects";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { type MemoryState, openMemoryStore } from "@dlmskit/storage";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { createSimulator, type Identity, type Simulator, type SimulatorOptions } from "../src/index.ts";

/** 24 November 2026, 14:00 in India. */
export const now0 = Date.UTC(2026, 10, 24, 8, 30);
export const hour = 3_600_000;
export const day = 24 * hour;
export const ist = 330 * 60_000;

/** A simulator in virtual time, on a store of its own or on a state that outlives it. */
export async function bottled(options: SimulatorOptions = {}, state?: MemoryState) {
  const clock = new VirtualClock({ epoch: now0 });
  const store = options.store ?? (await openMemoryStore({}, state));
  const simulator = await createSimulator({ seed: "test", clock, store, limits: { inactivity: 0 }, ...options });
  return { clock, store, simulator };
}

export type Bottle = Awaited<ReturnType<typeof bottled>>;

/** All that comes. */
export async function listed<V>(stream: AsyncIterable<V>): Promise<V[]> {
  const all: V[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** An attribute as the meter itself reads it. */
export const readBy = (simulator: Simulator, index: number, attribute: AttributeDescriptor): Promise<Data> =>
  simulator.using(index, async (meter) => treeOf(await meter.get(attribute)));

/** Steps to an instant while the machine's clock goes on a little. */
export async function stepTo(
  { simulator, clock }: Pick<Bottle, "simulator" | "clock">,
  instant: number,
): Promise<void> {
  let over = false;
  const stepped = simulator.time.step(instant).finally(() => {
    over = true;
  });
  while (!over) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (!over) clock.advance(1);
  }
  await stepped;
}

const counters = new Map<string, CounterLedger>();

function ledger(key: string): CounterLedger {
  let found = counters.get(key);
  if (found === undefined) {
    found = new CounterLedger({ start: 1 });
    found.reserved(0x10000000);
    counters.set(key, found);
  }
  return found;
}

/** An association of a client with a meter, as who has the identities file opens it. */
export async function associate(
  simulator: Simulator,
  clock: VirtualClock,
  client: number,
  { meter = 0, identity, ...more }: { meter?: number; identity?: Identity } & Partial<ConnectOptions> = {},
): Promise<Session> {
  const known = identity ?? (await simulator.identity(meter));
  const own = known.clients.find((one) => one.client === client);
  if (own === undefined) throw new Error(`no client ${client}`);
  const { password, encryptionKey, authenticationKey, mechanism, ciphered } = own;
  const [near, far] = memoryPair();
  simulator.server.accept(far, new WrapperServerLink({ inactivity: 0 }));
  return connect(
    { duplex: near, link: new WrapperClientLink({ client, server: known.serverAddress }) },
    {
      ...{ clock, mechanism: mechanism as 0, ciphered },
      ...more,
      ...(password === undefined
        ? {}
        : { secret: typeof password === "string" ? fromAscii(password) : fromHex(password.hex) }),
      ...(encryptionKey === undefined || authenticationKey === undefined
        ? {}
        : {
            security: {
              suite: 0,
              keys: { encryptionKey: fromHex(encryptionKey), authenticationKey: fromHex(authenticationKey) },
              counters: ledger(encryptionKey),
              replay: new CounterGuard(),
              systemTitle: fromAscii("HES00001"),
            },
          }),
    },
  );
}

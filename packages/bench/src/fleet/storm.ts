import { monitorEventLoopDelay } from "node:perf_hooks";
import { fromData, T } from "@dlmskit/apdu";
import { listen, type PushKeys } from "@dlmskit/client";
import { fromHex, instantOf, toHex } from "@dlmskit/core";
import { createSimulator, type Simulator } from "@dlmskit/simulator";
import { Control, Watch } from "@dlmskit/simulator/control";
import { WrapperServerLink } from "@dlmskit/wrapper";
import type { Figure } from "../figures.ts";

const meters = Number(process.env.DLMSKIT_BENCH_METERS ?? 100_000);
/** One feeder supplies all meters. */
const network = { metersPerTransformer: 100, transformersPerFeeder: Math.ceil(meters / 100) };
const pushClient = 64;
/** Without a push for this long, ms, what has not come is missing. */
const patience = 180_000;

/** The pushes of one kind that the listener has. */
class Pushes {
  readonly #came = new Set<string>();
  readonly #bySecond = new Map<number, number>();
  repeated = 0;
  first = 0;
  last = 0;

  add(systemTitle: string, at: number): void {
    this.last = performance.now();
    if (this.#came.size === 0) this.first = this.last;
    if (this.#came.has(systemTitle)) this.repeated++;
    this.#came.add(systemTitle);
    const second = Math.floor(at / 1000);
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1);
  }

  get size(): number {
    return this.#came.size;
  }

  /** The most pushes that meters made in one second of their time. */
  get busiest(): number {
    return Math.max(0, ...this.#bySecond.values());
  }

  /** Waits until every meter has pushed, or until no push comes any more. */
  async all(): Promise<void> {
    this.last = performance.now();
    while (this.size < meters && performance.now() - this.last < patience) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function keysOf(simulator: Simulator): Promise<ReadonlyMap<string, PushKeys>> {
  const keys = new Map<string, PushKeys>();
  for await (const { systemTitle, clients } of simulator.identities()) {
    const own = clients.find(({ client }) => client === pushClient);
    keys.set(systemTitle.toLowerCase(), {
      encryptionKey: fromHex(own?.encryptionKey ?? ""),
      authenticationKey: fromHex(own?.authenticationKey ?? ""),
    });
  }
  return keys;
}

/**
 * The pushes of the meters of one feeder, when its power goes (last gasp) and when it is back (after a random delay of each meter): over
 * TCP, ciphered, to a listener in this process.
 */
export async function storm(): Promise<Figure[]> {
  let keys: ReadonlyMap<string, PushKeys> = new Map();
  let pushes = new Pushes();
  let unreadable = 0;
  /** Why the listener dropped octets or lost a connection: how often, and the last message, by code. */
  const dropped = new Map<string, { readonly times: number; readonly message: string }>();
  await using listener = await listen({
    port: 0,
    link: () => new WrapperServerLink({ end: "client" }),
    keys: (systemTitle) => keys.get(toHex(systemTitle)),
    received({ systemTitle, verified, values }) {
      const clock = values.find(({ classId }) => classId === 8)?.value;
      const at = clock && instantOf(fromData(T.dateTimeOctets, clock));
      if (systemTitle === undefined || !verified || at === undefined) unreadable++;
      else pushes.add(toHex(systemTitle), at);
    },
    dropped: ({ code, message }) => void dropped.set(code, { times: (dropped.get(code)?.times ?? 0) + 1, message }),
  });
  const watch = new Watch();
  await using simulator = await createSimulator(
    watch.options({ meters, seed: "bench", network, push: `tcp://127.0.0.1:${listener.port}` }),
  );
  const control = new Control(simulator, watch);
  keys = await keysOf(simulator);

  const loop = monitorEventLoopDelay();
  loop.enable();
  const switched = async (on: boolean): Promise<{ readonly seconds: number; readonly failed: number }> => {
    pushes = new Pushes();
    const began = performance.now();
    const { failed } = await control.feederPower("feeder-1", on);
    const seconds = (performance.now() - began) / 1000;
    await pushes.all();
    return { seconds, failed };
  };
  const down = await switched(false);
  const gasps = pushes;
  const up = await switched(true);
  const { size, repeated, busiest, first, last } = pushes;
  const none = { unit: "", goal: 0 };
  return [
    { name: "meters of the feeder", value: meters, unit: "" },
    { name: "meters whose power could not be switched", value: down.failed + up.failed, ...none },
    { name: "time until the power of all of them was cut", value: down.seconds, unit: "s" },
    { name: "last gasps that did not come", value: meters - gasps.size, ...none },
    { name: "time until the power of all of them was back", value: up.seconds, unit: "s" },
    { name: "restorations that were received", value: size, unit: "" },
    { name: "restorations that did not come", value: meters - size, ...none },
    { name: "restorations or last gasps that came twice", value: repeated + gasps.repeated, ...none },
    { name: "pushes that the listener could not read or verify", value: unreadable, ...none },
    ...[...dropped].map(([code, { times, message }]) => ({ name: `${code}: ${message}`, value: times, unit: "" })),
    { name: "longest turn of the event loop", value: loop.max / 1e9, unit: "s" },
    { name: "restorations received a second", value: (size - 1) / ((last - first) / 1000), unit: "/s" },
    { name: "most restorations of one second by the clocks of the meters", value: busiest, unit: "" },
  ];
}

import type { VirtualClock } from "@dlmskit/transport";
import type { CampaignItem, CampaignRow, Simulator } from "../src/index.ts";
import { columnText } from "../src/truth/cells.ts";
import { associate } from "./bottle.ts";

interface Reading {
  readonly profiles: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly client?: number;
}

/** Waits for a promise; the clock goes on only when nothing else is left to do. */
async function settled<V>(clock: VirtualClock, promise: Promise<V>): Promise<V> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  promise.then(end, end);
  for (let idle = 0; !over; idle++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (idle < 20 || over) continue;
    const { next } = clock;
    clock.advance(next === undefined ? 1 : Math.max(1, next - clock.now()));
    idle = 0;
  }
  return promise;
}

/** Reads profiles of every meter, as a head-end system does: what cannot be read is left out. */
export async function* campaign(
  simulator: Simulator,
  clock: VirtualClock,
  { profiles, from, to, client = 48 }: Reading,
): AsyncGenerator<CampaignItem, undefined> {
  for (let index = 0; index < simulator.count; index++) yield* await readMeter(simulator, clock, index);

  async function readMeter(of: Simulator, time: VirtualClock, index: number): Promise<CampaignRow[]> {
    const items: CampaignRow[] = [];
    const meter = of.fleet.serial(index);
    try {
      const session = await settled(time, associate(of, time, client, { meter: index }));
      for (const profile of profiles) {
        const read = await settled(time, session.profile(profile as never, { from, to }));
        for (const row of read.rows) {
          const cells = row.map(({ data }, at) => [columnText(read.columns[at] as never), { data }] as const);
          items.push({ kind: "row", meter, profile, cells: new Map(cells), line: items.length + 1 });
        }
      }
      await settled(time, session.release());
    } catch {
      // A meter with a fault.
    }
    return items;
  }
}

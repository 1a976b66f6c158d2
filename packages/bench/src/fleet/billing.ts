import type { Session } from "@dlmskit/client";
import {
  type CampaignItem,
  type CampaignRow,
  createSimulator,
  type FaultsFile,
  parseFaults,
  type Score,
  type Simulator,
  scoreCampaign,
} from "@dlmskit/simulator";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import type { Figure } from "../figures.ts";
import { open } from "./associate.ts";

const meters = 1000;
const billing = "1.0.98.1.0.255";
const indiaEast = 330 * 60_000;
const october = Date.UTC(2026, 9, 1) - indiaEast;
const november = Date.UTC(2026, 10, 1) - indiaEast;
const reading = november + 600_000;
const goal = 120;

const faulty = (): FaultsFile =>
  parseFaults({
    faults: [
      { fault: "silent", meters: { share: 0.1 } },
      { fault: "bad-tag", meters: { first: 2, count: 3 } },
      { fault: "result", meters: { share: 0.2 }, with: { classId: 7 } },
    ],
  });

/** Waits for a promise. The clock goes on, to its next timer, only when nothing else is left to do. */
async function settled<V>(clock: VirtualClock, promise: Promise<V>): Promise<V> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  promise.then(end, end);
  for (let idle = 0; !over; idle++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (idle < 20 || over) continue;
    clock.advance(Math.max(1, (clock.next ?? 0) - clock.now()));
    idle = 0;
  }
  return promise;
}

async function* campaign(simulator: Simulator, clock: VirtualClock): AsyncGenerator<CampaignItem, undefined> {
  for (let index = 0; index < meters; index++) {
    const [near, far] = memoryPair();
    simulator.server.accept(far, new WrapperServerLink({ inactivity: 0 }));
    const rows: CampaignRow[] = [];
    try {
      const opening = open(near, await simulator.identity(index), 48, clock);
      const session: Session = await settled(clock, opening);
      const read = await settled(clock, session.profile(billing, { from: november - 1000, to: november }));
      for (const row of read.rows) {
        const cells = row.map(({ data }, at) => {
          const { instanceId, attributeId } = read.columns[at] as { instanceId: string; attributeId: number };
          return [`${instanceId}:${attributeId}`, { data }] as const;
        });
        const meter = simulator.fleet.serial(index);
        rows.push({ kind: "row", meter, profile: billing, cells: new Map(cells), line: index + 1 });
      }
      await settled(clock, session.release());
    } catch {
      // A meter with a fault.
    }
    yield* rows;
  }
}

interface Month {
  /** By the clock, and of the processor. */
  readonly seconds: number;
  readonly processor: number;
  readonly score: Score;
}

async function month(faults: FaultsFile | undefined): Promise<Month> {
  const began = performance.now();
  const before = process.cpuUsage();
  const clock = new VirtualClock({ epoch: october });
  await using simulator = await createSimulator({
    ...{ meters, seed: "bench", clock, start: october, speed: 0, limits: { inactivity: 0 } },
    ...(faults && { faults }),
  });
  await settled(clock, simulator.time.step(reading));
  const scoring = scoreCampaign(simulator, campaign(simulator, clock), {
    ...{ from: november, to: november, read: { from: reading, to: reading } },
    ...(faults && { faults }),
  });
  for (;;) {
    const { done, value } = await scoring.next();
    if (done !== true) continue;
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - began) / 1000, processor: (user + system) / 1e6, score: value };
  }
}

/** A month of billing of 1,000 meters in virtual time, read by the client and scored against the known truth. */
export async function billingMonth(): Promise<Figure[]> {
  const whole = await month(undefined);
  const { seconds, processor, score } = await month(faulty());
  const { atLeast = 0, atMost = 0 } = score.predicted ?? {};
  return [
    { name: "a month of 1,000 meters: start, month, read and score", value: whole.seconds, unit: "s", goal },
    { name: "  of the processor", value: whole.processor, unit: "s" },
    { name: "bills that are missing or differ from the truth", value: meters - whole.score.right, unit: "", goal: 0 },
    { name: "the same month with faults", value: seconds, unit: "s", goal },
    { name: "  of the processor", value: processor, unit: "s" },
    { name: "bills that were read in spite of the faults", value: score.right, unit: "" },
    { name: "uncertainty of what the faults predict", value: atMost - atLeast, unit: "", goal: 0 },
    {
      name: "difference between the bills read and the bills predicted",
      value: Math.abs(score.right - atLeast),
      unit: "",
      goal: 0,
    },
  ];
}

import { createSimulator } from "@dlmskit/simulator";
import type { Figure } from "../figures.ts";
import { energy, profile } from "./associate.ts";

/** How long one read of a whole profile blocks the event loop, and how fast rows and registers are computed. */
export async function reads(): Promise<Figure[]> {
  const simulator = await createSimulator({ meters: 300, seed: "bench" });
  const times: number[] = [];
  for (let index = 0; index < 20; index++) {
    await simulator.using(index, async (meter) => {
      const began = performance.now();
      const data = await meter.get(profile);
      times.push(performance.now() - began);
      return data;
    });
  }
  times.sort((one, other) => one - other);
  const perSecond = async (indexes: number): Promise<number> => {
    const began = performance.now();
    for (let index = 0; index < indexes; index++) await simulator.using(index, (meter) => meter.get(energy));
    return indexes / ((performance.now() - began) / 1000);
  };
  const cold = await perSecond(300);
  const warm = await perSecond(200);
  await simulator.close();
  return [
    { name: "a whole load profile (4,320 rows) asked of a cold meter, median", value: times[10] as number, unit: "ms" },
    { name: "the same, longest of 20", value: times.at(-1) as number, unit: "ms" },
    { name: "meters loaded, register read, let go: cold", value: cold, unit: "/s" },
    { name: "the same, warm", value: warm, unit: "/s" },
  ];
}

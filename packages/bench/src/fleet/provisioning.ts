import { createSimulator } from "@dlmskit/simulator";
import { openMemoryStore } from "@dlmskit/storage";
import { type Figure, ms } from "../figures.ts";
import { held } from "../held.ts";

const meters = 1_000_000;

/** The cost of a million meters before a client uses any of them. */
export async function provisioning(): Promise<Figure[]> {
  // The first simulator warms up the code and the shared data.
  await (await createSimulator({ seed: "bench" })).close();
  const store = await openMemoryStore();
  const before = await held();
  const began = performance.now();
  const simulator = await createSimulator({ meters, seed: "bench", store });
  const provisioned = ms(`${meters.toLocaleString("en")} meters provisioned`, began, 10_000);
  const memory = (await held()) - before;
  const asked = performance.now();
  let octets = 0;
  for await (const { clients } of simulator.identities({ of: { first: 500_000, meters: 20_000 } }))
    octets += clients.length;
  const identity = {
    name: "identities, of 5 clients each",
    value: 20_000 / ((performance.now() - asked) / 1000),
    unit: "/s",
  };
  if (octets !== 100_000) throw new Error("identities are missing");
  await simulator.close();
  return [
    provisioned,
    { name: "memory of a provisioned meter", value: Math.max(0, memory) / meters, unit: "octets", goal: 100 },
    { name: "memory of all of them", value: memory / 1024, unit: "KiB" },
    identity,
  ];
}

// Controls simulated meters while they run: cuts the power of a transformer, and takes everything back.
import { createSimulator } from "@dlmskit/simulator";
import { Control, serveControl, Watch } from "@dlmskit/simulator/control";

const watch = new Watch();
await using simulator = await createSimulator(watch.options({ meters: 120, seed: "demo", speed: 0 }));
const control = new Control(simulator, watch);
await using served = await serveControl(control, { port: 0 });

const serial = simulator.fleet.serial(60);
const { id } = await control.snapshot();

// The same by HTTP, as any program can do it.
const origin = `http://${served.host}:${served.port}`;
const answer = await fetch(`${origin}/feeders/transformer-2/power`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ on: false }),
});
console.log("without power:", ((await answer.json()) as { meters: number }).meters);
console.log("powered:", (await control.meter(serial)).powered);

await control.restore(id);
console.log("powered after the restore:", (await control.meter(serial)).powered);

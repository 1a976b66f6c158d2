import { type CloneLimits, cloneMeter, type TemplateForm } from "@dlmskit/simulator";
import { systemClock } from "@dlmskit/transport/node";
import { Progress } from "../output/progress.ts";
import { mechanisms } from "./mechanisms.ts";
import type { MeterOptions } from "./meter-options.ts";
import { openMeter } from "./open.ts";

/** Reads a whole meter into a template. Faults of `openMeter` and `cloneMeter`. */
export async function clonedMeter(
  place: string,
  options: MeterOptions,
  name: string,
  limits: CloneLimits = {},
): Promise<TemplateForm> {
  using progress = new Progress(options, "reading the object list");
  await using session = await openMeter(place, options, progress);
  let told = "";
  progress.at(() => told);
  const form = await cloneMeter(session, {
    ...{ name, client: options.client, limits },
    mechanism: mechanisms[options.auth],
    ciphered: session.association.ciphered,
    now: () => systemClock.now(),
    progress(read, of) {
      told = `read ${read} of ${of} objects`;
    },
  });
  progress.end();
  return form;
}

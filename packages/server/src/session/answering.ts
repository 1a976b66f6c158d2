import type { DataLike } from "@dlmskit/apdu";
import type { Incoming, Responder, ResultsOf } from "@dlmskit/association";
import type { CosemDateTime } from "@dlmskit/core";
import { after, type MaybePromise } from "@dlmskit/cosem-objects";
import { type Asker, dispatch, requiredProtection } from "../access/dispatch.ts";
import type { Environment } from "../meter/environment.ts";
import { resultNames } from "../metrics.ts";
import type { ItemTurns } from "../runtime/fair-share.ts";
import { serviceNamed } from "../services/table.ts";

/** The results of a request, one per item. Rejects in the same cases as `dispatch`. */
export function perform(
  asker: Asker,
  incoming: Incoming,
  environment: Environment,
  { pace, turns }: { pace(data: DataLike): DataLike; readonly turns: ItemTurns },
): MaybePromise<ResultsOf> {
  const { known } = asker.live;
  const { metrics, clock } = environment;
  const began = metrics === undefined ? 0 : clock.now();
  const results = dispatch(asker, incoming, {
    reach: environment.reach,
    pace,
    item: (run) => turns.run(run),
    failed: (what, error) => environment.failed(known, what, error),
    notKept: (cause) => environment.storeFailed(known, "a change", cause),
  });
  if (metrics === undefined) return results;
  return after(results, (done) => {
    const { service } = incoming.request;
    metrics.request({ service, results: resultNames(done), ms: clock.now() - began });
    return done;
  });
}

/** The meter's local time for the response to an ACCESS request that has a date-time. */
function timeOf({ live, device }: Asker, { request }: Incoming): CosemDateTime | undefined {
  if (request.service !== "access" || request.dateTime === undefined) return undefined;
  return live.known.template.local(device, (object) => live.values(object)).dateTimeOf(live.now);
}

/** Answers a request. If its results cannot be encoded, each item is answered with hardware-fault. */
export function answer(
  asker: Asker,
  responder: Responder,
  { incoming, results }: { readonly incoming: Incoming; readonly results: ResultsOf },
  { clock, failed }: Environment,
): void {
  try {
    const least = asker.association.security.ciphered ? requiredProtection(asker, incoming, results) : undefined;
    responder.respond(incoming.id, results, clock.now(), least, timeOf(asker, incoming));
  } catch (error) {
    failed(asker.live.known, "a result cannot be encoded", error);
    const service = serviceNamed(incoming.request.service);
    const substitute = (incoming.request.items as readonly unknown[]).map((item) =>
      service.result({ error: "hardware-fault" }, item),
    );
    responder.respond(incoming.id, substitute as unknown as ResultsOf, clock.now());
  }
}

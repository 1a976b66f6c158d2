import type { DataLike } from "@dlmskit/apdu";
import type { Incoming, Responder, ResultsOf } from "@dlmskit/association";
import type { CosemDateTime } from "@dlmskit/core";
import { after, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Clock } from "@dlmskit/transport";
import type { Call, Outcome } from "../access/call.ts";
import { type Asker, type DispatchPort, dispatch, requiredProtection } from "../access/dispatch.ts";
import type { Environment } from "../meter/environment.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import { type Metrics, resultNames } from "../metrics.ts";
import type { ItemTurns } from "../runtime/fair-share.ts";
import type { Paced } from "../runtime/pacer.ts";
import { serviceNamed } from "../services/table.ts";
import type { SessionPort } from "./session-port.ts";

type Performing = Pick<SessionPort, "environment" | "pacer" | "share">;

/** One object a request with methods: an object of functions takes several times the memory. */
class RequestPort implements DispatchPort {
  readonly #session: Performing;
  readonly #paced: Paced;
  #turns: ItemTurns | undefined;
  readonly #meter: KnownMeter;

  constructor(session: Performing, paced: Paced, meter: KnownMeter) {
    this.#session = session;
    this.#paced = paced;
    this.#meter = meter;
  }

  reach(call: Call): MaybePromise<Outcome> {
    return this.#session.environment.reach(call);
  }

  pace(data: DataLike): DataLike {
    return this.#session.pacer.pace(data, this.#paced);
  }

  item<T>(run: () => MaybePromise<T>): MaybePromise<T> {
    this.#turns ??= this.#session.share.request();
    return this.#turns.run(run);
  }

  failed(what: string, error: unknown): void {
    this.#session.environment.failed(this.#meter, what, error);
  }

  notKept(cause: unknown): void {
    this.#session.environment.storeFailed(this.#meter, "a change", cause);
  }
}

/** The results of a request, one per item. Rejects in the same cases as `dispatch`. `paced` is resumed for the next part of a long answer. */
export function perform(asker: Asker, incoming: Incoming, session: Performing, paced: Paced): MaybePromise<ResultsOf> {
  const { metrics, clock } = session.environment;
  const port = new RequestPort(session, paced, asker.live.known);
  return metrics === undefined
    ? dispatch(asker, incoming, port)
    : measured(metrics, clock, incoming, () => dispatch(asker, incoming, port));
}

function measured(
  metrics: Metrics,
  clock: Clock,
  { request: { service } }: Incoming,
  run: () => MaybePromise<ResultsOf>,
): MaybePromise<ResultsOf> {
  const began = clock.now();
  return after(run(), (done) => {
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

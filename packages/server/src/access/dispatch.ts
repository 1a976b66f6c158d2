import { DataAccessResult, type DataAccessResultName, type DataLike } from "@dlmskit/apdu";
import type { Incoming, ResultsOf } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import {
  type AnyObject,
  type AssociationInformation,
  after,
  afterEach,
  attempt,
  attributeAccess,
  type MaybePromise,
  methodAccess,
  type RequestProtection,
  refusalOf,
  responseProtection,
} from "@dlmskit/cosem-objects";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import { KeptRefusal, orKeptRefusal, unlessRefused } from "../runtime/kept-refusal.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import { changes, type Resolved, type ServerService, type Wish } from "../services/service.ts";
import { serviceNamed } from "../services/table.ts";
import type { Call, Outcome } from "./call.ts";
import type { GrantedRights } from "./granted-rights.ts";
import { objectFor } from "./perform.ts";

/** The source of a request: one association of one client with one logical device of one meter. */
export interface Asker {
  readonly live: LiveMeter;
  readonly device: Device;
  readonly association: Association;
  /** The access rights of the association. */
  readonly rights: GrantedRights;
  readonly information: AssociationInformation;
}

export interface DispatchPort {
  reach(call: Call): MaybePromise<Outcome>;
  /** Lets a long answer share the event loop with other work. */
  pace(data: DataLike): DataLike;
  /** Runs one item when it is its turn. */
  item<T>(run: () => MaybePromise<T>): MaybePromise<T>;
  /** Called when a hook or an interceptor threw an error that is not a refusal. */
  failed(what: string, error: unknown): void;
  /** Called when a change could not be kept and was not made. */
  notKept(cause: unknown): void;
}

/**
 * The results of a request, one per item. The changes of a request are one unit of work; a refused item changes nothing in it.
 * Rejects if this process no longer has the meter (Faults `lease-lost`, `counter-replayed`): nothing was done then.
 */
export function dispatch(asker: Asker, { request, protection }: Incoming, port: DispatchPort): MaybePromise<ResultsOf> {
  const { live, device, association, rights, information } = asker;
  const service = serviceNamed(request.service);
  const by = { client: association.client, association: association.name } as const;
  const items = request.items as readonly unknown[];
  const run = (work: Work | undefined): MaybePromise<unknown[]> => {
    const asked = { by, client: association.client, association: information };
    const view = live.view(device, work === undefined ? asked : { ...asked, work });
    const one = (item: unknown): MaybePromise<unknown> => {
      const wish = service.wish(item, device);
      if ("refused" in wish) {
        failed = true;
        return service.result({ error: wish.refused }, item);
      }
      const object = objectOf(device, rights, wish);
      const call = { ...wish, meter: live.known, device, view, association, rights, by, protection, object } as Call;
      const reach = (): MaybePromise<Outcome> => after(port.reach(call), checked);
      const change = (): MaybePromise<Outcome | KeptRefusal> => orKeptRefusal(reach);
      const done = attempt<Outcome>(
        work === undefined
          ? () => live.limit(reach())
          : () =>
              after(
                work.attempt(() => succeeded(live.within(work, change))),
                unlessRefused,
              ),
        (error) => ({
          error: resultOf(error, () => port.failed(whatOf(wish), error)),
        }),
      );
      return after(done, (outcome) => {
        failed ||= outcome.error !== undefined && outcome.error !== "success";
        return service.result(
          outcome.error === undefined && outcome.data !== undefined ? { data: port.pace(outcome.data) } : outcome,
          item,
        );
      });
    };
    let failed = false;
    const stops = service.stops?.(request) === true;
    const next = (item: unknown): MaybePromise<unknown> =>
      stops && failed ? service.result({ error: "other-reason" }, item) : one(item);
    return afterEach(items, (item) => port.item(() => next(item)));
  };
  if (!changes(service, items, device)) return run(undefined) as MaybePromise<ResultsOf>;
  return attempt(
    () => live.change(by, run) as MaybePromise<ResultsOf>,
    (error) => notKept(error, service, items, port),
  );
}

/** The requested object, if a client with these rights can see it. */
function objectOf(device: Device, rights: GrantedRights, wish: Wish): AnyObject | undefined {
  if (wish.object !== undefined) return rights.sees(wish.object) ? wish.object : undefined;
  const found = objectFor(device, rights, wish.classId, wish.instanceId);
  return typeof found === "string" ? undefined : found;
}

/** Checks the outcome, because an interceptor in plain JavaScript can return any value. */
function checked(outcome: Outcome): Outcome {
  const known =
    typeof outcome === "object" &&
    outcome !== null &&
    Object.keys(outcome).every((key) => key === "data" || key === "error") &&
    (outcome.error === undefined || Object.hasOwn(DataAccessResult, outcome.error));
  if (known) return outcome;
  throw new Fault("bad-results", "an interceptor returned no outcome", {
    layer: "server",
    hint: "return {}, { data } or { error }, where error is the name of a Data-Access-Result",
  });
}

/** An item that ended with an error undoes its changes, unless its refusal keeps them. */
function succeeded(outcome: MaybePromise<Outcome | KeptRefusal>): MaybePromise<Outcome | KeptRefusal> {
  return after(outcome, (done) => {
    if (done instanceof KeptRefusal) return done;
    if (done.error === undefined || done.error === "success") return done;
    throw new RefusedItem(done);
  });
}

class RefusedItem extends Error {
  readonly outcome: Outcome & { readonly error: DataAccessResultName };
  constructor(outcome: Outcome) {
    super("refused");
    this.outcome = outcome as Outcome & { readonly error: DataAccessResultName };
  }
}

function resultOf(error: unknown, failed: () => void): DataAccessResultName {
  if (error instanceof RefusedItem) return error.outcome.error;
  const refused = refusalOf(error);
  if (refused !== undefined) return refused;
  failed();
  return isLate(error) ? "temporary-failure" : "hardware-fault";
}

/** Whether a hook did not end in time. */
const isLate = (error: unknown): boolean => error instanceof Fault && error.code === "hook-timeout";

const whatOf = ({ do: what, instanceId, index }: Wish): string => `${what} ${instanceId}:${index}`;

function notKept(
  error: unknown,
  service: ServerService<unknown, unknown>,
  items: readonly unknown[],
  { notKept: told, failed }: DispatchPort,
): ResultsOf {
  const cause = error instanceof Fault && error.code === "not-kept" ? error.cause : undefined;
  if (cause === undefined) {
    failed("a change", error);
    const result = isLate(error) ? "temporary-failure" : "hardware-fault";
    return items.map((item) => service.result({ error: result }, item)) as unknown as ResultsOf;
  }
  if (cause instanceof Fault && (cause.code === "lease-lost" || cause.code === "counter-replayed")) throw cause;
  told(cause);
  return items.map((item) => service.result({ error: "temporary-failure" }, item)) as unknown as ResultsOf;
}

/** The required protection of the answer, by the rights of all granted items. A refusal contains no data to protect. */
export function requiredProtection(
  { device, rights: granting }: Pick<Asker, "device" | "rights">,
  { request }: Incoming,
  results: ResultsOf,
): RequestProtection {
  const rights = granting.current;
  const service = serviceNamed(request.service);
  let bits = 0;
  for (const [at, item] of (request.items as readonly unknown[]).entries()) {
    if (!granted(results[at])) continue;
    const wish: Resolved = service.wish(item, device);
    const object = "refused" in wish ? undefined : objectOf(device, granting, wish);
    if ("refused" in wish || object === undefined) continue;
    bits |=
      wish.do === "invoke" ? methodAccess(rights, object, wish.index) : attributeAccess(rights, object, wish.index);
  }
  return responseProtection(bits);
}

function granted(result: ResultsOf[number] | undefined): boolean {
  if (result === undefined || typeof result === "string") return result === "success";
  return "result" in result ? result.result === "success" : "data" in result;
}

import { DataAccessResult, type DataAccessResultName, type DataLike } from "@dlmskit/apdu";
import type { Incoming, ResultsOf } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import {
  type Actor,
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
import type { View } from "../meter/view.ts";
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
export function dispatch(asker: Asker, incoming: Incoming, port: DispatchPort): MaybePromise<ResultsOf> {
  const { live, device, association } = asker;
  const service = serviceNamed(incoming.request.service);
  const by = { client: association.client, association: association.name } as const;
  const items = incoming.request.items as readonly unknown[];
  const run = (work: Work | undefined) => new Dispatched({ asker, incoming, port, service, by, work }).results(items);
  if (!changes(service, items, device)) return run(undefined) as MaybePromise<ResultsOf>;
  return attempt(
    () => live.change(by, run) as MaybePromise<ResultsOf>,
    (error) => notKept(error, service, items, port),
  );
}

interface DispatchedPort {
  readonly asker: Asker;
  readonly incoming: Incoming;
  readonly port: DispatchPort;
  readonly service: ServerService<unknown, unknown>;
  readonly by: Actor & { readonly client: number };
  /** Undefined if the request changes nothing. */
  readonly work: Work | undefined;
}

/** One request while its items are done, one after another. */
class Dispatched {
  readonly #asker: Asker;
  readonly #incoming: Incoming;
  readonly #port: DispatchPort;
  readonly #service: ServerService<unknown, unknown>;
  readonly #by: DispatchedPort["by"];
  readonly #work: Work | undefined;
  readonly #view: View;
  readonly #stops: boolean;
  #failed = false;

  constructor({ asker, incoming, port, service, by, work }: DispatchedPort) {
    this.#asker = asker;
    this.#incoming = incoming;
    this.#port = port;
    this.#service = service;
    this.#by = by;
    this.#work = work;
    const { client } = asker.association;
    this.#view = asker.live.view(asker.device, { by, client, asker, work });
    this.#stops = service.stops?.(incoming.request) === true;
  }

  results(items: readonly unknown[]): MaybePromise<unknown[]> {
    // A single item has the turn of its request.
    if (items.length === 1) return after(this.#item(items[0]), (result) => [result]);
    return afterEach(items, (item) => this.#port.item(() => this.#item(item)));
  }

  #item(item: unknown): MaybePromise<unknown> {
    if (this.#stops && this.#failed) return this.#service.result({ error: "other-reason" }, item);
    const wish = this.#service.wish(item, this.#asker.device);
    if ("refused" in wish) {
      this.#failed = true;
      return this.#service.result({ error: wish.refused }, item);
    }
    return after(this.#outcome(wish), (outcome) => {
      this.#failed ||= outcome.error !== undefined && outcome.error !== "success";
      const done =
        outcome.error === undefined && outcome.data !== undefined ? { data: this.#port.pace(outcome.data) } : outcome;
      return this.#service.result(done, item);
    });
  }

  #outcome(wish: Wish): MaybePromise<Outcome> {
    const { live } = this.#asker;
    const call = this.#call(wish);
    const reach = (): MaybePromise<Outcome> => after(this.#port.reach(call), checked);
    const work = this.#work;
    return attempt<Outcome>(
      work === undefined
        ? () => live.limit(reach())
        : () =>
            after(
              work.attempt(() => succeeded(live.within(work, () => orKeptRefusal(reach)))),
              unlessRefused,
            ),
      (error) => ({
        error: resultOf(error, () => this.#port.failed(whatOf(wish), error)),
      }),
    );
  }

  /** Every field is named, because a spread object takes twice the time and memory. */
  #call(wish: Wish): Call {
    const { live, device, association, rights } = this.#asker;
    const call = {
      do: wish.do,
      classId: wish.classId,
      instanceId: wish.instanceId,
      index: wish.index,
      meter: live.known,
      device,
      view: this.#view,
      association,
      rights,
      by: this.#by,
      protection: this.#incoming.protection,
      object: objectOf(device, rights, wish),
    };
    if (wish.do === "read")
      return (wish.selection === undefined ? call : { ...call, selection: wish.selection }) as Call;
    const { classId, instanceId, index, object, ...asked } = wish;
    return { ...call, ...asked } as Call;
  }
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
    hasOnlyKnownKeys(outcome) &&
    (outcome.error === undefined || Object.hasOwn(DataAccessResult, outcome.error));
  if (known) return outcome;
  throw new Fault("bad-results", "an interceptor returned no outcome", {
    layer: "server",
    hint: "return {}, { data } or { error }, where error is the name of a Data-Access-Result",
  });
}

function hasOnlyKnownKeys(outcome: object): boolean {
  for (const key in outcome) if (key !== "data" && key !== "error" && Object.hasOwn(outcome, key)) return false;
  return true;
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
  port: DispatchPort,
): ResultsOf {
  const cause = error instanceof Fault && error.code === "not-kept" ? error.cause : undefined;
  if (cause === undefined) {
    port.failed("a change", error);
    const result = isLate(error) ? "temporary-failure" : "hardware-fault";
    return items.map((item) => service.result({ error: result }, item)) as unknown as ResultsOf;
  }
  if (cause instanceof Fault && (cause.code === "lease-lost" || cause.code === "counter-replayed")) throw cause;
  port.notKept(cause);
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

import { dataOf } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import {
  type AnyObject,
  after,
  afterEach,
  attempt,
  attributeName,
  type Context,
  isAvailable,
  type MaybePromise,
  type Watch,
  type WatchedChange,
  watchOf,
} from "@dlmskit/cosem-objects";
import type { Committed, Work } from "../runtime/unit-of-work.ts";
import type { Device } from "./device.ts";
import type { KnownMeter } from "./meter-identity.ts";
import { hasPower } from "./power.ts";
import type { Request } from "./view.ts";

/** The interface of the meter for its reactions. */
export interface ReactionsPort extends Committed {
  readonly known: KnownMeter;
  view(device: Device, request: Request): { context(object: AnyObject): Context };
  within<T>(work: Work, run: () => T): T;
  failed(what: string, error: unknown): void;
}

interface Watcher {
  readonly device: Device;
  readonly object: AnyObject;
  readonly watch: Watch;
}

interface Due {
  readonly watcher: Watcher;
  readonly changes: readonly WatchedChange[];
}

/** The values that the watching objects have seen in a work, by object and name. */
type Seen = Map<AnyObject, Map<string, unknown>>;

const mostRounds = 8;

/** Runs the reactions of objects to changed attributes of other objects, within the work that changed them and before it is kept. */
export class Reactions {
  readonly #port: ReactionsPort;
  readonly #watchers: readonly Watcher[];
  readonly #seen = new WeakMap<Work, Seen>();

  constructor(port: ReactionsPort) {
    this.#port = port;
    this.#watchers = port.known.template.watching.map((one) => ({ ...one, watch: watchOf(one.object) as Watch }));
  }

  /** Records the previous value of an attribute that was changed before the work started. */
  wasBefore(work: Work, object: AnyObject, name: string, value: unknown): void {
    this.#see(work, object, name, value);
  }

  #see(work: Work, object: AnyObject, name: string, value: unknown): void {
    const seen = this.#seen.get(work) ?? new Map();
    this.#seen.set(work, seen.set(object, (seen.get(object) ?? new Map()).set(name, value)));
  }

  run(work: Work, round = 1): MaybePromise<void> {
    if (work.over || (!work.hasValues && !this.#seen.has(work))) return undefined;
    const { known } = this.#port;
    // Without power no object acts; at power-up each object checks the values itself.
    if (!hasPower(work.values(known.template.power))) return undefined;
    const due = this.#due(work);
    if (due.length === 0) return undefined;
    if (round > mostRounds) {
      const names = due.map(({ watcher }) => watcher.object.instance).join(", ");
      this.#port.failed("objects that watch one another", new Fault("endless-reaction", names, { layer: "server" }));
      return undefined;
    }
    const all = afterEach(due, (one) => this.#react(one, work));
    return after(all, () => this.run(work, round + 1));
  }

  #due(work: Work): readonly Due[] {
    const found: { readonly target: AnyObject; readonly name: string }[] = [];
    const due = this.#watchers.flatMap((watcher): Due[] => {
      const changes = this.#attributes(watcher, work).flatMap((attribute): WatchedChange[] => {
        const target = watcher.device.byName.get(attribute.instanceId);
        if (target?.spec.classId !== attribute.classId) return [];
        const name = attributeName(target.spec, attribute.attributeId);
        if (name === undefined) return [];
        const seen = this.#seen.get(work)?.get(target);
        const before = seen?.has(name) === true ? seen.get(name) : this.#port.values(target)[name];
        const now = work.values(target)[name];
        if (before === now) return [];
        const octets = encoded(target, name, before);
        found.push({ target, name });
        if (isSame(octets, encoded(target, name, now))) return [];
        return [{ attribute, before: octets === undefined ? undefined : { type: "encoded", octets } }];
      });
      return changes.length === 0 ? [] : [{ watcher, changes }];
    });
    for (const { target, name } of found) this.#see(work, target, name, work.values(target)[name]);
    return due;
  }

  #attributes({ object, watch }: Watcher, work: Work): ReturnType<Watch["attributes"]> {
    return attempt(
      () => watch.attributes(work.values(object)),
      (error) => {
        this.#port.failed(`what ${object.instance} watches`, error);
        return [];
      },
    ) as ReturnType<Watch["attributes"]>;
  }

  #react({ watcher: { device, object, watch }, changes }: Due, work: Work): MaybePromise<void> {
    const { actor = "monitor" } = object.spec.traits ?? {};
    const view = this.#port.view(device, { by: { self: actor }, work });
    const act = (): MaybePromise<unknown> =>
      work.attempt(() =>
        this.#port.within(work, () => {
          const context = view.context(object);
          if (device.hasFunctions && !isAvailable(object, context.device)) return undefined;
          return watch.changed(work.draft(object), context, changes);
        }),
      );
    return after(
      attempt<unknown>(act, (error) => this.#port.failed(`what ${object.instance} does about a change`, error)),
      () => undefined,
    );
  }
}

/** The encoded octets of a value; undefined: the value cannot be encoded. */
function encoded({ spec }: AnyObject, name: string, value: unknown): Uint8Array | undefined {
  try {
    return value === undefined ? undefined : dataOf(spec.attributes[name]?.type as never, value as never).octets;
  } catch {
    return undefined;
  }
}

const isSame = (one: Uint8Array | undefined, other: Uint8Array | undefined): boolean =>
  one !== undefined && other !== undefined && sameOctets(one, other);

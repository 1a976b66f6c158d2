import { Fault } from "@dlmskit/core";
import type { Actor, AnyObject, MaybePromise, Notification } from "@dlmskit/cosem-objects";
import { checkValues, isLater } from "@dlmskit/cosem-objects";
import type { SecurityChange } from "@dlmskit/storage";

export type AnyValues = Record<string, unknown>;

/** Rows that a work adds to a profile. */
export interface NewRows {
  clear: boolean;
  keep: number;
  rows: { readonly at: number; readonly encoded: Uint8Array }[];
}

export interface LoggedEvent {
  readonly instanceId: string;
  readonly code: number;
  readonly at: number;
  readonly encoded: Uint8Array;
  readonly keep?: number;
}

/** What a work has changed so far. */
interface Changes {
  readonly drafts: Map<AnyObject, AnyValues>;
  readonly rows: Map<AnyObject, NewRows>;
  readonly events: LoggedEvent[];
  readonly messages: Notification[];
  readonly security: SecurityChange[];
  readonly afterwards: (() => void)[];
  clock: number | undefined;
  ranUpTo: number | undefined;
  /** How far the meter ran is to be kept, even where nothing else is. */
  marked: boolean;
  /** Values that are kept although others see them already. */
  readonly forced: Map<AnyObject, Set<string>>;
}

const nothing = (): Changes => ({
  drafts: new Map(),
  rows: new Map(),
  events: [],
  messages: [],
  security: [],
  afterwards: [],
  clock: undefined,
  ranUpTo: undefined,
  marked: false,
  forced: new Map(),
});

/** The values that everybody reads, until a work is kept. */
export interface Committed {
  values(object: AnyObject): Readonly<AnyValues>;
}

/**
 * One unit of work of one meter: a request, or what is due in time. It collects all changes, of whichever object; the meter
 * keeps them in one transaction and shows them to others only then.
 */
export class Work {
  readonly by: Actor;
  readonly #committed: Committed;
  #changes = nothing();
  /** The instant at which an action in time was due, on the meter's clock; undefined: it happens now. */
  at: number | undefined;
  #over = false;

  constructor(committed: Committed, by: Actor) {
    this.#committed = committed;
    this.by = by;
  }

  /** Whether nothing more can be changed through it. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether it changes these values. */
  isOf(committed: Committed): boolean {
    return this.#committed === committed;
  }

  /** Ends the work without effect: its code does not come to an end. */
  abandon(): void {
    this.#over = true;
    this.#changes = nothing();
  }

  /** Whether it may have changed values. */
  get hasValues(): boolean {
    return this.#changes.drafts.size > 0;
  }

  /** Values as this work sees them. */
  values(object: AnyObject): Readonly<AnyValues> {
    return this.#changes.drafts.get(object) ?? this.#committed.values(object);
  }

  /** The work's own copy of an object's values: what is assigned to its keys is what changes. Fault `work-over`. */
  draft(object: AnyObject): AnyValues {
    this.#use();
    const { drafts } = this.#changes;
    let draft = drafts.get(object);
    if (draft === undefined) {
      draft = { ...this.#committed.values(object) };
      drafts.set(object, draft);
    }
    return draft;
  }

  append(profile: AnyObject, at: number, encoded: Uint8Array, keep: number): void {
    const rows = this.#rowsOf(profile);
    rows.rows.push({ at, encoded });
    rows.keep = keep;
  }

  clear(profile: AnyObject): void {
    const rows = this.#rowsOf(profile);
    rows.clear = true;
    rows.rows = [];
  }

  /** Rows that it adds to a profile; undefined: none. */
  newRows(profile: AnyObject): NewRows | undefined {
    return this.#changes.rows.get(profile);
  }

  #rowsOf(profile: AnyObject): NewRows {
    this.#use();
    const { rows } = this.#changes;
    const known = rows.get(profile) ?? { clear: false, keep: 1, rows: [] };
    rows.set(profile, known);
    return known;
  }

  log(event: LoggedEvent): void {
    this.#use();
    this.#changes.events.push(event);
  }

  /** How many rows of a log it has so far. */
  logged(instanceId: string): number {
    return this.#changes.events.filter((event) => event.instanceId === instanceId).length;
  }

  notify(notification: Notification): void {
    this.#use();
    this.#changes.messages.push(notification);
  }

  /** A change of keys, policy, secrets or certificates; `taken` runs once it is kept. */
  secure(change: SecurityChange | undefined, taken: () => void): void {
    this.#use();
    if (change !== undefined) this.#changes.security.push(change);
    this.#changes.afterwards.push(taken);
  }

  /** The meter's clock will show that instant more than the time of day (ms). */
  setClock(offset: number): void {
    this.#use();
    this.#changes.clock = offset;
  }

  /** What was set, for what comes later in the same work. */
  get clock(): number | undefined {
    return this.#changes.clock;
  }

  ran(upTo: number): void {
    this.#changes.ranUpTo = upTo;
  }

  mark(upTo: number): void {
    this.ran(upTo);
    this.#changes.marked = true;
  }

  /** The value is kept, whether or not this work changed it. */
  force(object: AnyObject, name: string): void {
    const { forced } = this.#changes;
    forced.set(object, (forced.get(object) ?? new Set()).add(name));
  }

  #use(): void {
    if (!this.#over) return;
    throw new Fault("work-over", "the request or action of this change has ended", {
      layer: "server",
      hint: "change values before the hook's promise resolves; afterwards use `meter.change`",
    });
  }

  /** Runs one part of the work. When it throws, now or later, the work is as it was before. */
  attempt<T>(run: () => MaybePromise<T>): MaybePromise<T> {
    const before = this.#remembered();
    const undo = (error: unknown): never => {
      this.#changes = before();
      throw error;
    };
    try {
      const result = run();
      return isLater(result) ? result.then((value) => value, undo) : result;
    } catch (error) {
      return undo(error);
    }
  }

  /** The changes until now: a copy of each draft, and how long the lists are, which only grow. */
  #remembered(): () => Changes {
    const { drafts, rows, events, messages, security, afterwards, forced, ...rest } = this.#changes;
    const copies = new Map([...drafts].map(([object, draft]) => [object, { ...draft }]));
    const added = [...rows].map(([profile, one]) => [profile, { ...one }, cut(one.rows)] as const);
    const lists = [cut(events), cut(messages), cut(security), cut(afterwards)] as const;
    const before = new Map(forced);
    return () => ({
      drafts: copies,
      rows: new Map(added.map(([profile, one, list]) => [profile, { ...one, rows: list() }])),
      events: lists[0](),
      messages: lists[1](),
      security: lists[2](),
      afterwards: lists[3](),
      forced: before,
      ...rest,
    });
  }

  /** Ends the work: nothing more can be changed through it. Gives what it comes to. Fault `wrong-value`. */
  end(): Omit<Changes, "drafts" | "forced"> & { readonly values: ReadonlyMap<AnyObject, AnyValues> } {
    this.#over = true;
    const { drafts, forced, ...rest } = this.#changes;
    const values = new Map<AnyObject, AnyValues>();
    for (const [object, names] of forced) {
      const now = this.values(object);
      values.set(object, Object.fromEntries([...names].map((name) => [name, now[name]])));
    }
    for (const [object, draft] of drafts) {
      const committed = this.#committed.values(object);
      const changed = Object.entries(draft).filter(([name, value]) => committed[name] !== value);
      if (changed.length > 0) values.set(object, { ...values.get(object), ...Object.fromEntries(changed) });
    }
    for (const [object, changed] of values) checkValues(object, changed);
    return { ...rest, values };
  }
}

/** Gives the list as long as it is now. */
function cut<E>(list: E[]): () => E[] {
  const { length } = list;
  return () => {
    list.length = length;
    return list;
  };
}

export type WorkResult = ReturnType<Work["end"]>;

/** Whether there is nothing to keep. */
export const isEmpty = ({ values, rows, events, messages, security, clock }: WorkResult): boolean =>
  values.size === 0 &&
  rows.size === 0 &&
  events.length === 0 &&
  messages.length === 0 &&
  security.length === 0 &&
  clock === undefined;

/** Runs the works of one meter one after another. While none is in progress, a work without a promise is run at once. */
export class WorkQueue {
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  run<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#busy) return this.#turn().then(() => this.#run(work));
    this.#busy = true;
    return this.#run(work);
  }

  #run<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    try {
      const result = work();
      if (isLater(result)) {
        return result.then(
          (value) => {
            this.#release();
            return value;
          },
          (error) => {
            this.#release();
            throw error;
          },
        );
      }
      this.#release();
      return result;
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /** Keeps all others out until the function that it gives is called. At once where no work is in progress. */
  hold(): MaybePromise<() => void> {
    const release = (): void => this.#release();
    if (this.#busy) return this.#turn().then(() => release);
    this.#busy = true;
    return release;
  }

  /** Resolves when what is in progress now is done; undefined when nothing is. */
  get idle(): Promise<void> | undefined {
    if (!this.#busy) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        resolve();
        this.#release();
      });
    });
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy = false;
    else next();
  }
}

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

/** The changes of a work so far. */
interface Changes {
  readonly drafts: Map<AnyObject, AnyValues>;
  readonly rows: Map<AnyObject, NewRows>;
  readonly events: LoggedEvent[];
  readonly messages: Notification[];
  readonly security: SecurityChange[];
  readonly afterwards: (() => void)[];
  clock: number | undefined;
  ranUpTo: number | undefined;
  /** Whether the time up to which the meter has run must be kept, even without other changes. */
  marked: boolean;
  /** Values that must be kept although they are already visible to others. */
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

/** The values that all others read until a work is kept. */
export interface Committed {
  values(object: AnyObject): Readonly<AnyValues>;
}

/**
 * One unit of work of one meter: a request or timed actions. It collects all changes to any objects. The meter keeps them in one
 * transaction and makes them visible to others only after that.
 */
export class Work {
  readonly by: Actor;
  readonly #committed: Committed;
  #changes = nothing();
  /** The due time of a timed action, on the meter's clock; undefined: the work happens now. */
  at: number | undefined;
  #over = false;

  constructor(committed: Committed, by: Actor) {
    this.#committed = committed;
    this.by = by;
  }

  /** Whether the work has ended and can change nothing more. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether the work changes these values. */
  isOf(committed: Committed): boolean {
    return this.#committed === committed;
  }

  /** Ends the work without effect, because its code does not end. */
  abandon(): void {
    this.#over = true;
    this.#changes = nothing();
  }

  /** Whether the work may have changed values. */
  get hasValues(): boolean {
    return this.#changes.drafts.size > 0;
  }

  /** Values as this work sees them. */
  values(object: AnyObject): Readonly<AnyValues> {
    return this.#changes.drafts.get(object) ?? this.#committed.values(object);
  }

  /** The work's own copy of the values of an object. Assignments to its keys are the changes. Fault `work-over`. */
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

  /** Rows that the work adds to a profile; undefined: none. */
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

  /** Number of rows of a log in this work so far. */
  logged(instanceId: string): number {
    return this.#changes.events.filter((event) => event.instanceId === instanceId).length;
  }

  notify(notification: Notification): void {
    this.#use();
    this.#changes.messages.push(notification);
  }

  /** Adds a change of keys, policy, secrets or certificates; `taken` is called when the change is kept. */
  secure(change: SecurityChange | undefined, taken: () => void): void {
    this.#use();
    if (change !== undefined) this.#changes.security.push(change);
    this.#changes.afterwards.push(taken);
  }

  /** Sets the meter's clock. `offset`: the change of the clock, ms. */
  setClock(offset: number): void {
    this.#use();
    this.#changes.clock = offset;
  }

  /** The clock change of this work, for later code in the same work. */
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

  /** Keeps the value, even if this work did not change it. */
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

  /** Runs one part of the work. If it throws or rejects, the work is restored to its previous state. */
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

  /** The changes so far: a copy of each draft and the lengths of the lists, which only grow. */
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

  /** Ends the work: it can change nothing more. Returns its changes. Fault `wrong-value`. */
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

/** Returns a function that gives the list with its current length. */
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

  /** Blocks all other works until the returned function is called. Resolves at once if no work is in progress. */
  hold(): MaybePromise<() => void> {
    const release = (): void => this.#release();
    if (this.#busy) return this.#turn().then(() => release);
    this.#busy = true;
    return release;
  }

  /** Resolves when the work in progress is done; undefined: no work is in progress. */
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

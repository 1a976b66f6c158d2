import type { CosemDateTime } from "@dlmskit/core";
import { berlin, every } from "../../../../test/zones.ts";
import type { AnyObject, Context, CosemObject, TimeContext, Timeline } from "../../src/index.ts";
import { LocalTime, scriptTable, timelineOf } from "../../src/index.ts";
import { contextOf } from "../a-context.ts";

/** `"06:30"` as a time; fields that are `*` are not specified. */
export function time(text: string) {
  const [hour, minute, second = 0] = text.split(":").map((field) => (field === "*" ? null : Number(field)));
  return { hour: hour as number | null, minute: minute as number | null, second, hundredths: 0 };
}

/** `"2026-03-29"` as a date; fields that are `*` are not specified. */
export function date(text: string, dayOfWeek: number | null = null) {
  const [year, month, day] = text.split("-").map((field) => (field === "*" ? null : Number(field)));
  return { year: year as number | null, month: month as number | null, day: day as number | null, dayOfWeek };
}

export const dateTime = (text: string): CosemDateTime => {
  const [day, ofDay] = text.split(" ") as [string, string];
  return { ...every, ...date(day), ...time(ofDay) };
};

const scripts = "0.0.10.0.100.255";
/** A script of the table that notes what is run. */
export const script = (scriptSelector: number) => ({ scriptLogicalName: scripts, scriptSelector });

interface Entry {
  readonly object: AnyObject;
  readonly timeline: Timeline;
  readonly context: TimeContext;
  after: number;
}

/** A meter in time, in the simplest form: objects, and a script table that notes which script ran when, in local time. */
export class Life {
  readonly local: LocalTime;
  readonly context: Context & { now: number };
  readonly failed: string[] = [];
  /** Which scripts fail. */
  readonly failing = new Set<number>();
  readonly table: CosemObject<never>;
  /** What the clock shows more than a clock that nobody sets. */
  ahead = 0;
  #ran: string[] = [];
  readonly #entries: readonly Entry[];

  constructor(objects: readonly AnyObject[], start: string, zone = berlin) {
    this.local = new LocalTime(zone);
    const table = scriptTable(
      scripts,
      [],
      {},
      { invoke: { execute: (_, id, { now, by }) => this.#note(id, now, by) } },
    );
    this.table = table as never;
    const all = [...objects, table];
    this.context = contextOf(all, { local: this.local, by: { self: "time" }, client: undefined });
    this.context.now = this.at(start);
    Object.defineProperty(this.context, "elapsed", { get: () => this.context.now - this.ahead });
    this.context.device.failed = (what) => void this.failed.push(what);
    const values = (object: AnyObject) => object.values;
    this.#entries = all.flatMap((object) => {
      const timeline = timelineOf(object);
      if (timeline === undefined) return [];
      const clockAt = (elapsed: number) => elapsed + this.ahead;
      const context = { object, local: this.local, objects: all, values, clockAt, own: undefined } as TimeContext;
      return [{ object, timeline, context, after: this.context.now }];
    });
  }

  #note(id: number, now: number, by: Context["by"]): void {
    this.#ran.push(`${this.text(now)} ${id}`);
    if (!("self" in by)) throw new Error("not the meter itself");
    if (this.failing.has(id)) throw new Error(`script ${id} fails`);
  }

  /** The instant of a local time; a trailing `+` is the second of two. */
  at(text: string): number {
    const first = this.local.instantOf(Date.parse(`${text.replace("+", "").replace(" ", "T")}Z`));
    return text.endsWith("+") ? first + 3_600_000 : first;
  }

  text(instant: number): string {
    const text = new Date(this.local.localOf(instant)).toISOString().replace("T", " ");
    return text.endsWith(":00.000Z") ? text.slice(0, 16) : text.slice(0, 23);
  }

  /** What ran since it was asked last. */
  ran(): readonly string[] {
    const ran = this.#ran;
    this.#ran = [];
    return ran;
  }

  of(object: AnyObject): Context {
    return Object.create(this.context, { object: { value: object } });
  }

  /** Lives until a local time, and gives what ran. */
  until(text: string | number): readonly string[] {
    const end = typeof text === "number" ? text : this.at(text);
    for (;;) {
      let first: { entry: Entry; at: number } | undefined;
      for (const entry of this.#entries) {
        const at = entry.timeline.next(entry.object.values, entry.context, entry.after);
        if (at === undefined || at > end) continue;
        if (at <= entry.after) throw new Error(`after ${entry.after} nothing can be due at ${at}`);
        if (first === undefined || at < first.at || (at === first.at && orderOf(entry) < orderOf(first.entry))) {
          first = { entry, at };
        }
      }
      if (first === undefined) break;
      this.context.now = first.at;
      first.entry.after = first.at;
      this.#run(first.entry, first.at);
    }
    this.#goTo(end);
    return this.ran();
  }

  #goTo(instant: number): void {
    this.context.now = instant;
    for (const entry of this.#entries) entry.after = instant;
  }

  #run({ object, timeline }: Entry, at: number): void {
    timeline.run(object.values, this.of(object), at);
  }

  #late(what: "restored" | "moved", to: string): readonly string[] {
    const from = this.context.now;
    const end = this.at(to);
    const late = this.#entries.flatMap((entry) =>
      [...(entry.timeline[what]?.(entry.object.values, entry.context, from, end) ?? [])].map((at) => ({ entry, at })),
    );
    late.sort((one, other) => one.at - other.at || orderOf(one.entry) - orderOf(other.entry));
    if (what === "moved") this.ahead += end - from;
    this.#goTo(end);
    for (const { entry, at } of late) this.#run(entry, at);
    return this.ran();
  }

  /** Has no power until a local time, and gives what runs then. */
  noPowerUntil(text: string): readonly string[] {
    return this.#late("restored", text);
  }

  /** The clock is set, and what runs at once is given. */
  setClock(text: string): readonly string[] {
    return this.#late("moved", text);
  }
}

const orderOf = ({ timeline }: Entry): number => timeline.order ?? 50;

/**
 * What the meter of the year must do, by the words of the standard and nothing of the library: a quarter of an hour at a time, every
 * rule looked at anew at each. It knows this one year: 2028, in Berlin.
 */
const minute = 60_000;
const quarter = 15 * minute;
const dayLength = 24 * 60 * minute;
const summerFrom = Date.UTC(2028, 2, 26, 1);
const summerTo = Date.UTC(2028, 9, 29, 1);
const east = (instant: number): number => (instant >= summerFrom && instant < summerTo ? 120 : 60) * minute;

interface LocalDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 0 Sunday. */
  readonly weekday: number;
  /** Of its midnight as if it were UTC. */
  readonly begin: number;
}

function localDay(instant: number, back = 0): LocalDay {
  const begin = Math.floor((instant + east(instant)) / dayLength) * dayLength - back * dayLength;
  const date = new Date(begin);
  return {
    ...{ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() },
    ...{ weekday: date.getUTCDay(), begin },
  };
}

/** When a local time of a day comes first; in the hour that is left out: when it has passed. */
function instantOf({ begin }: LocalDay, [hour, of]: readonly [number, number]): number {
  const local = begin + (hour * 60 + of) * minute;
  for (const ahead of [120, 60]) if (east(local - ahead * minute) === ahead * minute) return local - ahead * minute;
  return summerFrom;
}

/** The day_id of the Special days table; 0: it is none. */
function specialDay({ year, month, day, weekday }: LocalDay): number {
  if (month === 1 && day === 6) return 3;
  if (year === 2028 && month === 2 && day === 29) return 3;
  if (month === 10 && day === 3) return 3;
  if (year === 2028 && month === 12 && day === 26) return 1;
  if (month === 12 && (day === 25 || day === 26)) return 3;
  return month === 12 && weekday === 0 ? 2 : 0;
}

type Action = readonly [number, number, number];
const work: readonly Action[] = [
  [0, 0, 1],
  [6, 0, 2],
  [17, 0, 3],
  [20, 0, 2],
  [22, 0, 1],
];
const summerWork: readonly Action[] = [
  [5, 30, 4],
  [11, 0, 2],
  [12, 15, 4],
  [14, 0, 3],
  [21, 15, 1],
];
const workNext: readonly Action[] = [
  [0, 0, 1],
  [7, 0, 3],
  [19, 0, 1],
];
const saturday: readonly Action[] = [
  [0, 0, 1],
  [8, 0, 2],
  [22, 0, 1],
];
const sunday: readonly Action[] = [
  [0, 0, 1],
  [2, 30, 2],
  [4, 0, 1],
];

function actionsOf(day: LocalDay, next: boolean): readonly Action[] {
  const summer = !next && day.month >= 5 && day.month <= 10;
  const special = specialDay(day);
  if (special === 3) return sunday;
  if (special === 2) return saturday;
  if (special === 0 && day.weekday === 0) return sunday;
  if (special === 0 && day.weekday === 6) return summer ? sunday : saturday;
  if (summer && special === 0) return summerWork;
  return next ? workNext : work;
}

const nextFrom = Date.UTC(2028, 10, 14, 23);

/** The action that comes at an instant; of several, as where an hour is left out, the last. */
function actionAt(instant: number): Action | undefined {
  const day = localDay(instant);
  return actionsOf(day, instant >= nextFrom).findLast(([hour, of]) => instantOf(day, [hour, of]) === instant);
}

/** The tariff that must hold just before an instant of the meter's clock. */
function tariffBefore(instant: number): string {
  const at = instant - 1;
  for (let back = 0; back < 8; back++) {
    const day = localDay(at, back);
    const actions = actionsOf(day, at >= nextFrom);
    const last = actions.findLast(([hour, of]) => instantOf(day, [hour, of]) <= at);
    if (last !== undefined) return `T${last[2]}`;
  }
  throw new Error("no tariff");
}

interface Rule {
  /** The script that is run. */
  readonly id: number;
  readonly at: readonly (readonly [number, number])[];
  readonly on: (day: LocalDay) => boolean;
  /** Minutes; what came in the dark, or where the clock was set forward, runs as late as this. */
  readonly window?: number;
  /** Of what came in the dark, the last is run. */
  readonly once?: boolean;
  /** Not again where the clock is set back. */
  readonly never?: boolean;
}

const always = (): boolean => true;
const isLast = ({ begin }: LocalDay): boolean => new Date(begin + dayLength).getUTCDate() === 1;
/** Single action schedules, then the entries of the Schedule. */
const rules: readonly Rule[] = [
  { id: 11, at: [[2, 30]], on: always },
  { id: 12, at: [[23, 45]], on: isLast, once: true },
  {
    ...{ id: 13, on: always },
    at: [
      [11, 0],
      [14, 0],
    ],
  },
  {
    ...{ id: 14, at: [[14, 0]], never: true },
    on: ({ month, day }) => (month === 7 && day === 12) || (month === 2 && day === 29),
  },
  { id: 15, at: [[6, 0]], on: ({ month, day }) => month === 2 && day === 29 },
  { id: 16, at: [[11, 0]], on: always, once: true },
  { id: 1, at: [[2, 30]], on: always, window: 60 },
  { id: 2, at: [[1, 0]], on: always, window: 60 },
  { id: 3, at: [[23, 0]], on: always, window: Number.POSITIVE_INFINITY },
  { id: 4, at: [[13, 45]], on: (day) => day.weekday === 3 && specialDay(day) === 0, window: 0 },
  { id: 5, at: [[11, 0]], on: always, window: 30 },
  { id: 6, at: [[10, 45]], on: always, window: 30 },
  { id: 7, at: [[9, 0]], on: (day) => specialDay(day) === 3, window: 0 },
];
const billing: Rule = { id: 0, at: [[0, 0]], on: ({ day }) => day === 1, once: true };

function isDue({ at, on }: Rule, instant: number): boolean {
  const day = localDay(instant);
  return on(day) && at.some((time) => instantOf(day, time) === instant);
}

/** The quarters of an hour after an instant until another. */
const quarters = (after: number, until: number): number[] => {
  const found: number[] = [];
  for (let at = (Math.floor(after / quarter) + 1) * quarter; at <= until; at += quarter) found.push(at);
  return found;
};

export class YearModel {
  readonly rows: (readonly unknown[])[] = [];
  readonly bills: (readonly unknown[])[] = [];
  readonly ran: string[] = [];
  readonly #energy: (elapsed: number) => number;
  readonly #text: (instant: number) => string;
  /** How far it has done everything, on the meter's clock. */
  #done: number;
  #offset = 0;
  #consumed: number | undefined;
  #average = 0;
  #maximum = 0;
  #maximumAt: number | undefined;
  #tariff: string;
  readonly #single = new Set<string>();

  constructor(start: number, energy: (elapsed: number) => number, text: (instant: number) => string) {
    this.#done = start;
    this.#energy = energy;
    this.#text = text;
    // A new meter runs what is in force.
    this.#tariff = tariffBefore(start + 1);
    this.ran.push(`${text(start)} 10${this.#tariff.slice(1)}`);
  }

  /** The meter runs until its clock shows an instant. */
  runTo(instant: number): void {
    for (const at of quarters(this.#done, instant)) {
      this.#closePeriod(at, at);
      this.rows.push([this.#text(at), tariffBefore(at), this.#average]);
      if (isDue(billing, at)) this.#bill(at);
      for (const rule of rules) if (isDue(rule, at)) this.#run(rule, at, at);
      this.#act(at, at);
    }
    this.#done = Math.max(this.#done, instant);
  }

  /** No power from one instant to another. */
  dark(from: number, to: number): void {
    this.#closePeriod(from, to);
    this.#consumed = this.#energy(to - this.#offset);
    this.#late(from, to);
  }

  /** The clock is set, by more than a synchronisation. `offset`: what it shows more than the time that nobody sets. */
  set(from: number, to: number, offset: number): void {
    this.#offset = offset;
    if (to < from) {
      this.#done = to;
      // Of the calendar, the action in force at the new time, if it is another than the last.
      const inForce = tariffBefore(to + 1);
      if (inForce !== this.#tariff) this.#note(inForce, to);
    } else this.#late(from, to, false);
    this.#closePeriod(to, to);
  }

  synchronise(offset: number): void {
    this.#offset = offset;
  }

  /** What came while nothing ran: in the order in which it was due. */
  #late(from: number, to: number, bills = true): void {
    const lastAction = quarters(from, to).findLast((at) => actionAt(at) !== undefined);
    for (const at of quarters(from, to)) {
      if (bills && isDue(billing, at)) this.#bill(to);
      for (const rule of rules) {
        const { once = false, window = once ? Number.POSITIVE_INFINITY : -1 } = rule;
        const again = once && quarters(at, to).some((later) => isDue(rule, later));
        if (isDue(rule, at) && to - at <= window * minute && !again) this.#run(rule, at, to);
      }
      if (at === lastAction) this.#act(at, to);
    }
    this.#done = to;
  }

  #run({ id, never = false }: Rule, due: number, now: number): void {
    if (never && this.#single.has(`${id} ${due}`)) return;
    this.#single.add(`${id} ${due}`);
    this.ran.push(`${this.#text(now)} ${id}`);
  }

  /** What the calendar does at an instant. */
  #act(due: number, now: number): void {
    const action = actionAt(due);
    if (action !== undefined) this.#note(`T${action[2]}`, now);
  }

  #note(tariff: string, now: number): void {
    this.#tariff = tariff;
    this.ran.push(`${this.#text(now)} 10${tariff.slice(1)}`);
  }

  #bill(now: number): void {
    this.bills.push([this.#text(now), this.#maximum, this.#text(this.#maximumAt ?? now)]);
    this.#maximum = 0;
    this.#maximumAt = now;
  }

  /** The period of the demand register ends at an instant; `now`: what the clock shows when that is found. */
  #closePeriod(at: number, now: number): void {
    const consumed = this.#energy(at - this.#offset);
    this.#average = this.#consumed === undefined ? 0 : Math.round((consumed - this.#consumed) * 4);
    this.#consumed = consumed;
    if (this.#average <= this.#maximum) return;
    this.#maximum = this.#average;
    this.#maximumAt = now;
  }
}

import { Changes } from "./changes.ts";
import { Cursor, weightBetween } from "./cursor.ts";
import type { ExpectedLoad, Noise } from "./expected-load.ts";
import { daySeconds, minuteSeconds, slotSeconds, slotsPerDay, spanDays, spanMs, spansKnown } from "./grid.ts";
import type { EventOwner, PowerQuality } from "./power-quality.ts";
import type { Presence } from "./presence.ts";
import { bits, Stream, signed } from "./random.ts";
import type { Sessions } from "./sessions.ts";

// Energy by splitting. First the Wh of a span of 64 days are determined, from the energy that the rows expect in it. Then the Wh are
// divided between the halves of the span, of a day, of a quarter of an hour, down to the minute (cursor.ts), and evenly within the minute.
// Inside a span a unit is a thousandth of a Wh; a register shows whole Wh. The energy at an instant is computed on the path down to that
// instant, and nothing is stored for a meter.
//
// Interruptions remove their weight before the energy is divided. The energy of a span is determined as if the supply never failed. Then
// the span loses the interrupted part of its weight, and the rest is divided among the minutes with supply. Therefore a register needs the
// loss of each span since commissioning, and a flow needs only the spans that it overlaps.

/** One household, as the splitting uses it. */
export interface Household extends EventOwner {
  /** Size of the household. A household of size 1 consumes what the rows specify. */
  readonly size: number;
  /** The extra VAh for each Wh. */
  readonly extra: number;
  /** varh for each Wh. */
  readonly reactive: number;
}

/** Wh, VAh and varh, whole numbers. */
export interface Flow {
  readonly wh: number;
  readonly vah: number;
  readonly varh: number;
}

/** Registers of a household since commissioning, as far as they are summed up: all spans before `span`. */
export interface Sums {
  /** The value that the span of commissioning had reached at commissioning. */
  readonly whAtStart: number;
  readonly vahAtStart: number;
  readonly varhAtStart: number;
  readonly firstSpan: number;
  span: number;
  wh: number;
  extra: number;
  varh: number;
}

/** The maximum energy that is carried over from one span to the next, as a part of the smaller of the two. */
const carriedOver = 0.08;
// The deviation between the two halves of 64, 32, 16, 8, 4 and 2 days.
const spreadOfDays = [0.08, 0.1, 0.12, 0.14, 0.16, 0.2];
/** The levels of a day, down to the quarter of an hour. Their spread comes from the kind of the day. */
const levelsOfSlots = [0, 0, 0, 0, 0, 0, 0];
const spreadOfMinutes = [0.2, 0.2, 0.24, 0.3];
const minutesOfSlot = Float64Array.from({ length: 16 }, (_, minute) => minute * minuteSeconds);
// Node numbers within the seed of the span: days from 0, nodes of the n-th day from (n + 1) * 4096, and its minutes after another 256.
const nodesOfDay = 4096;
const nodesOfMinutes = 256;
const minuteMs = 60_000;
const slotMs = slotSeconds * 1000;
// Above one GW, the units of a span would not fit into 53 bits.
const mostPeak = 1e9;

export interface SplitOptions {
  /** Added to the stream numbers of the random numbers, so that the parts of a load differ. */
  readonly stream: number;
  /** Vacancies and outliers. */
  readonly presence?: Presence | undefined;
  readonly sessions?: Sessions;
  /** The size of the largest household, relative to the usual largest one. */
  readonly largest?: number;
}

/** Energy in one direction, for all meters of the same rows, calendar and zone. */
export class SplitEnergy {
  readonly #load: ExpectedLoad;
  readonly #quality: PowerQuality;
  readonly #zoneMs: number;
  readonly #stream: number;
  readonly #presence: Presence | undefined;
  /** When the load runs, if it is not a curve. */
  readonly #sessions: Sessions | undefined;
  /** Units in a Wh. */
  readonly perWh: number;
  readonly lastInstant: number;

  // The span that was read last. Everything below is computed again for another meter or span.
  #owner: Household | undefined;
  #span = -1;
  #day = -1;
  /** The quarter of an hour at which `slots` is, and the one whose minutes `#minutes` divides. */
  #cell = -2;
  #slot = -1;
  #seed = 0;
  readonly #dark = new Changes();
  readonly #days = new Cursor(spanDays, daySeconds, spreadOfDays, true);
  readonly #slots = new Cursor(slotsPerDay, slotSeconds, levelsOfSlots, true);
  readonly #minutes = new Cursor(15, minuteSeconds, spreadOfMinutes, false);
  // Results of `#decide` and `#locate`.
  #wh = 0;
  #extraWh = 0;
  #units = 0;
  #extra = 0;
  readonly #decided = new Changes();
  // The latest result of `#before`.
  #beforeOwner: Household | undefined;
  #beforeSpan = -1;
  #beforeWh = 0;

  constructor(load: ExpectedLoad, quality: PowerQuality, zoneMs: number, how: SplitOptions) {
    const { stream, presence, sessions, largest = 1 } = how;
    this.#load = load;
    this.#quality = quality;
    this.#zoneMs = zoneMs;
    this.#stream = stream;
    this.#presence = presence;
    this.#sessions = sessions;
    this.perWh = load.peak * largest * (presence?.most ?? 1) > mostPeak ? 1 : 1000;
    this.lastInstant = spansKnown * spanMs - zoneMs - 1;
  }

  /** The energy in [from, to): a difference of registers. */
  flow(owner: Household, from: number, to: number): Flow {
    if (to < from) {
      const { wh, vah, varh } = this.flow(owner, to, from);
      return { wh: 0 - wh, vah: 0 - vah, varh: 0 - varh };
    }
    const start = Math.min(Math.max(from, owner.commissioned), this.lastInstant);
    const end = Math.min(to, this.lastInstant);
    if (!(end > start)) return { wh: 0, vah: 0, varh: 0 };
    const first = this.#spanOf(start);
    const last = this.#spanOf(end);
    this.#locate(owner, start);
    let wh = -this.#whole(this.#units);
    let vah = -this.#whole(this.#units + this.#extra);
    let varh = -Math.floor(this.#whole(this.#units) * owner.reactive);
    for (let span = first; span < last; span++) {
      this.#decide(owner, span, this.#decided);
      wh += this.#wh;
      vah += this.#wh + this.#extraWh;
      varh += Math.floor(this.#wh * owner.reactive);
    }
    this.#locate(owner, end);
    const whole = this.#whole(this.#units);
    return {
      wh: wh + whole,
      vah: vah + this.#whole(this.#units + this.#extra),
      varh: varh + Math.floor(whole * owner.reactive),
    };
  }

  /** The registers, which are 0 at commissioning. `sums`: the result of an earlier call for the same household. */
  register(owner: Household, at: number, sums?: Sums): Flow & { sums: Sums | undefined } {
    if (!(at > owner.commissioned)) return { wh: 0, vah: 0, varh: 0, sums };
    const until = Math.min(at, this.lastInstant);
    const span = this.#spanOf(until);
    const known = sums ?? this.#sumsOf(owner);
    if (known.span > span) {
      known.span = known.firstSpan;
      known.wh = 0;
      known.extra = 0;
      known.varh = 0;
    }
    for (; known.span < span; known.span++) {
      this.#decide(owner, known.span, this.#decided);
      known.wh += this.#wh;
      known.extra += this.#extraWh;
      known.varh += Math.floor(this.#wh * owner.reactive);
    }
    this.#locate(owner, until);
    const whole = this.#whole(this.#units);
    return {
      wh: known.wh + whole - known.whAtStart,
      varh: known.varh + Math.floor(whole * owner.reactive) - known.varhAtStart,
      vah: known.wh + known.extra + this.#whole(this.#units + this.#extra) - known.vahAtStart,
      sums: known,
    };
  }

  #sumsOf(owner: Household): Sums {
    const firstSpan = this.#spanOf(owner.commissioned);
    this.#locate(owner, owner.commissioned);
    return {
      whAtStart: this.#whole(this.#units),
      vahAtStart: this.#whole(this.#units + this.#extra),
      varhAtStart: Math.floor(this.#whole(this.#units) * owner.reactive),
      ...{ firstSpan, span: firstSpan, wh: 0, extra: 0, varh: 0 },
    };
  }

  /** W and VA at an instant: the energy of the minute, divided by its time with supply. 0 during an interruption. */
  power(owner: Household, at: number): { active: number; apparent: number } {
    if (!(at >= owner.commissioned && at <= this.lastInstant)) return { active: 0, apparent: 0 };
    const second = this.#minute(owner, at);
    const from = Math.floor(second / minuteSeconds) * minuteSeconds;
    const now = Math.floor(second);
    if (this.#dark.within(now, now + 1) > 0) return { active: 0, apparent: 0 };
    const supplied = minuteSeconds - this.#dark.within(from, from + minuteSeconds);
    const watts = 3600 / supplied / this.perWh;
    const active = this.#minutes.units();
    return { active: active * watts, apparent: (active + this.#minutes.extra()) * watts };
  }

  /** The whole Wh in a number of units. */
  #whole(units: number): number {
    return Math.floor(units / this.perWh);
  }

  #spanOf(instant: number): number {
    return Math.floor((instant + this.#zoneMs) / spanMs);
  }

  /** The Wh of all spans before a span, for a household whose supply never fails and whose registers began with the first span. */
  #before(owner: Household, span: number): number {
    const { days, perWh } = this.#load;
    const weight = days[span * spanDays] as number;
    if (span === 0 || span === spansKnown) return Math.floor((owner.size / perWh) * weight);
    // The end of a span is needed again as the beginning of the next span.
    if (this.#beforeOwner === owner && this.#beforeSpan === span) return this.#beforeWh;
    const last = weight - (days[(span - 1) * spanDays] as number);
    const next = (days[(span + 1) * spanDays] as number) - weight;
    const random = signed(bits(owner.key, this.#stream + Stream.spanBoundary, span));
    this.#beforeOwner = owner;
    this.#beforeSpan = span;
    this.#beforeWh = Math.floor((owner.size / perWh) * (weight + carriedOver * random * Math.min(last, next)));
    return this.#beforeWh;
  }

  /** Computes the Wh of a span and its extra for VAh into `#wh` and `#extraWh`, and its interruptions into `dark`. */
  #decide(owner: Household, span: number, dark: Changes): void {
    const { days } = this.#load;
    const firstDay = span * spanDays;
    const before = this.#before(owner, span);
    let wh = this.#before(owner, span + 1) - before;
    this.#quality.interruptions(owner, span, dark);
    this.#presence?.addTo(dark, owner.key, span);
    if (dark.count > 0) {
      const weight = (days[firstDay + spanDays] as number) - (days[firstDay] as number);
      let left = weight;
      for (let at = 0; at < dark.count; at++) {
        const weightOf = weightBetween(this.#load, firstDay, dark.starts[at] as number, dark.ends[at] as number);
        const lost = weightOf * (1 - (dark.kept[at] as number));
        dark.weights[at] = lost;
        left -= lost;
      }
      if (weight > 0) wh = Math.floor(wh * (left / weight));
    }
    const random = signed(bits(owner.key, this.#stream + Stream.spanApparent, span));
    this.#wh = wh;
    this.#extraWh = Math.floor(wh * owner.extra * (1 + 0.05 * random));
  }

  /** Moves to a span of a meter. */
  #toSpan(owner: Household, span: number): void {
    if (this.#owner === owner && this.#span === span) return;
    this.#owner = owner;
    this.#span = span;
    this.#day = -1;
    this.#cell = -2;
    this.#slot = -1;
    this.#decide(owner, span, this.#dark);
    this.#seed = bits(owner.key, this.#stream + Stream.spanTree, span);
    const [units, extra] = [this.#wh * this.perWh, this.#extraWh * this.perWh];
    if (this.#sessions !== undefined) {
      const own = this.#sessions.ofSpan(owner.key, span);
      this.#days.begin(units, extra, own.prefix, 0, this.#seed, 0, 0, 0);
      if (this.#dark.count > 0) this.#days.without(this.#dark, own, 0, false);
      return;
    }
    this.#days.begin(units, extra, this.#load.days, span * spanDays, this.#seed, 0, 1, 0);
    if (this.#dark.count > 0) this.#days.without(this.#dark, this.#load, span * spanDays, true);
  }

  /** Moves to a quarter of an hour, counted from the beginning of the span. */
  #toSlot(slot: number): void {
    const day = Math.floor(slot / slotsPerDay);
    const [days, slots] = [this.#days, this.#slots];
    if (day !== this.#day) {
      days.seek(day);
      if (this.#sessions === undefined) this.#beginDay(day);
      else {
        const own = this.#sessions.ofDay(day, days.units() / this.perWh);
        slots.begin(days.units(), days.extra(), own.prefix, 0, this.#seed, 0, 0, day * daySeconds);
        if (this.#dark.count > 0) slots.without(this.#dark, own, 0, false);
      }
      this.#day = day;
    }
    slots.seek(slot - day * slotsPerDay);
    this.#cell = slot;
  }

  #beginDay(day: number): void {
    const [days, slots] = [this.#days, this.#slots];
    const firstDay = this.#span * spanDays;
    const kind = this.#load.kindOf[firstDay + day] as number;
    const { amount, spread } = this.#load.noise[kind] as Noise;
    slots.begin(
      days.units(),
      days.extra(),
      this.#load.slots,
      kind * (slotsPerDay + 1),
      this.#seed,
      (day + 1) * nodesOfDay,
      amount,
      day * daySeconds,
      spread,
    );
    if (this.#dark.count > 0) slots.without(this.#dark, this.#load, firstDay, true);
  }

  #beginMinutes(slot: number): void {
    const slots = this.#slots;
    if (this.#sessions !== undefined) {
      const own = this.#sessions.ofSlot(slot);
      this.#minutes.begin(slots.units(), slots.extra(), own.prefix, 0, this.#seed, 0, 0, slot * slotSeconds);
      if (this.#dark.count > 0) this.#minutes.without(this.#dark, own, 0, false);
      return;
    }
    const ofDay = slot - this.#day * slotsPerDay;
    this.#minutes.begin(
      slots.units(),
      slots.extra(),
      minutesOfSlot,
      0,
      this.#seed,
      (this.#day + 1) * nodesOfDay + nodesOfMinutes + ofDay * 32,
      1,
      slot * slotSeconds,
    );
    if (this.#dark.count > 0) this.#minutes.without(this.#dark, undefined, 0, false);
  }

  /** Moves to the minute of an instant. Returns the second of the span, with its fraction. */
  #minute(owner: Household, at: number): number {
    const span = this.#spanOf(at);
    this.#toSpan(owner, span);
    const second = (at + this.#zoneMs - span * spanMs) / 1000;
    const slot = Math.floor(second / slotSeconds);
    this.#toSlot(slot);
    if (slot !== this.#slot) {
      this.#beginMinutes(slot);
      this.#slot = slot;
    }
    this.#minutes.seek(Math.floor((second - slot * slotSeconds) / minuteSeconds));
    return second;
  }

  /** Computes the units and the extra from the beginning of the span to an instant into `#units` and `#extra`. */
  #locate(owner: Household, at: number): void {
    const span = this.#spanOf(at);
    const ms = at + this.#zoneMs - span * spanMs;
    if (ms % slotMs === 0) {
      const slot = ms / slotMs;
      if (this.#owner === owner && this.#span === span && this.#cell + 1 === slot) {
        // The end of the quarter of an hour that was read last. This is the usual case for consecutive blocks.
        this.#units = this.#slots.units();
        this.#extra = this.#slots.extra();
      } else {
        this.#toSpan(owner, span);
        this.#toSlot(slot);
        this.#units = 0;
        this.#extra = 0;
      }
    } else {
      const second = this.#minute(owner, at);
      const minutes = this.#minutes;
      const from = Math.floor(second / minuteSeconds) * minuteSeconds;
      let part = (ms - from * 1000) / minuteMs;
      if (this.#dark.count > 0) {
        const dark = this.#dark.within(from, from + minuteSeconds);
        if (dark > 0) {
          const passed = second - from - this.#dark.within(from, second);
          part = dark < minuteSeconds ? passed / (minuteSeconds - dark) : 0;
        }
      }
      this.#units = minutes.unitsBefore() + Math.floor(minutes.units() * part);
      this.#extra = minutes.extraBefore() + Math.floor(minutes.extra() * part);
    }
    const [days, slots] = [this.#days, this.#slots];
    this.#units += days.unitsBefore() + slots.unitsBefore();
    this.#extra += days.extraBefore() + slots.extraBefore();
  }
}

import type { Data } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import type { AnyObject } from "@dlmskit/cosem-objects";
import type { FaultsFile } from "../faults/faults-file.ts";
import type { Span } from "../fleet/addresses.ts";
import { instantOfText } from "../instant-text.ts";
import type { CampaignItem, CampaignReading, CampaignRow } from "./campaign.ts";
import { type Cell, columnText, isSame } from "./cells.ts";
import { Marks } from "./marks.ts";
import { deviceOf } from "./meters.ts";
import { type Predicted, Predictions } from "./predict.ts";
import { scalerUnitOf, type TruthRow } from "./records.ts";
import { instantOfRow } from "./row-times.ts";
import type { TruthSource } from "./source.ts";
import { type Period, Teller } from "./truth.ts";

export interface ScoreOptions extends Period {
  /** The meters of the campaign, by index; all by default. */
  readonly of?: Span;
  /** A row that was read more than this many ms after its capture is late. Without it no row is. */
  readonly within?: number;
  /** The faults of the meters during the campaign. */
  readonly faults?: FaultsFile;
  /** When the campaign read, ms since 1970 UTC of the time of the meters: from and to; the end of the period by default. */
  readonly read?: Period;
}

/** What a campaign has of a meter, in rows and attributes. */
export interface Counts {
  readonly expected: number;
  /** As expected and, with `within`, in time. */
  readonly right: number;
  readonly missing: number;
  /** Read with other values. */
  readonly wrong: number;
  /** Those of the wrong ones that are as a fault shows them: the right values, under the names of columns that the meter told. */
  readonly explained: number;
  /** Right, but read too late. */
  readonly late: number;
  /** Read again. */
  readonly duplicate: number;
  /** Rows that the meter does not have. */
  readonly unexpected: number;
}

export interface MeterScore extends Counts {
  /** The serial number. */
  readonly meter: string;
  readonly index: number;
  /** What the faults predict, if there are any: how many are right, at least and at most, and the names of the faults that decide. */
  readonly predicted?: Predicted;
}

export interface Score extends Counts {
  readonly meters: number;
  /** Items of meters that are not in the fleet. */
  readonly unknown: number;
  /** right / expected, 0 to 1; 1 if nothing was expected. */
  readonly share: number;
  readonly predicted?: Predicted;
  /**
   * Whether every meter is as expected: all of it right, or as many right as the faults predict, and nothing wrong that no fault explains,
   * late, twice or unexpected.
   */
  readonly asExpected: boolean;
}

/** The outcome of a row or attribute. */
const [, right, wrong, late, explained] = [0, 1, 2, 3, 4];
const valueAttribute = 2;
const clockClass = 8;
const isSeen = (mark: number | undefined): boolean => mark === right || mark === late;

/**
 * Scores a campaign against the truth of a period. Yields the meters one after another, and returns the whole. Expected are the rows of the
 * profiles, and the attributes, that the campaign has of any meter. A reading without a time is held against the end of the period. Memory:
 * a few octets for each row that was read. Faults `bad-campaign`, `bad-value` (the period), `out-of-range` (the meters).
 */
export async function* scoreCampaign(
  source: TruthSource,
  campaign: AsyncIterable<CampaignItem>,
  options: ScoreOptions,
): AsyncGenerator<MeterScore, Score> {
  const scorer = new Scorer(source, await Teller.open(source), options);
  for await (const item of campaign) await scorer.add(item);
  return yield* scorer.finish();
}

/** The truth of a profile of a meter, or of an attribute, while it is used. */
interface Expected {
  readonly rows: readonly TruthRow[];
  /** The first row of each instant. */
  readonly places: ReadonlyMap<number, number>;
}

/** How many profiles of meters stay known: campaigns read meter by meter, some of them at once. */
const mostKept = 64;

class Scorer {
  readonly #source: TruthSource;
  readonly #teller: Teller;
  readonly #options: ScoreOptions;
  readonly #marks = new Marks();
  readonly #kept = new Map<string, Expected>();
  readonly #profiles = new Map<string, AnyObject>();
  readonly #attributes = new Map<string, CampaignReading>();
  readonly #predictions: Predictions | undefined;
  #unknown = 0;

  constructor(source: TruthSource, teller: Teller, options: ScoreOptions) {
    this.#source = source;
    this.#teller = teller;
    this.#options = options;
    const { faults, to, read = { from: to, to } } = options;
    this.#predictions = faults && new Predictions(source.fleet, faults, read);
  }

  /** Of times without a zone. */
  get #zone(): number {
    return this.#source.template.zoneMinutesEast;
  }

  get #span(): Span {
    return this.#options.of ?? { first: 0, meters: this.#source.fleet.meters };
  }

  #indexOf(meter: string): number | undefined {
    const { fleet } = this.#source;
    const index = fleet.indexOf(meter) ?? fleet.indexOfMeterId(meter) ?? fleet.indexOfName(meter);
    const { first, meters } = this.#span;
    return index !== undefined && index >= first && index < first + meters ? index : undefined;
  }

  async add(item: CampaignItem): Promise<void> {
    const index = this.#indexOf(item.meter);
    if (index === undefined) {
      this.#unknown++;
      return;
    }
    if (item.kind === "reading") await this.#reading(index, item);
    else await this.#row(index, item);
  }

  async #reading(index: number, reading: CampaignReading): Promise<void> {
    const { instanceId, attributeId, cell, at = this.#options.to } = reading;
    const key = `${instanceId}:${attributeId}`;
    this.#attributes.set(key, reading);
    if (!this.#marks.isNew(index, key, at)) {
      this.#marks.add(index, "duplicate");
      return;
    }
    const marks = this.#marks.of(index, key, 1);
    const meter = await this.#teller.meter(index);
    const object = deviceOf(this.#source).byName.get(instanceId);
    if (object === undefined) {
      this.#marks.add(index, "unexpected");
      return;
    }
    const expected = await meter.get(at + meter.clockOffset, { classId: object.spec.classId, instanceId, attributeId });
    const scaler = scalerUnitOf(meter, object, attributeId)?.scaler;
    if (!isSame(expected, cell, { scaler, zoneMinutesEast: this.#zone })) marks[0] = wrong;
    else if (marks[0] === 0) marks[0] = right;
  }

  async #row(index: number, row: CampaignRow): Promise<void> {
    const profile = this.#profileOf(row.profile);
    const at = row.at ?? this.#instantOf(row);
    if (profile === undefined || at === undefined) {
      this.#marks.add(index, "unexpected");
      return;
    }
    const { from, to, within } = this.#options;
    if (at < from || at > to) return;
    const { rows, places } = await this.#expected(index, profile);
    const marks = this.#marks.of(index, profile.instance, rows.length);
    // Several entries of a log can have one time.
    let [same, free, shown]: (number | undefined)[] = [];
    const named = rows[0] && this.#predictions?.columnsOf(index, rows[0].columns);
    for (let place = places.get(at) ?? rows.length; rows[place]?.at === at; place++) {
      const matches = isSameRow(rows[place] as TruthRow, row.cells, this.#zone);
      if (matches && (same === undefined || isSeen(marks[same]))) same = place;
      if (marks[place] === 0 && free === undefined) free = place;
      const told = rows[place] as TruthRow;
      if (named !== undefined && isSameRow({ ...told, columns: named }, row.cells, this.#zone)) shown ??= place;
    }
    if (same !== undefined) {
      if (isSeen(marks[same])) this.#marks.add(index, "duplicate");
      else marks[same] = within !== undefined && (await this.#delay(index, row, at)) > within ? late : right;
    } else if (shown !== undefined) {
      if (marks[shown] === explained) this.#marks.add(index, "duplicate");
      else marks[shown] = explained;
    } else if (free !== undefined) marks[free] = wrong;
    else if (places.has(at)) this.#marks.add(index, "unexpected");
    else if (!(await this.#isRunning(index, profile, at))) this.#marks.add(index, "unexpected");
  }

  /** How long after its capture a row was received, ms. `at`: the capture by the meter's clock. */
  async #delay(index: number, { received }: CampaignRow, at: number): Promise<number> {
    if (received === undefined) return 0;
    const { clockOffset } = await this.#teller.meter(index);
    return received - (at - clockOffset);
  }

  #profileOf(instance: string): AnyObject | undefined {
    const known = this.#profiles.get(instance) ?? this.#teller.profiles.find((one) => one.instance === instance);
    if (known !== undefined) this.#profiles.set(instance, known);
    return known;
  }

  #instantOf({ cells }: CampaignRow): number | undefined {
    const columns = [...cells.keys()].map((name) => {
      const [instanceId = "", attributeId] = name.split(":");
      const clock = deviceOf(this.#source).byName.get(instanceId)?.spec.classId === clockClass;
      return { instanceId, time: clock && attributeId === String(valueAttribute) };
    });
    const row = [...cells.values()].map((cell) => ("data" in cell ? cell.data : timeData(cell.text, this.#zone)));
    return instantOfRow(row, columns, this.#zone);
  }

  /** Whether the meter had a row of the running month at that instant. It changes until the month is over, and is not scored. */
  async #isRunning(index: number, profile: AnyObject, at: number): Promise<boolean> {
    return this.#teller.hasRowOf(await this.#teller.meter(index), profile, at);
  }

  async #expected(index: number, profile: AnyObject): Promise<Expected> {
    const key = `${index} ${profile.instance}`;
    let found = this.#kept.get(key);
    if (found === undefined) {
      const meter = await this.#teller.meter(index);
      const rows: TruthRow[] = [];
      const places = new Map<number, number>();
      for await (const row of this.#teller.rows(meter, profile, this.#options)) {
        if (!places.has(row.at)) places.set(row.at, rows.length);
        rows.push(row);
      }
      found = { rows, places };
      if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value as string);
      this.#kept.set(key, found);
    }
    return found;
  }

  async *finish(): AsyncGenerator<MeterScore, Score> {
    const { first, meters } = this.#span;
    const predictions = this.#predictions;
    const total = { expected: 0, right: 0, missing: 0, wrong: 0, explained: 0, late: 0, duplicate: 0, unexpected: 0 };
    const predicted = { atLeast: 0, atMost: 0 };
    let asExpected = this.#unknown === 0;
    // A campaign that has nothing is no success.
    let anything = false;
    for (let index = first; index < first + meters; index++) {
      const one = await this.#scoreOf(index);
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += one[name];
      predicted.atLeast += one.predicted?.atLeast ?? one.expected;
      predicted.atMost += one.predicted?.atMost ?? one.expected;
      asExpected &&= isAsExpected(one);
      anything ||= one.expected > 0 || one.predicted !== undefined;
      yield one;
    }
    return {
      ...{ meters, unknown: this.#unknown, ...total, asExpected: asExpected && anything },
      share: total.expected === 0 ? 0 : total.right / total.expected,
      ...(predictions === undefined ? {} : { predicted: { ...predicted, faults: predictions.names } }),
    };
  }

  async #scoreOf(index: number): Promise<MeterScore> {
    const predictions = this.#predictions;
    const counts = { expected: 0, right: 0, missing: 0, wrong: 0, explained: 0, late: 0 };
    const predicted = { atLeast: 0, atMost: 0 };
    const faults = new Set<string>();
    const objects = [
      ...[...this.#profiles.values()].map((object) => ({
        object,
        key: object.instance as string,
        attributeId: valueAttribute,
      })),
      ...[...this.#attributes].map(([key, { instanceId, attributeId }]) => {
        return { object: deviceOf(this.#source).byName.get(instanceId), key, attributeId };
      }),
    ];
    for (const { object, key, attributeId } of objects) {
      if (object === undefined) continue;
      const isProfile = this.#profiles.has(key);
      const marks =
        this.#marks.find(index, key) ??
        new Uint8Array(isProfile ? (await this.#expected(index, object)).rows.length : 1);
      counts.expected += marks.length;
      for (const mark of marks) {
        if (mark === right) counts.right++;
        else if (mark === wrong || mark === explained) counts.wrong++;
        else if (mark === late) counts.late++;
        else counts.missing++;
        if (mark === explained) counts.explained++;
      }
      const said = predictions?.of(index, { classId: object.spec.classId, instanceId: object.instance, attributeId });
      for (const name of said?.faults ?? []) faults.add(name);
      if (said?.outcome !== "none" && said?.outcome !== "some") predicted.atLeast += marks.length;
      if (said?.outcome !== "none") predicted.atMost += marks.length;
    }
    const { duplicate = 0, unexpected = 0 } = this.#marks.counts(index);
    return {
      ...{ meter: this.#source.fleet.serial(index), index, ...counts, duplicate, unexpected },
      ...(predictions === undefined ? {} : { predicted: { ...predicted, faults: [...faults] } }),
    };
  }
}

function timeData(text: string, zoneMinutesEast: number): Data | undefined {
  const instant = text.includes("T") ? instantOfText(text, zoneMinutesEast) : undefined;
  if (instant === undefined) return undefined;
  return { type: "date-time", value: dateTimeOf(instant) };
}

/** Whether the values that a campaign has of a row are those of the row. It may have fewer columns, and at least one. */
function isSameRow({ row, columns }: TruthRow, cells: ReadonlyMap<string, Cell>, zoneMinutesEast: number): boolean {
  let seen = 0;
  for (const [at, column] of columns.entries()) {
    const cell = cells.get(columnText(column));
    if (cell === undefined) continue;
    seen++;
    // No scaler belongs to a column that is not the value of an object.
    const scaler = column.attributeId < 0 ? undefined : column.scaler;
    if (!isSame(row[at] as Data, cell, { scaler, zoneMinutesEast })) return false;
  }
  return seen > 0 && seen === cells.size;
}

function isAsExpected({
  expected,
  right: good,
  wrong: bad,
  explained: told,
  late: slow,
  duplicate,
  unexpected,
  predicted,
}: MeterScore): boolean {
  if (bad - told + slow + duplicate + unexpected > 0) return false;
  const { atLeast, atMost } = predicted ?? { atLeast: expected, atMost: expected };
  return good >= atLeast && good <= atMost;
}

import {
  customerClasses,
  defaultLoadProfiles,
  type Model,
  type PowerQualityEvent,
  parsePopulation,
  prepareModel,
} from "@dlmskit/simulator";
import { type Chart, svgOf } from "./svg.ts";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const commissioned = Date.UTC(2025, 0, 1);
const zone = 330 * minute;
/** Local midnight of a day in India. Each of these is a Monday. */
const mondays = {
  summer: Date.UTC(2026, 4, 11) - zone,
  monsoon: Date.UTC(2026, 7, 3) - zone,
  winter: Date.UTC(2026, 0, 12) - zone,
};
const count = 40;
const weekDays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const known = new Map<string, Model[]>();

/** Meters of a built-in class. */
function metersOf(name: string): Model[] {
  let meters = known.get(name);
  if (meters === undefined) {
    const prepared = prepareModel({ templates: customerClasses[name] ?? [] });
    meters = Array.from({ length: count }, (_, n) =>
      prepared.model({ seed: "charts", meter: `${name} ${n}`, commissioned }),
    );
    known.set(name, meters);
  }
  return meters;
}

/** kW of each half hour, the mean of some meters. Meter by meter: the next interval of the same meter is found quickly. */
function mean(meters: readonly Model[], from: number, length: number): number[] {
  const sums = new Array<number>(length / (hour / 2)).fill(0);
  for (const model of meters) {
    for (const n of sums.keys()) {
      const start = from + (n * hour) / 2;
      sums[n] = (sums[n] as number) + model.flow(start, start + hour / 2).importWh;
    }
  }
  return sums.map((wh) => (wh * 2) / 1000 / meters.length);
}

function weekOf(name: string): Chart {
  const meters = metersOf(name);
  const lines = Object.entries(mondays).map(([season, from]) => ({
    name: season,
    values: mean(meters, from, 7 * day),
  }));
  return { title: `A week of ${name}`, unit: "kW, mean of 40 meters", lines, marks: weekDays };
}

function oneMeter(): Chart {
  const meters = metersOf("modern-household");
  const from = mondays.summer;
  // A house with a plant and a vehicle shows most.
  const model = [...meters].sort(
    (one, other) => other.flow(from, from + 7 * day).exportWh - one.flow(from, from + 7 * day).exportWh,
  )[0] as Model;
  const values = (name: "importWh" | "exportWh"): number[] =>
    Array.from(
      { length: 7 * 96 },
      (_, n) => (model.flow(from + n * 15 * minute, from + (n + 1) * 15 * minute)[name] * 4) / 1000,
    );
  const lines = [
    { name: "import", values: values("importWh") },
    { name: "export", values: values("exportWh") },
  ];
  return { title: "A week of one house with a solar plant", unit: "kW in quarters of an hour", lines, marks: weekDays };
}

function monthOf(): Chart {
  const from = Date.UTC(2026, 5, 1) - zone;
  const lines = ["modern-household", "shop"].map((name) => {
    const meters = metersOf(name);
    return {
      name,
      values: Array.from(
        { length: 30 },
        (_, n) =>
          meters.reduce((sum, model) => sum + model.flow(from + n * day, from + (n + 1) * day).importWh, 0) / 40_000,
      ),
    };
  });
  return { title: "June", unit: "kWh a day, mean of 40 meters", lines, marks: ["1", "7", "13", "19", "25"] };
}

function populationOf(): Chart {
  const { classes } = parsePopulation({
    version: 1,
    classes: [
      { template: "modern-household", share: 85 },
      { template: "shop", share: 11 },
      { template: "industry", share: 1 },
      { template: "street-light", share: 3 },
    ],
  });
  const lines = Object.entries(mondays)
    .filter(([season]) => season !== "monsoon")
    .map(([season, from]) => {
      const all = classes.map(({ template, share }) =>
        mean(metersOf(template), from, 7 * day).map((kW) => (kW * share) / 100),
      );
      return {
        name: season,
        values: (all[0] as number[]).map((_, n) => all.reduce((sum, values) => sum + (values[n] as number), 0) * 10),
      };
    });
  return { title: "A town of 10,000 meters", unit: "MW", lines, marks: weekDays };
}

/** The voltages of a three-phase meter around an event, and the log of what happened. */
function eventOf(): { readonly chart: Chart; readonly log: readonly PowerQualityEvent[] } {
  const phases = { affectedPhases: ["L1", "L2"] as const };
  const powerQuality = [
    { eventType: "INTERRUPTION" as const, probability: 0.5, minDuration: 900, maxDuration: 1800, affectedPhases: [] },
    {
      eventType: "VOLTAGE_SAG" as const,
      probability: 1,
      minDuration: 1200,
      maxDuration: 2400,
      minMagnitude: 70,
      maxMagnitude: 80,
      ...phases,
    },
  ];
  const prepared = prepareModel({ templates: defaultLoadProfiles, powerQuality, phases: 3 });
  const model = prepared.model({ seed: "charts", meter: "event", commissioned });
  // The first interruption that has a sag within three hours before it.
  const all = model.events(mondays.summer, mondays.summer + 60 * day);
  const found = all.find(
    ({ type, start }, n) => type === "INTERRUPTION" && start - (all[n - 1]?.start ?? 0) < 3 * hour,
  );
  const from = Math.floor(((found?.start ?? mondays.summer) - 3 * hour) / hour) * hour + hour / 2;
  const lines = [1, 2, 3].map((phase) => ({
    name: `L${phase}`,
    values: Array.from({ length: 300 }, (_, n) => model.phase(from + n * minute, phase).voltage),
  }));
  const marks = Array.from({ length: 5 }, (_, n) => new Date(from + zone + n * hour).toISOString().slice(11, 16));
  return {
    chart: { title: "Voltages of a three-phase meter", unit: "V", lines, marks },
    log: model.events(from, from + 5 * hour),
  };
}

const local = (at: number): string => new Date(at + zone).toISOString().slice(11, 19);

/** The chart page, and its pictures, as file names below docs/ and their texts. */
export function loadCharts(): readonly (readonly [file: string, text: string])[] {
  const { chart, log } = eventOf();
  const charts: { readonly [file: string]: Chart } = {
    ...Object.fromEntries(
      ["modern-household", "shop", "industry", "street-light"].map((name) => [`week-${name}`, weekOf(name)]),
    ),
    "week-one-house": oneMeter(),
    month: monthOf(),
    event: chart,
    population: populationOf(),
  };
  const picture = (file: string): string => `![${charts[file]?.title}](charts/${file}.svg)\n`;
  const page = `# What the generated data looks like

This page and its pictures are made from the generator by \`scripts/support/load-charts.ts\` (\`pnpm support-matrix\`); a test fails when they are not what it gives. The customers are the built-in classes of
[Describe a load](guides/load.md), in India, in local time.

## A week in summer, monsoon and winter

${["week-modern-household", "week-shop", "week-industry", "week-street-light", "week-one-house"].map(picture).join("\n")}
## A month

${picture("month")}
## An event of the supply

${picture("event")}
| event | start | end | magnitude, per cent | phases |
| --- | --- | --- | --- | --- |
${log.map(({ type, start, end, magnitude, phases }) => `| ${type} | ${local(start)} | ${local(end)} | ${type === "INTERRUPTION" ? "" : magnitude} | ${phases.join(", ") || "all"} |`).join("\n")}

## A population

${picture("population")}`;
  return [
    ["load-charts.md", page],
    ...Object.entries(charts).map(([file, one]) => [`charts/${file}.svg`, svgOf(one)] as const),
  ];
}

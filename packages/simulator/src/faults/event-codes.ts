import type { Condition } from "../meter/conditions.ts";
import type { SimulatorTemplate } from "../templates/template.ts";

/** What a meter notices by itself, apart from the supply. `channel` of the M-Bus: 1 to 4. */
export type MeterEvent =
  | "cover"
  | "magnet"
  | "neutral"
  | "battery"
  | "relay"
  | { readonly mbus: "battery" | "tamper"; readonly channel: number };

type Named = Extract<MeterEvent, string>;
type Mbus = Exclude<MeterEvent, string>["mbus"];
/** The events of a companion standard. On the M-Bus: those of channel 1, and how the other channels follow. */
interface Table {
  readonly events: { readonly [event in Named]?: Condition };
  readonly mbus: { readonly [event in Mbus]?: Condition };
}

const channels = [1, 2, 3, 4] as const;
const channelStep = 10;

// IS 15959 Part 1, annex E: other events, and non-rollover events, which have no restoration. Bits of its event status word.
const statusWord = (bit: number): Pick<Condition, "sign" | "counter"> => ({
  sign: { object: "0.0.94.91.18.255", filter: "0.0.94.91.26.255", bit },
  counter: "0.0.94.91.0.255",
});
const is15959: Table = {
  events: {
    cover: { log: "0.0.99.98.5.255", occurrence: 251, ...statusWord(83) },
    magnet: { log: "0.0.99.98.4.255", occurrence: 201, restoration: 202, ...statusWord(81) },
    neutral: { log: "0.0.99.98.4.255", occurrence: 203, restoration: 204, ...statusWord(82) },
  },
  mbus: {},
};

const alarm1 = (bit: number): Pick<Condition, "sign"> => ({
  sign: { object: "0.0.97.98.0.255", filter: "0.0.97.98.10.255", descriptor: "0.0.97.98.20.255", bit },
});
const alarm2 = (bit: number): Pick<Condition, "sign"> => ({
  sign: { object: "0.0.97.98.1.255", filter: "0.0.97.98.11.255", descriptor: "0.0.97.98.21.255", bit },
});

// The standard event log, the fraud detection log, the disconnector control log and the M-Bus log. Bits of alarm register 1.
const fraud = alarm1(13);
const mbusLog = "0.0.99.98.3.255";
const mbusBattery: Condition = { log: mbusLog, occurrence: 102 };
const dsmr: Table = {
  events: {
    cover: { log: "0.0.99.98.1.255", occurrence: 44, restoration: 45, ...fraud },
    magnet: { log: "0.0.99.98.1.255", occurrence: 42, restoration: 43, ...fraud },
    battery: { log: "0.0.99.98.0.255", occurrence: 8, restoration: 7, ...alarm1(1) },
    relay: { log: "0.0.99.98.2.255", occurrence: 68 },
  },
  mbus: { battery: mbusBattery, tamper: { log: mbusLog, occurrence: 103, ...alarm1(20) } },
};

// Of alarm register 1, DSMR has other bits from 24 on. Alarm register 2 and the bits from 24 on are of low confidence.
const idis: Table = {
  events: {
    ...dsmr.events,
    neutral: { log: "0.0.99.98.0.255", occurrence: 89, ...alarm2(8) },
    relay: { log: "0.0.99.98.2.255", occurrence: 68, ...alarm2(31) },
  },
  mbus: { ...dsmr.mbus, battery: { ...mbusBattery, ...alarm1(28) } },
};

const tables: readonly { readonly standard: RegExp; readonly table: Table }[] = [
  { standard: /15959/, table: is15959 },
  { standard: /DSMR/, table: dsmr },
  { standard: /IDIS/, table: idis },
];

function tableOf({ about, form }: SimulatorTemplate): Table | undefined {
  const standard = form?.standard ?? about?.standard ?? "";
  return tables.find((one) => one.standard.test(standard))?.table;
}

/** A condition of the M-Bus on another channel than the first: its numbers are higher by 10 for each, its bits by 1. */
function onChannel({ sign, ...first }: Condition, channel: number): Condition {
  const steps = channel - 1;
  const occurrence = first.occurrence + channelStep * steps;
  return { ...first, occurrence, ...(sign && { sign: { ...sign, bit: sign.bit + steps } }) };
}

const isLogOf = ({ form, logs = {} }: SimulatorTemplate, { log }: Condition): boolean =>
  Object.hasOwn(form?.logs ?? logs, log);

const known = new WeakMap<SimulatorTemplate, ReadonlyMap<string, Condition>>();

const keyOf = (event: MeterEvent): string => (typeof event === "string" ? event : `${event.mbus} ${event.channel}`);

function conditionsByEvent(template: SimulatorTemplate): ReadonlyMap<string, Condition> {
  let found = known.get(template);
  if (found === undefined) {
    const { events = {}, mbus = {} } = tableOf(template) ?? {};
    const all = [
      ...Object.entries(events).map(([name, one]) => [keyOf(name as Named), one] as const),
      ...Object.entries(mbus).flatMap(([name, one]) =>
        channels.map((channel) => [keyOf({ mbus: name as Mbus, channel }), onChannel(one, channel)] as const),
      ),
    ];
    found = new Map(all.filter(([, one]) => isLogOf(template, one)));
    known.set(template, found);
  }
  return found;
}

/** What shows an event at meters of a template; undefined: its companion standard has no number for it, or it has not that log. */
export const eventCodes = (template: SimulatorTemplate, event: MeterEvent): Condition | undefined =>
  conditionsByEvent(template).get(keyOf(event));

/** Everything that meters of a template notice by themselves. */
export const conditionsOf = (template: SimulatorTemplate): readonly Condition[] => [
  ...conditionsByEvent(template).values(),
];

import { type Data, treeOf } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { type AnyObject, after, afterEach, type DeviceView, type MaybePromise } from "@dlmskit/cosem-objects";
import { type Condition, conditionOf, type NoticedEntry, type Sign } from "./conditions.ts";
import { logKept } from "./journal.ts";
import type { Report, SimulatedMeter } from "./simulated-meter.ts";

interface Entered {
  readonly log: LogicalName;
  readonly code: number;
  /** When it happened, ms since 1970 UTC of the meter's clock. */
  readonly at: number;
}

const valueAttribute = 2;
const dataClass = 1;
/** The numbers that show conditions, and how many bits each has. */
const widths: { readonly [type: string]: number } = { unsigned: 8, "long-unsigned": 16, "double-long-unsigned": 32 };

/**
 * Enters an event in a log of the meter. If the event is a condition of the companion standard, its status word or its alarm register, its
 * counter and its push tell of it in the same change.
 */
export function enterEvent(
  meter: SimulatedMeter,
  device: DeviceView,
  { log, code, at }: Entered,
): MaybePromise<unknown> {
  return after(meter.journal.append(device, log, code, at, logKept), () => {
    const condition = conditionOf(meter.conditions, { log, code });
    return condition === undefined ? undefined : show(meter, device, condition, code === condition.occurrence);
  });
}

function show(
  meter: SimulatedMeter,
  device: DeviceView,
  { sign, counter }: Condition,
  begins: boolean,
): MaybePromise<unknown> {
  const count = begins && counter !== undefined ? changed(device, counter, addOne) : undefined;
  return after(count, () => {
    if (sign === undefined) return undefined;
    return after(
      changed(device, sign.object, (data) => withBit(data, sign.bit, begins)),
      (has) => (has ? report(meter, device, sign, begins) : undefined),
    );
  });
}

/** Sets the alarm registers as entries leave them that no client has reset since. */
export function showAlarms(
  device: DeviceView,
  conditions: readonly Condition[],
  entries: readonly NoticedEntry[],
): MaybePromise<unknown> {
  const bits = new Map<LogicalName, Set<number>>();
  for (const entry of entries) {
    const { sign, occurrence } = conditionOf(conditions, entry) ?? {};
    if (sign === undefined || occurrence !== entry.code) continue;
    bits.set(sign.object, (bits.get(sign.object) ?? new Set()).add(sign.bit));
  }
  return afterEach([...bits], ([object, set]) =>
    changed(device, object, (data) =>
      isNumber(data)
        ? ({ ...data, value: [...set].reduce((sum, bit) => (hasRoom(data, bit) ? sum + 2 ** bit : sum), 0) } as Data)
        : undefined,
    ),
  );
}

/** Changes the meter's own value of a Data object. Returns whether it has the object, and the value is changed or of no concern. */
function changed(
  device: DeviceView,
  instanceId: LogicalName,
  change: (data: Data) => Data | undefined,
): MaybePromise<boolean> {
  const object = device.find(dataClass, instanceId);
  if (object === undefined) return false;
  const value = change(ownData(device, object));
  if (value === undefined) return true;
  return after(device.set({ classId: dataClass, instanceId, attributeId: valueAttribute }, value), () => true);
}

/** The value that the meter keeps, without what its read hook adds. */
function ownData(device: DeviceView, object: AnyObject): Data {
  const { value } = device.values(object) as { readonly value: unknown };
  return typeof value === "number"
    ? { type: "double-long-unsigned", value }
    : typeof value === "string"
      ? { type: "bit-string", value }
      : treeOf(value as Data);
}

/** The next count. A counter that is full stays as it is: the event happened all the same. */
const addOne = (data: Data): Data | undefined =>
  isNumber(data) && data.value + 1 < 2 ** widthOf(data) ? ({ ...data, value: data.value + 1 } as Data) : undefined;

type NumberData = Data & { readonly value: number };
const isNumber = (data: Data): data is NumberData => Object.hasOwn(widths, data.type);
const widthOf = ({ type }: NumberData): number => widths[type] as number;
const hasRoom = (data: NumberData, bit: number): boolean => bit < widthOf(data);

/**
 * A status word with or without the bit, longer if it is too short for it; an alarm register with it, since only a client resets it.
 * Undefined: it stays as it is, as a register does that is too narrow for the bit.
 */
function withBit(data: Data, bit: number, is: boolean): Data | undefined {
  if (data.type === "bit-string") {
    if (!is && bit >= data.value.length) return undefined;
    const bits = [...data.value.padEnd(bit + 1, "0")];
    bits[bit] = is ? "1" : "0";
    return { ...data, value: bits.join("") };
  }
  if (!isNumber(data) || !is || !hasRoom(data, bit)) return undefined;
  return { ...data, value: hasBit(data, bit) ? data.value : data.value + 2 ** bit } as Data;
}

const hasBit = (data: Data, bit: number): boolean =>
  data.type === "bit-string" ? data.value[bit] === "1" : isNumber(data) && Math.floor(data.value / 2 ** bit) % 2 === 1;

/** Reports a change of a sign if its filter allows it: through the descriptor of an alarm, or else by the Push setups that push the object. */
function report(meter: SimulatedMeter, device: DeviceView, sign: Sign, begins: boolean): MaybePromise<unknown> {
  const { object, bit, filter, descriptor } = sign;
  const allows = device.find(dataClass, filter);
  if (allows !== undefined && !hasBit(ownData(device, allows), bit)) return undefined;
  if (descriptor !== undefined) {
    if (!begins) return undefined;
    if (device.find(dataClass, descriptor) !== undefined)
      return changed(device, descriptor, (data) => withBit(data, bit, true));
  }
  return afterEach(meter.reportsOf(object), (one) => push(device, one));
}

const pushMethod = 1;

function push(device: DeviceView, { setup, told }: Report): MaybePromise<unknown> {
  const object = device.find(setup.spec.classId, setup.instance);
  if (object === undefined) return undefined;
  const destination = ({ values }: Pick<AnyObject, "values">): string =>
    JSON.stringify(values.sendDestinationAndMethod, (_, value) => (value instanceof Uint8Array ? [...value] : value));
  if (!told && destination({ values: device.values(object) }) === destination(setup)) return undefined;
  return device.invoke(object, pushMethod, { type: "integer", value: 0 });
}

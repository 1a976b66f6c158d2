import { type Data, T } from "@dlmskit/apdu";
import type { CosemDateTime, LogicalName } from "@dlmskit/core";
import {
  type AnyCodec,
  type ClassSpec,
  interfaceClass,
  type Retyped,
  retype,
  type Values,
} from "../../interface-class.ts";
import { type Context, type CosemObject, type DeviceView, type Hooks, object } from "../../object.ts";
import { SimpleData } from "../common-types.ts";
import { noUnit, type RegisterOptions, ScalerUnit } from "./register.ts";

/** Extended register (class 4, version 0; Blue Book 4.3.3): a register with a status and the time of its value. */
export const ExtendedRegister = interfaceClass({
  classId: 4,
  version: 0,
  name: "Extended register",
  attributes: {
    value: { id: 2, type: SimpleData, static: false },
    scalerUnit: { id: 3, type: ScalerUnit, static: true, access: "r", default: noUnit },
    status: { id: 4, type: SimpleData, static: false },
    captureTime: { id: 5, type: T.dateTimeOctets, static: false },
  },
  methods: { reset: { id: 1, argument: T.integer } },
  methodOffset: 0x38,
  traits: { scaled: { value: "value", scalerUnit: "scalerUnit" } },
});

export interface ExtendedRegisterOptions<C extends AnyCodec> extends RegisterOptions<C> {
  readonly captureTime: CosemDateTime;
  /** null-data by default. */
  readonly status?: Data;
}

/**
 * An Extended register whose value has that type. When anybody writes the value, capture_time becomes the time of writing; the meter's own
 * functions store a value with `storeValue`. With `resetTo`, reset sets the status to its first value.
 */
export function extendedRegister<const C extends AnyCodec>(
  instance: LogicalName,
  options: ExtendedRegisterOptions<C>,
  hooks: Hooks<Retyped<typeof ExtendedRegister, "value", C>> = {},
): CosemObject<Retyped<typeof ExtendedRegister, "value", C>> {
  const { type, value, unit, scaler = 0, captureTime, status = { type: "null-data" }, resetTo } = options;
  type Stored = Values<typeof ExtendedRegister>;
  const store = (values: Stored, stored: unknown, { local, now }: Context): void => {
    values.value = stored as Stored["value"];
    values.captureTime = local.dateTimeOf(now);
  };
  const reset = (values: Stored, _: number, context: Context): void => {
    store(values, resetTo, context);
    values.status = status as Stored["status"];
  };
  const invoke = { ...(resetTo === undefined ? {} : { reset }), ...hooks.invoke };
  const all = { ...hooks, write: { value: store, ...hooks.write }, invoke };
  const values = { value, scalerUnit: { scaler, unit }, status, captureTime };
  // biome-ignore lint/suspicious/noExplicitAny: the retyped values and hooks, which a generic C hides
  return object(retype(ExtendedRegister, "value", type), instance, values as any, all as any);
}

/**
 * Stores a value in an Extended register, with its time and, if one is passed, a status. `device`: the view of a hook (`context.device`) or
 * of `meter.change`.
 */
export function storeValue<S extends ClassSpec>(
  register: CosemObject<S>,
  value: Values<S>["value" & keyof Values<S>],
  device: DeviceView,
  status?: Data,
): void {
  const values = device.draft(register) as unknown as Values<typeof ExtendedRegister>;
  const { local, now } = device.context(register);
  values.value = value as never;
  values.captureTime = local.dateTimeOf(now);
  if (status !== undefined) values.status = status as never;
}

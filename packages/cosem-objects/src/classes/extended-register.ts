import { type Data, T } from "@dlmskit/apdu";
import type { CosemDateTime, LogicalName } from "@dlmskit/core";
import { type AnyCodec, interfaceClass, type Retyped, retype } from "../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../object.ts";
import { type RegisterOptions, ScalerUnit } from "./register.ts";

/** Extended register (class 4, version 0; Blue Book 4.3.3): a register with a status and the time of its value. */
export const ExtendedRegister = interfaceClass({
  classId: 4,
  version: 0,
  name: "Extended register",
  attributes: {
    value: { id: 2, type: T.any },
    scalerUnit: { id: 3, type: ScalerUnit },
    status: { id: 4, type: T.any },
    captureTime: { id: 5, type: T.dateTimeOctets },
  },
  methods: { reset: { id: 1, argument: T.integer } },
  traits: { scaled: { value: "value", scalerUnit: "scalerUnit" } },
});

export interface ExtendedRegisterOptions<C extends AnyCodec> extends RegisterOptions<C> {
  readonly captureTime: CosemDateTime;
  /** null-data unless told otherwise. */
  readonly status?: Data;
}

/** An extended register whose value has that type. */
export function extendedRegister<const C extends AnyCodec>(
  instance: LogicalName,
  { type, value, unit, scaler = 0, captureTime, status = { type: "null-data" } }: ExtendedRegisterOptions<C>,
  hooks: Hooks<Retyped<typeof ExtendedRegister, "value", C>> = {},
): CosemObject<Retyped<typeof ExtendedRegister, "value", C>> {
  const values = { value, scalerUnit: { scaler, unit }, status, captureTime };
  // biome-ignore lint/suspicious/noExplicitAny: the retyped values, which a generic C hides
  return object(retype(ExtendedRegister, "value", type), instance, values as any, hooks);
}

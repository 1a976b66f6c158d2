import { type Data, T } from "@dlmskit/apdu";
import type { CosemDateTime, LogicalName } from "@dlmskit/core";
import { type AnyCodec, interfaceClass, type Retyped, retype } from "../../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../../object.ts";
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

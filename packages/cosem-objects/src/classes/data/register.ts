import { T } from "@dlmskit/apdu";
import type { LogicalName, Of } from "@dlmskit/core";
import { type AnyCodec, interfaceClass, type Retyped, retype } from "../../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../../object.ts";
import { type Unit, UnitCodec } from "../../unit.ts";
import { SimpleData } from "../common-types.ts";

/** scaler_unit: the value is multiplied by ten to the power of the scaler, and has that unit. */
export const ScalerUnit = T.structure({ scaler: T.integer, unit: UnitCodec });
export type ScalerUnit = Of<typeof ScalerUnit>;

/** The scaler_unit of a new object: scaler 0 and no unit. */
export const noUnit: ScalerUnit = { scaler: 0, unit: "none" };

/** Register (class 3, version 0; Blue Book 4.3.2). */
export const Register = interfaceClass({
  classId: 3,
  version: 0,
  name: "Register",
  attributes: {
    value: { id: 2, type: SimpleData, static: false },
    scalerUnit: { id: 3, type: ScalerUnit, static: true, access: "r", default: noUnit },
  },
  methods: { reset: { id: 1, argument: T.integer } },
  methodOffset: 0x28,
  traits: { scaled: { value: "value", scalerUnit: "scalerUnit" } },
});

export interface RegisterOptions<C extends AnyCodec> {
  /** The type on the wire: `T.doubleLongUnsigned`, … */
  readonly type: C;
  readonly value: NoInfer<Of<C>>;
  readonly unit: Unit;
  /** The power of ten: 0 by default. */
  readonly scaler?: number;
  /** The value that the method reset sets. Without it (and without a hook) there is no method reset. */
  readonly resetTo?: NoInfer<Of<C>>;
}

/** A register whose value has that type. */
export function register<const C extends AnyCodec>(
  instance: LogicalName,
  { type, value, unit, scaler = 0, resetTo }: RegisterOptions<C>,
  hooks: Hooks<Retyped<typeof Register, "value", C>> = {},
): CosemObject<Retyped<typeof Register, "value", C>> {
  const reset = (values: { value: unknown }): void => {
    values.value = resetTo;
  };
  const invoke = { ...(resetTo === undefined ? {} : { reset }), ...hooks.invoke };
  const values = { value, scalerUnit: { scaler, unit } };
  // biome-ignore lint/suspicious/noExplicitAny: the retyped values and hooks, which a generic C hides
  return object(retype(Register, "value", type), instance, values as any, { ...hooks, invoke } as any);
}

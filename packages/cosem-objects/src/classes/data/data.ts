import { type Data as DataTree, T } from "@dlmskit/apdu";
import type { LogicalName, Of } from "@dlmskit/core";
import { type AnyCodec, interfaceClass, type Retyped, retype } from "../../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../../object.ts";

/** Data (class 1, version 0; Blue Book 4.3.1). The type of the value is open: `retype(Data, "value", T.…)`. */
export const DataClass = interfaceClass({
  classId: 1,
  version: 0,
  name: "Data",
  attributes: { value: { id: 2, type: T.any, access: "rw" } },
  methods: {},
});

/** A Data object whose value has that type. */
export function dataObject<const C extends AnyCodec>(
  instance: LogicalName,
  { type, value }: { readonly type: C; readonly value: NoInfer<Of<C>> },
  hooks: Hooks<Retyped<typeof DataClass, "value", C>> = {},
): CosemObject<Retyped<typeof DataClass, "value", C>> {
  // biome-ignore lint/suspicious/noExplicitAny: the retyped values are { value: Of<C> }, which a generic C hides
  return object(retype(DataClass, "value", type), instance, { value } as any, hooks);
}

/** A Data object with a value of any type, as a Data tree. */
export const anyDataObject = (instance: LogicalName, value: DataTree): CosemObject<typeof DataClass> =>
  object(DataClass, instance, { value });

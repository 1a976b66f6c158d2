import { type LogicalName, logicalName, sameOctets, toHex } from "@dlmskit/core";
import { FunctionControl } from "../classes/access/function-control.ts";
import type { ObjectDefinition } from "../classes/common-types.ts";
import type { Values } from "../interface-class.ts";
import { checkListSize } from "../list-size.ts";
import { type AnyObject, type CosemObject, type DeviceView, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";

type FunctionValues = Values<typeof FunctionControl>;
type Definition = FunctionValues["functionList"][number];
type Status = FunctionValues["activationStatus"][number];

/** A function of the meter that is enabled and disabled by name. */
export interface MeterFunction {
  readonly name: Uint8Array;
  readonly objects: readonly (AnyObject | ObjectDefinition)[];
  /** True by default. */
  readonly enabled?: boolean;
}

/**
 * Functions of the meter that are enabled and disabled by name (class 122; Blue Book 4.4.10). While a function is disabled, its objects
 * answer object-unavailable and perform no scheduled actions; `isAvailable` gives the state of one object. If a name does not exist, all
 * names of the call are refused (other-reason). An added function is disabled at first.
 */
export function functionControl(
  instance: LogicalName = "0.0.44.1.0.255",
  functions: readonly MeterFunction[] = [],
  hooks: Hooks<typeof FunctionControl> = {},
): CosemObject<typeof FunctionControl> {
  const functionList = functions.map(
    ({ name, objects }): Definition => ({ functionName: name, functionSpecifications: objects.map(definitionOf) }),
  );
  return object(
    FunctionControl,
    instance,
    {
      functionList,
      activationStatus: functions.map(({ name, enabled = true }) => ({ functionName: name, functionStatus: enabled })),
    },
    {
      ...hooks,
      write: {
        functionList(values, written) {
          const before = new Map(values.activationStatus.map((one) => [toHex(one.functionName), one]));
          const names = new Set(written.map(({ functionName }) => toHex(functionName)));
          if (names.size < written.length) throw refuse("other-reason", "two functions have the same name");
          values.functionList = written;
          values.activationStatus = written.map(
            ({ functionName }) => before.get(toHex(functionName)) ?? { functionName, functionStatus: false },
          );
        },
        ...hooks.write,
      },
      invoke: {
        setFunctionStatus(values, wanted) {
          const known = new Set(values.activationStatus.map(({ functionName }) => toHex(functionName)));
          if (wanted.some(({ functionName }) => !known.has(toHex(functionName)))) throw noFunction();
          // If a name occurs several times, the last one counts.
          const told = new Map(wanted.map((one) => [toHex(one.functionName), one]));
          values.activationStatus = values.activationStatus.map((one) => told.get(toHex(one.functionName)) ?? one);
        },
        addFunction(values, added) {
          const off = { functionName: added.functionName, functionStatus: false };
          const functionList = [...others(values.functionList, added.functionName), added];
          checkListSize(FunctionControl.attributes.functionList.type, functionList);
          values.functionList = functionList;
          values.activationStatus = [...others(values.activationStatus, added.functionName), off];
        },
        removeFunction(values, { functionName }) {
          if (find(values.activationStatus, functionName) === undefined) throw noFunction();
          values.functionList = others(values.functionList, functionName);
          values.activationStatus = others(values.activationStatus, functionName);
        },
        ...hooks.invoke,
      },
    },
  );
}

const definitionOf = (one: AnyObject | ObjectDefinition): ObjectDefinition =>
  "spec" in one
    ? { classId: one.spec.classId, instanceId: one.instance }
    : { ...one, instanceId: logicalName(one.instanceId) };

const find = (list: readonly Status[], name: Uint8Array): Status | undefined =>
  list.find(({ functionName }) => sameOctets(functionName, name));

const others = <E extends { readonly functionName: Uint8Array }>(list: readonly E[], name: Uint8Array): E[] =>
  list.filter(({ functionName }) => !sameOctets(functionName, name));

const noFunction = () => refuse("other-reason", "there is no function of that name");

// It is used in each request, so it is computed only once for each change.
const disabledObjects = new WeakMap<readonly Status[], { readonly of: unknown; readonly names: ReadonlySet<string> }>();

const nameOf = ({ classId, instanceId }: ObjectDefinition): string => `${classId} ${instanceId}`;

/** The objects of the disabled functions. */
function disabledBy({ functionList, activationStatus }: Readonly<FunctionValues>): ReadonlySet<string> {
  const known = disabledObjects.get(activationStatus);
  if (known?.of === functionList) return known.names;
  const off = activationStatus.filter(({ functionStatus }) => !functionStatus);
  const disabled = new Set(off.map(({ functionName }) => toHex(functionName)));
  const objects = functionList.filter(({ functionName }) => disabled.has(toHex(functionName)));
  const names = new Set(objects.flatMap(({ functionSpecifications }) => functionSpecifications.map(nameOf)));
  disabledObjects.set(activationStatus, { of: functionList, names });
  return names;
}

/** Whether the object belongs to no disabled function. A Function control itself is always available. */
export function isAvailable(target: AnyObject, device: Pick<DeviceView, "objects" | "values">): boolean {
  const { classId } = target.spec;
  if (classId === FunctionControl.classId) return true;
  return device.objects.every((one) => {
    if (one.spec.classId !== FunctionControl.classId) return true;
    const disabled = disabledBy(device.values(one as CosemObject<typeof FunctionControl>));
    return disabled.size === 0 || !disabled.has(nameOf({ classId, instanceId: target.instance }));
  });
}

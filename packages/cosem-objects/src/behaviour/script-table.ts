import type { LogicalName } from "@dlmskit/core";
import { ScriptTable } from "../classes/time/script-table.ts";
import type { Values } from "../interface-class.ts";
import { after, afterEach, type MaybePromise } from "../maybe-promise.ts";
import { type AnyObject, type Context, type CosemObject, type DeviceView, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";
import { failureOf, isDummy } from "./local-action.ts";

type Scripts = Values<typeof ScriptTable>["scripts"];
type Action = Scripts[number]["actions"][number];

const dummy = 0;
const writeAttribute = 1;
const executeMethod = 2;
const deepest = 8;
const mostActions = 10_000;

export interface ScriptTableOptions {
  /** Whether a script stops at the first action that fails; by default the other actions are still performed. No action is undone. */
  readonly stopOnFailure?: boolean;
}

/**
 * Scripts that are run by number (class 9; Blue Book 4.5.2). An action writes an attribute or invokes a method of the same logical device
 * on behalf of the meter itself. `execute` throws the first failure of an action. Before any action is performed it refuses (other-reason)
 * a script that is not in the table, that runs itself, or that nests scripts more than 8 deep.
 */
export function scriptTable(
  instance: LogicalName,
  scripts: Scripts,
  { stopOnFailure = false }: ScriptTableOptions = {},
  hooks: Hooks<typeof ScriptTable> = {},
): CosemObject<typeof ScriptTable> {
  return object(
    ScriptTable,
    instance,
    { scripts },
    {
      ...hooks,
      write: {
        scripts(values, written) {
          check(written);
          values.scripts = written;
        },
        ...hooks.write,
      },
      invoke: { execute: (_, id, context) => execute(id, context, stopOnFailure), ...hooks.invoke },
    },
  );
}

function check(scripts: Scripts): void {
  const ids = scripts.map(({ scriptIdentifier }) => scriptIdentifier).filter((id) => id !== 0);
  if (new Set(ids).size < ids.length) throw refuse("other-reason", "two scripts have the same script_identifier");
  for (const { actions } of scripts) {
    const unknown = actions.find(({ serviceId }) => serviceId > executeMethod);
    if (unknown !== undefined) throw refuse("other-reason", `service_id ${unknown.serviceId} is not 0, 1 or 2`);
  }
}

function execute(id: number, context: Context, stopOnFailure: boolean): MaybePromise<void> {
  // Script 0 is the null script.
  if (id === 0) return undefined;
  const { device, object: table } = context;
  const actions = actionsOf(table, id, device);
  if (actions === undefined) throw refuse("other-reason", `${table.instance} has no script ${id}`);
  checkNesting(table, id, device);
  let first: unknown;
  const step = (action: Action, at: number): MaybePromise<void> => {
    if (stopOnFailure && first !== undefined) return undefined;
    const what = `action ${at + 1} of script ${id} of ${table.instance}`;
    return after(
      failureOf(() => act(action, device), what, context),
      (failure) => {
        first ??= failure;
      },
    );
  };
  return after(afterEach(actions, step), () => {
    if (first !== undefined) throw first;
  });
}

function act({ serviceId, classId, instanceId, index, parameter }: Action, device: DeviceView): MaybePromise<unknown> {
  if (serviceId === dummy || isDummy(instanceId)) return undefined;
  const target = device.find(classId, instanceId);
  if (target === undefined) throw refuse("object-undefined", `there is no ${instanceId} of class ${classId}`);
  if (serviceId === executeMethod) return device.invoke(target, index, parameter);
  if (serviceId !== writeAttribute) throw refuse("other-reason", `service_id ${serviceId} is not 0, 1 or 2`);
  if (index === 1) throw refuse("read-write-denied", "a logical name is never written");
  return device.set({ classId, instanceId, attributeId: index }, parameter);
}

function actionsOf(table: AnyObject, id: number, device: DeviceView): readonly Action[] | undefined {
  const { scripts } = device.values(table as CosemObject<typeof ScriptTable>);
  return scripts.find(({ scriptIdentifier }) => scriptIdentifier === id)?.actions;
}

interface Nesting {
  /** The number of nested scripts, including this one. */
  readonly depth: number;
  /** The total number of actions. */
  readonly actions: number;
}

/** Scripts may run other scripts: cycles, nesting that is too deep, and too many actions are detected before any action is performed. */
function checkNesting(table: AnyObject, id: number, device: DeviceView): void {
  // Each script is visited once, even if several scripts run it. Undefined: the script is being visited.
  const known = new Map<string, Nesting | undefined>();
  const walk = (from: AnyObject, script: number, above: number): Nesting => {
    const key = `${script} of ${from.instance}`;
    if (known.has(key)) {
      const found = known.get(key);
      if (found === undefined) throw refuse("other-reason", `script ${key} runs itself`);
      return found;
    }
    if (above === deepest) throw refuse("other-reason", `scripts are nested more than ${deepest} deep`);
    known.set(key, undefined);
    let depth = 1;
    let count = 0;
    for (const action of actionsOf(from, script, device) ?? []) {
      count++;
      const inner = executed(action, device);
      if (inner === undefined) continue;
      const nesting = walk(...inner, above + 1);
      depth = Math.max(depth, nesting.depth + 1);
      count += nesting.actions;
    }
    if (depth > deepest) throw refuse("other-reason", `scripts are nested more than ${deepest} deep`);
    if (count > mostActions) throw refuse("other-reason", `a script does at most ${mostActions} actions`);
    const nesting = { depth, actions: count };
    known.set(key, nesting);
    return nesting;
  };
  walk(table, id, 0);
}

/** The script that an action runs; undefined if the action does something else. */
function executed({ serviceId, classId, instanceId, index, parameter }: Action, device: DeviceView) {
  if (serviceId !== executeMethod || classId !== ScriptTable.classId) return undefined;
  if (index !== ScriptTable.methods.execute.id || parameter.type !== "long-unsigned") return undefined;
  const table = device.find(classId, instanceId);
  return table === undefined ? undefined : ([table, parameter.value] as const);
}

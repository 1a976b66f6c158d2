import type { LogicalName } from "@dlmskit/core";
import type { ActionItem } from "../classes/common-types.ts";
import { ScriptTable } from "../classes/time/script-table.ts";
import type { ClassSpec, Values } from "../interface-class.ts";
import { after, afterEach, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { AnyObject, Context, CosemObject } from "../object.ts";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";

/** The data that an object's actions depend on in addition to its values: local time, and the other objects of the logical device. */
export interface Surroundings {
  readonly local: LocalTime;
  readonly objects: readonly AnyObject[];
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>>;
}

export const surroundings = ({ local, device }: Context): Surroundings => ({
  local,
  objects: device.objects,
  values: (object) => device.values(object),
});

/** The logical name of a dummy: no object is referenced. */
const noName: LogicalName = "0.0.0.0.0.0";
export const noScript: ActionItem = { scriptLogicalName: noName, scriptSelector: 0 };

export const isDummy = (instance: LogicalName): boolean => instance === noName;

/** Runs a script of a Script table of the same logical device; a dummy (logical name 0.0.0.0.0.0 or selector 0) does nothing. */
function runScript({ scriptLogicalName, scriptSelector }: ActionItem, { device }: Context): MaybePromise<void> {
  if (isDummy(scriptLogicalName) || scriptSelector === 0) return undefined;
  const table = device.find(ScriptTable.classId, scriptLogicalName);
  if (table === undefined) throw refuse("other-reason", `there is no Script table ${scriptLogicalName}`);
  const argument = { type: "long-unsigned", value: scriptSelector } as const;
  return after(device.invoke(table, ScriptTable.methods.execute.id, argument), () => undefined);
}

/**
 * Runs scripts in order, even if an earlier one failed. A failure is reported as an event (`device.failed`); if the device has no `failed`,
 * the first failure is thrown after the last script.
 */
export function runScripts(scripts: readonly ActionItem[], context: Context): MaybePromise<void> {
  const { device, object } = context;
  const run = (script: ActionItem): MaybePromise<unknown> => {
    const what = `script ${script.scriptSelector} of ${script.scriptLogicalName}, run by ${object.instance}`;
    return failureOf(() => runScript(script, context), what, context);
  };
  return after(afterEach(scripts, run), (failures) => {
    if (device.failed !== undefined) return;
    const first = failures.find((failure) => failure !== undefined);
    if (first !== undefined) throw first;
  });
}

/** Runs a local action and reports its failure; returns the failure, or undefined if there is none. */
export function failureOf(run: () => MaybePromise<unknown>, what: string, { device }: Context): MaybePromise<unknown> {
  return attempt(
    () => after(run(), () => undefined as unknown),
    (error) => {
      device.failed?.(what, error);
      return error;
    },
  );
}

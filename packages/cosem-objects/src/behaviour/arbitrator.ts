import type { LogicalName } from "@dlmskit/core";
import { Arbitrator } from "../classes/time/arbitrator.ts";
import type { Values } from "../interface-class.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { type CosemObject, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";
import { runScripts } from "./local-action.ts";

type ArbitratorValues = Values<typeof Arbitrator>;

export interface ArbitratorOptions {
  /** The actions; last_outcome counts them from 1. */
  readonly actions: ArbitratorValues["actions"];
  /** For each actor, the actions that it may request: a text of 0 and 1, one character for each action. */
  readonly permissions: ArbitratorValues["permissionsTable"];
  /** For each actor, the weight of its request for each action. */
  readonly weightings: ArbitratorValues["weightingsTable"];
}

/**
 * Decides which of several actions is run, by the weights of the actors that request it (class 68; Blue Book 4.5.12). The request of an
 * actor is valid until its next one. At each request the action with the highest sum of weights is run, even if it is the same as before.
 * If two sums are equal or no action is requested, last_outcome is 0 and nothing is run. Refused (other-reason): an actor that is not in
 * permissions_table, a list whose length differs from that of actions.
 */
export function arbitrator(
  instance: LogicalName,
  { actions, permissions, weightings }: ArbitratorOptions,
  hooks: Hooks<typeof Arbitrator> = {},
): CosemObject<typeof Arbitrator> {
  const none = (count: number): string => "0".repeat(count);
  return object(
    Arbitrator,
    instance,
    {
      actions,
      permissionsTable: permissions,
      weightingsTable: weightings,
      mostRecentRequestsTable: permissions.map(() => none(actions.length)),
      lastOutcome: 0,
    },
    {
      ...hooks,
      invoke: {
        requestAction(values, { requestActor: actor, requestActionList: asked }, context): MaybePromise<void> {
          const permitted = actor === 0 ? undefined : values.permissionsTable[actor - 1];
          if (permitted === undefined) throw refuse("other-reason", `there is no actor ${actor}`);
          if (asked.length !== values.actions.length) {
            throw refuse("other-reason", `there are ${values.actions.length} actions, not ${asked.length}`);
          }
          const granted = [...asked].map((bit, at) => (bit === "1" && permitted[at] === "1" ? "1" : "0")).join("");
          values.mostRecentRequestsTable = values.permissionsTable.map((_, at) =>
            at === actor - 1 ? granted : (values.mostRecentRequestsTable[at] ?? none(asked.length)),
          );
          const outcome = outcomeOf(values);
          values.lastOutcome = outcome;
          const action = values.actions[outcome - 1];
          return action === undefined ? undefined : runScripts([action], context);
        },
        reset(values) {
          values.mostRecentRequestsTable = values.permissionsTable.map(() => none(values.actions.length));
          values.lastOutcome = 0;
        },
        ...hooks.invoke,
      },
    },
  );
}

/** The number of the action with the highest weight; 0: two weights are equal, or no action is requested. */
function outcomeOf({ actions, mostRecentRequestsTable, weightingsTable }: Readonly<ArbitratorValues>): number {
  const sums = actions.map((_, action) =>
    mostRecentRequestsTable.reduce(
      (sum, request, actor) => sum + (request[action] === "1" ? (weightingsTable[actor]?.[action] ?? 0) : 0),
      0,
    ),
  );
  const highest = Math.max(0, ...sums);
  const first = sums.indexOf(highest);
  return highest === 0 || first !== sums.lastIndexOf(highest) ? 0 : first + 1;
}

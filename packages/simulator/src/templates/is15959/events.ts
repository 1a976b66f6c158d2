import { treeOf } from "@dlmskit/apdu";
import type { Call } from "@dlmskit/server";
import type { HistoryKind } from "../../meter/event-history.ts";
import type { LoggedEvent } from "../template.ts";

// Event numbers of IS 15959. A single-phase meter has no voltage unbalance; frequency and harmonics have no numbers.

/** Log of voltage events, from the model. */
export const voltageEvents: readonly HistoryKind[] = [
  { type: "VOLTAGE_SWELL", occurrence: 7, restoration: 8 },
  { type: "VOLTAGE_SAG", occurrence: 9, restoration: 10 },
];

/** Log of power failures, from the model. */
export const powerEvents: readonly HistoryKind[] = [{ type: "INTERRUPTION", occurrence: 101, restoration: 102 }];

export const transactionLog = "0.0.99.98.3.255";

type Changed = { readonly do: "write" | "invoke"; readonly id: number; readonly code: number };
// The changes by a client that are recorded in the transaction log: by logical name, and attribute or method.
const transactions: { readonly [instance: string]: readonly Changed[] } = {
  "0.0.1.0.0.255": [
    { do: "write", id: 2, code: 151 },
    ...[1, 3, 6].map((id) => ({ do: "invoke" as const, id, code: 151 })),
  ],
  "1.0.0.8.0.255": [{ do: "write", id: 2, code: 152 }],
  "1.0.0.8.4.255": [{ do: "write", id: 2, code: 153 }],
  "0.0.17.0.0.255": [{ do: "write", id: 4, code: 158 }],
  "0.0.40.0.2.255": [{ do: "write", id: 7, code: 161 }],
  "0.0.40.0.3.255": [{ do: "invoke", id: 2, code: 162 }],
  "0.0.40.0.5.255": [{ do: "invoke", id: 2, code: 163 }],
  ...Object.fromEntries([2, 3, 4, 5].map((n) => [`0.0.43.0.${n}.255`, [{ do: "invoke", id: 2, code: 164 }]])),
  "0.0.94.91.26.255": [{ do: "write", id: 2, code: 165 }],
  "0.0.94.96.19.255": [{ do: "write", id: 2, code: 167 }],
};

/** The event of a successful SET or ACTION. */
export function eventOf(call: Call): LoggedEvent | undefined {
  if (call.do === "read") return undefined;
  const { instanceId, index } = call;
  // Enabling and disabling the load limit are two different events.
  if (call.do === "write" && instanceId === "0.0.96.3.10.255" && index === 4) {
    const mode = treeOf(call.value);
    return { log: transactionLog, code: mode.type === "enum" && mode.value === 0 ? 160 : 159 };
  }
  const found = transactions[instanceId]?.find((one) => one.do === call.do && one.id === index);
  return found && { log: transactionLog, code: found.code };
}

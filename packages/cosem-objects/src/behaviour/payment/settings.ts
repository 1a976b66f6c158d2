import type { LogicalName } from "@dlmskit/core";
import type { TimeWindow } from "../../classes/common-types.ts";
import type { AnyObject, Context } from "../../object.ts";

/** What happens to an account that a customer or a utility wants to know. */
export type PaymentEvent =
  | "low-credit"
  | "out-of-credit"
  | "in-credit"
  | "emergency-credit"
  | "topped-up"
  | "disconnected"
  | "reconnected"
  | "activated"
  | "closed";

/** How an Account acts, where the Blue Book or a companion specification leaves it open. */
export interface AccountSettings {
  /** The Disconnect control of the same logical device that is disconnected when credit runs out; none by default. */
  readonly disconnectControl?: LogicalName;
  /** Non-disconnect (friendly) periods: out of credit, the supply stays connected until they end. */
  readonly friendlyPeriods?: readonly TimeWindow[];
  /** Whether the supply is limited at the moment: what decides whether charges are collected in load limiting periods. */
  readonly isLoadLimited?: (context: Context) => boolean;
  /** The event log, and the code of each event that goes into it. */
  readonly events?: {
    readonly log: LogicalName;
    readonly codes: Readonly<Partial<Record<PaymentEvent, number>>>;
    /** How many rows the log keeps. */
    readonly keep?: number;
  };
  /** Told of each event, in the change that caused it. */
  readonly happened?: (event: PaymentEvent, context: Context) => void;
  /** The index of the first credit in current_credit_in_use: 0 by default. */
  readonly firstCreditIndex?: 0 | 1;
  /** The Register activation whose active mask names the element of charge tables that counts. */
  readonly tariff?: LogicalName;
  /**
   * The clock was set back over periods that time-based charges have collected: they wait until those have passed again (`"wait"`,
   * by default: no period is collected twice), or begin again (`"restart"`).
   */
  readonly setBack?: "wait" | "restart";
  /** Whether periods of consumption-based charges end at full multiples of them in local time, as captures do: true by default. */
  readonly alignedPeriods?: boolean;
}

const key = Symbol("account settings");

/** The timeline with the settings of its account. */
export const withSettings = <L extends object>(timeline: L, settings: AccountSettings): L => ({
  ...timeline,
  [key]: settings,
});

/** The settings of an Account: those that `account` was given. */
export const settingsOf = ({ hooks }: AnyObject): AccountSettings =>
  (hooks.time as { readonly [key]?: AccountSettings } | undefined)?.[key] ?? {};

import type { LogicalName } from "@dlmskit/core";
import type { TimeWindow } from "../../classes/common-types.ts";
import type { AnyObject, Context } from "../../object.ts";

/** Events of an account that are relevant for a customer or a utility. */
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

/** Settings of an Account that the Blue Book or a companion specification leaves open. */
export interface AccountSettings {
  /** The Disconnect control of the same logical device that is disconnected when there is no credit left; none by default. */
  readonly disconnectControl?: LogicalName;
  /** Non-disconnect (friendly) periods: without credit, the supply stays connected until they end. */
  readonly friendlyPeriods?: readonly TimeWindow[];
  /** Whether the supply is limited now. It decides whether charges are collected in load limiting periods. */
  readonly isLoadLimited?: (context: Context) => boolean;
  /** The event log, and the code of each event that is written to it. */
  readonly events?: {
    readonly log: LogicalName;
    readonly codes: Readonly<Partial<Record<PaymentEvent, number>>>;
    /** The maximum number of rows in the log. */
    readonly keep?: number;
  };
  /** Called for each event, within the change that caused it. */
  readonly happened?: (event: PaymentEvent, context: Context) => void;
  /** The index of the first credit in current_credit_in_use: 0 by default. */
  readonly firstCreditIndex?: 0 | 1;
  /** The Register activation whose active mask names the charge table element in force. */
  readonly tariff?: LogicalName;
  /**
   * What happens if the clock is set back over periods that time-based charges have already collected: they wait until those periods have
   * passed again (`"wait"`, by default: no period is collected twice), or start again (`"restart"`).
   */
  readonly setBack?: "wait" | "restart";
  /** Whether periods of consumption-based charges end at full multiples of the period in local time, as captures do: true by default. */
  readonly alignedPeriods?: boolean;
}

const key = Symbol("account settings");

/** The timeline, extended by the settings of its account. */
export const withSettings = <L extends object>(timeline: L, settings: AccountSettings): L => ({
  ...timeline,
  [key]: settings,
});

/** The settings that were passed to `account` for an Account. */
export const settingsOf = ({ hooks }: AnyObject): AccountSettings =>
  (hooks.time as { readonly [key]?: AccountSettings } | undefined)?.[key] ?? {};

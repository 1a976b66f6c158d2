import type { CosemDateTime } from "@dlmskit/core";
import { PushOperationMethod, type PushSetup2 } from "../classes/access/push-setup.ts";
import type { Values } from "../interface-class.ts";
import type { LocalTime } from "../time/local-time.ts";
import { singleInstant } from "./single-instant.ts";

/** The attributes of a Push setup about confirmation; versions 0 and 1 have none. */
export type ConfirmationValues = Partial<
  Pick<Values<typeof PushSetup2>, "pushOperationMethod" | "confirmationParameters" | "lastConfirmationDateTime">
>;

/**
 * Whether a push asks for a DataNotification-Confirm. Method 2 asks from confirmation_start_date on; if confirmation_interval is not 0,
 * only until one push of the current interval was confirmed. The intervals follow each other from the start date on; without a start date
 * they are counted from the last confirmation.
 */
export function asksForConfirmation(values: ConfirmationValues, local: LocalTime, now: number): boolean {
  const { pushOperationMethod, confirmationParameters, lastConfirmationDateTime } = values;
  if (pushOperationMethod !== PushOperationMethod.confirmed) return false;
  if (confirmationParameters === undefined) return true;
  const { confirmationStartDate, confirmationInterval } = confirmationParameters;
  const start = singleInstant(confirmationStartDate, local);
  if (start !== undefined && now < start) return false;
  const last = lastConfirmationDateTime && singleInstant(lastConfirmationDateTime, local);
  if (confirmationInterval === 0 || last === undefined) return true;
  const interval = confirmationInterval * 1000;
  const from = start ?? last;
  return last < from + Math.floor((now - from) / interval) * interval || now >= last + interval;
}

const isUnspecified = (time: CosemDateTime): boolean => time.year === null && time.month === null && time.day === null;

/**
 * The range of a restriction by date. A from_date that is not specified stands for the last confirmed push, or for everything if none was
 * confirmed; a to_date that is not specified for now.
 */
export function pushedRange<R extends { readonly fromDate: CosemDateTime; readonly toDate: CosemDateTime }>(
  { fromDate, toDate }: R,
  { lastConfirmationDateTime: last }: ConfirmationValues,
  local: LocalTime,
  now: number,
): { readonly fromDate: CosemDateTime; readonly toDate: CosemDateTime } {
  const since = last === undefined || isUnspecified(last) ? local.dateTimeOf(0) : last;
  return {
    fromDate: isUnspecified(fromDate) ? since : fromDate,
    toDate: isUnspecified(toDate) ? local.dateTimeOf(now) : toDate,
  };
}

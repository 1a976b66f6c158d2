import { AccountMode, CurrentCreditStatus } from "../../classes/payment/account.ts";
import { after, type MaybePromise } from "../../maybe-promise.ts";
import { localDisconnect, localReconnect } from "../disconnect-control.ts";
import { failureOf } from "../local-action.ts";
import { type Books, bit, isActive, keepState, stateOf } from "./books.ts";
import { collectWaiting, disconnectControlOf, isFriendly } from "./collection.ts";
import { moveCredits } from "./credit-transitions.ts";
import { figuresOf } from "./figures.ts";
import type { PaymentEvent } from "./settings.ts";

/** Called after any change: credits move, waiting amounts are collected, the supply is switched and events are reported. */
export function settle(books: Books): MaybePromise<void> {
  const { device, account } = books;
  if (!isActive(device.values(account))) return undefined;
  do moveCredits(books);
  while (collectWaiting(books));
  warn(books);
  return switchSupply(books);
}

/** Reports an event each time that a condition in current_credit_status begins or ends. */
function warn(books: Books): void {
  const { told } = stateOf(books);
  const { status } = figuresOf(books.device, books.account);
  if (status === told) return;
  keepState(books, { told: status });
  const rises = (name: keyof typeof CurrentCreditStatus): boolean =>
    bit(status, CurrentCreditStatus[name]) && !bit(told, CurrentCreditStatus[name]);
  if (rises("lowCredit")) happened(books, "low-credit");
  if (rises("selectableCreditInUse")) happened(books, "emergency-credit");
  if (rises("outOfCredit")) happened(books, "out-of-credit");
  if (!bit(status, CurrentCreditStatus.outOfCredit) && bit(told, CurrentCreditStatus.outOfCredit)) {
    happened(books, "in-credit");
  }
}

/**
 * In prepayment mode the supply is disconnected when there is no credit left and no friendly period; it is reconnected when there is credit
 * again.
 */
function switchSupply(books: Books): MaybePromise<void> {
  const { device, account, context } = books;
  const control = disconnectControlOf(books);
  if (control === undefined) return undefined;
  const { accountModeAndStatus } = device.values(account);
  const isOut =
    accountModeAndStatus.accountMode === AccountMode.prepaymentMode &&
    bit(figuresOf(device, account).status, CurrentCreditStatus.outOfCredit);
  if (isOut && isFriendly(books)) return undefined;
  // The account reconnects only a supply that it disconnected itself.
  if (!isOut && !stateOf(books).disconnected) return undefined;
  const move = isOut ? localDisconnect : localReconnect;
  const moved = failureOf(
    () =>
      after(move(control, device), (done) => {
        if (done) happened(books, isOut ? "disconnected" : "reconnected");
        // A supply that was disconnected before must not be reconnected by the account.
        if (done || !isOut) keepState(books, { disconnected: isOut });
      }),
    `the supply of ${account.instance}`,
    context,
  );
  return after(moved, () => undefined);
}

/** Reports an event to the event log and to the user's code. */
export function happened({ device, settings, context }: Books, event: PaymentEvent): void {
  const { events } = settings;
  const code = events?.codes[event];
  if (events !== undefined && code !== undefined) {
    device.log(events.log, code, events.keep === undefined ? {} : { keep: events.keep });
  }
  settings.happened?.(event, context);
}

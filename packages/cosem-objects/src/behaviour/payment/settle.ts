import { AccountMode, CurrentCreditStatus } from "../../classes/payment/account.ts";
import { after, type MaybePromise } from "../../maybe-promise.ts";
import { localDisconnect, localReconnect } from "../disconnect-control.ts";
import { failureOf } from "../local-action.ts";
import { type Books, bit, isActive, keepState, stateOf } from "./books.ts";
import { collectWaiting, disconnectControlOf, isFriendly } from "./collection.ts";
import { moveCredits } from "./credit-transitions.ts";
import { figuresOf } from "./figures.ts";
import type { PaymentEvent } from "./settings.ts";

/** After whatever changed: credits move, what waits is collected, and the supply and the customer get to know. */
export function settle(books: Books): MaybePromise<void> {
  const { device, account } = books;
  if (!isActive(device.values(account))) return undefined;
  do moveCredits(books);
  while (collectWaiting(books));
  warn(books);
  return switchSupply(books);
}

/** Events of current_credit_status, each as often as it comes. */
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

/** Out of credit in prepayment mode the supply is disconnected, once no friendly period holds it; with credit again it is reconnected. */
function switchSupply(books: Books): MaybePromise<void> {
  const { device, account, context } = books;
  const control = disconnectControlOf(books);
  if (control === undefined) return undefined;
  const { accountModeAndStatus } = device.values(account);
  const isOut =
    accountModeAndStatus.accountMode === AccountMode.prepaymentMode &&
    bit(figuresOf(device, account).status, CurrentCreditStatus.outOfCredit);
  if (isOut && isFriendly(books)) return undefined;
  // Only what this account disconnected is reconnected by it.
  if (!isOut && !stateOf(books).disconnected) return undefined;
  const move = isOut ? localDisconnect : localReconnect;
  const moved = failureOf(
    () =>
      after(move(control, device), (done) => {
        if (done) happened(books, isOut ? "disconnected" : "reconnected");
        // One that was disconnected before is not the account's to reconnect.
        if (done || !isOut) keepState(books, { disconnected: isOut });
      }),
    `the supply of ${account.instance}`,
    context,
  );
  return after(moved, () => undefined);
}

/** Tells of an event, in the log and to the user's code. */
export function happened({ device, settings, context }: Books, event: PaymentEvent): void {
  const { events } = settings;
  const code = events?.codes[event];
  if (events !== undefined && code !== undefined) {
    device.log(events.log, code, events.keep === undefined ? {} : { keep: events.keep });
  }
  settings.happened?.(event, context);
}

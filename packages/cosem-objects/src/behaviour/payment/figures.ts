import { CurrentCreditStatus } from "../../classes/payment/account.ts";
import { CreditConfiguration, CreditStatus, CreditType } from "../../classes/payment/credit.ts";
import { lowestAmount, shown } from "./amounts.ts";
import {
  type AccountObject,
  bit,
  type CreditObject,
  type CreditValues,
  chargesOf,
  creditsOf,
  isActive,
  type Ledger,
} from "./books.ts";
import { contributionOf, needsConfirmation } from "./credit-transitions.ts";

const { inUse, exhausted, enabled, selectable, selectedInvoked } = CreditStatus;

/** The values of an Account's attributes that depend on its credits and charges. */
export interface Figures {
  /** The credit that is in use, or the last one that was. */
  readonly current: CreditObject | undefined;
  /** The place of that credit in credit_reference_list; 0 if there is none. */
  readonly currentPlace: number;
  readonly available: number;
  readonly debt: number;
  readonly toClear: number;
  readonly lowThreshold: number;
  readonly nextThreshold: number;
  /** current_credit_status. */
  readonly status: string;
}

/** The credit in use; if none is, the exhausted credit of the lowest priority. */
export function currentCredit(ledger: Ledger, credits: readonly CreditObject[]): CreditObject | undefined {
  const isIn = (status: number) => (credit: CreditObject) => ledger.values(credit).creditStatus === status;
  return credits.find(isIn(inUse)) ?? credits.findLast(isIn(exhausted));
}

export function figuresOf(ledger: Ledger, account: AccountObject): Figures {
  const credits = creditsOf(ledger, account);
  const all = credits.map((credit) => ledger.values(credit));
  const current = currentCredit(ledger, credits);
  const at = current === undefined ? -1 : credits.indexOf(current);
  const next = all[at + 1];
  const available = shown(all.reduce((sum, values) => sum + BigInt(contributionOf(values)), 0n));
  const lowThreshold = all[at]?.warningThreshold ?? 0;
  const debt = chargesOf(ledger, account).reduce(
    (sum, one) => sum + BigInt(ledger.values(one).totalAmountRemaining),
    0n,
  );
  const values = ledger.values(account);
  const owed = all.reduce((sum, one) => sum + owedOf(one), 0n);
  const isOut = isActive(values) && all[at]?.creditStatus !== inUse;
  const bits: Record<keyof typeof CurrentCreditStatus, boolean> = {
    inCredit: available > 0,
    lowCredit: available < lowThreshold,
    nextCreditEnabled: next?.creditStatus === enabled,
    nextCreditSelectable: next?.creditStatus === selectable,
    nextCreditSelected: next?.creditStatus === selectedInvoked,
    selectableCreditInUse: all.some((one) => one.creditStatus === inUse && needsConfirmation(one)),
    outOfCredit: isOut,
  };
  return {
    current,
    currentPlace: current === undefined ? 0 : values.creditReferenceList.indexOf(current.instance),
    available,
    debt: shown(debt),
    toClear: owed === 0n ? 0 : shown(-(owed + BigInt(values.clearanceThreshold))),
    lowThreshold,
    nextThreshold: next?.creditAvailableThreshold ?? lowestAmount,
    status: statusBits(bits),
  };
}

function statusBits(bits: Record<keyof typeof CurrentCreditStatus, boolean>): string {
  const status = new Array<string>(8).fill("0");
  for (const [name, at] of Object.entries(CurrentCreditStatus)) {
    if (bits[name as keyof typeof CurrentCreditStatus]) status[at] = "1";
  }
  return status.join("");
}

/** Emergency credit that was granted and must be paid back: the amount that a token may pay of it. */
export function paybackOf({ creditType, creditConfiguration, presetCreditAmount, ...values }: CreditValues): bigint {
  const isOwed = creditType === CreditType.emergencyCredit && values.state?.given === true;
  if (!isOwed || !bit(creditConfiguration, CreditConfiguration.requiresPayBack)) return 0n;
  const owed = BigInt(presetCreditAmount) - BigInt(values.currentCreditAmount);
  return owed > 0n ? owed : 0n;
}

/** The amount that a credit lacks: the amount to be paid back, or the negative amount of an exhausted credit. */
function owedOf(values: CreditValues): bigint {
  const payback = paybackOf(values);
  if (payback > 0n) return payback;
  const { creditStatus, currentCreditAmount } = values;
  return creditStatus === exhausted && currentCreditAmount < 0 ? -BigInt(currentCreditAmount) : 0n;
}

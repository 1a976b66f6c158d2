import { CreditConfiguration, CreditStatus, CreditType } from "../../classes/payment/credit.ts";
import { shown } from "./amounts.ts";
import { type Books, bit, type CreditObject, type CreditValues, creditsOf } from "./books.ts";

/** The conditions for the transitions of a credit. */
export interface CreditSituation {
  readonly amount: number;
  /** The amount down to which the credit is used: its limit, or the threshold at which the next credit takes over. */
  readonly floor: number;
  readonly availableThreshold: number;
  /** available_credit, and the part that this credit contributes. */
  readonly available: number;
  readonly own: number;
  readonly confirmation: boolean;
  /** Whether no credit is in use and none with a higher priority will be. */
  readonly turn: boolean;
  /** Whether a credit with a higher priority can be used again. */
  readonly back: boolean;
}

export interface CreditTransition {
  readonly letter: string;
  readonly from: number;
  readonly to: number;
  when(situation: CreditSituation): boolean;
}

const { enabled, selectable, selectedInvoked, inUse, exhausted } = CreditStatus;

/**
 * The transitions of a credit (Blue Book 4.6.3), in the order in which they are checked. B, triggered by the customer, is `invoke_credit`.
 */
export const creditTransitions: readonly CreditTransition[] = [
  { letter: "D", from: inUse, to: exhausted, when: ({ amount, floor }) => amount <= floor },
  { letter: "E", from: exhausted, to: enabled, when: ({ amount, floor }) => amount > floor },
  { letter: "H", from: inUse, to: enabled, when: ({ back }) => back },
  { letter: "I", from: enabled, to: inUse, when: ({ turn, confirmation }) => turn && !confirmation },
  { letter: "C", from: selectedInvoked, to: inUse, when: ({ turn }) => turn },
  {
    letter: "F",
    from: selectable,
    to: enabled,
    when: ({ available, availableThreshold }) => available > availableThreshold,
  },
  {
    letter: "G",
    from: selectedInvoked,
    to: enabled,
    when: ({ available, own, availableThreshold }) => available - own > availableThreshold,
  },
  {
    letter: "A",
    from: enabled,
    to: selectable,
    when: ({ confirmation, available, availableThreshold }) => confirmation && available <= availableThreshold,
  },
  {
    letter: "J",
    from: enabled,
    to: selectedInvoked,
    when: ({ confirmation, available, availableThreshold }) => !confirmation && available <= availableThreshold,
  },
];

export const needsConfirmation = ({ creditConfiguration }: CreditValues): boolean =>
  bit(creditConfiguration, CreditConfiguration.requiresConfirmation);

const isOpen = ({ creditStatus }: CreditValues): boolean => creditStatus === selectedInvoked || creditStatus === inUse;

/** The part of available_credit that a credit contributes. */
export const contributionOf = (values: CreditValues): number =>
  isOpen(values) ? Math.max(0, values.currentCreditAmount) : 0;

/** Whether the credit goes into use automatically when it is the next one. */
const isCandidate = (values: CreditValues): boolean =>
  values.creditStatus === selectedInvoked || (values.creditStatus === enabled && !needsConfirmation(values));

/**
 * If the next credit is selected and has a threshold of 0 or less, the current one is used only down to that threshold, not to its limit.
 */
function floorOf(credits: readonly CreditValues[], at: number): number {
  const { limit } = credits[at] as CreditValues;
  const thresholds = credits
    .slice(at + 1)
    .filter((one) => isOpen(one) && one.creditAvailableThreshold <= 0)
    .map(({ creditAvailableThreshold }) => creditAvailableThreshold);
  return Math.max(limit, ...thresholds);
}

/** The situation of one credit in a list of credits by priority. */
function situationOf(credits: readonly CreditValues[], at: number): CreditSituation {
  const values = credits[at] as CreditValues;
  const higher = credits.slice(0, at);
  return {
    amount: values.currentCreditAmount,
    floor: floorOf(credits, at),
    availableThreshold: values.creditAvailableThreshold,
    available: credits.reduce((sum, one) => sum + contributionOf(one), 0),
    own: contributionOf(values),
    confirmation: needsConfirmation(values),
    turn: !credits.some(({ creditStatus }) => creditStatus === inUse) && !higher.some(isCandidate),
    back: higher.some((one, place) => isCandidate(one) && one.currentCreditAmount > floorOf(credits, place)),
  };
}

// Each credit stops changing after a few transitions; if there are more, the settings contradict one another.
const mostTransitions = 100;

/** Moves the credits of an account until no transition applies. */
export function moveCredits({ device, account }: Books): void {
  const credits = creditsOf(device, account);
  for (let count = 0; count < mostTransitions; count++) if (!moveOne(device, credits)) return;
}

function moveOne(device: Books["device"], credits: readonly CreditObject[]): boolean {
  const values = credits.map((credit) => device.values(credit));
  for (const [at, credit] of credits.entries()) {
    const { creditStatus } = values[at] as CreditValues;
    const situation = situationOf(values, at);
    const found = creditTransitions.find(({ from, when }) => from === creditStatus && when(situation));
    if (found === undefined) continue;
    moveCredit(device, credit, found.to);
    return true;
  }
  return false;
}

/** Sets the status of a credit. Emergency credit gets its preset amount once, when it is selected or goes into use. */
export function moveCredit(device: Books["device"], credit: CreditObject, to: number): void {
  device.set(credit, "creditStatus", to);
  const values = device.values(credit);
  const { creditType, presetCreditAmount, currentCreditAmount, state } = values;
  const gives = to === (needsConfirmation(values) ? selectedInvoked : inUse);
  if (creditType !== CreditType.emergencyCredit || !gives || state?.given === true) return;
  device.set(credit, "currentCreditAmount", shown(BigInt(currentCreditAmount) + BigInt(presetCreditAmount)));
  device.set(credit, "state", { periodsUpTo: 0n, ...state, given: true });
}

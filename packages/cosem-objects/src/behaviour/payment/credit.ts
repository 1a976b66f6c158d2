import { type CosemDateTime, type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { Credit, CreditConfiguration, CreditStatus, CreditType } from "../../classes/payment/credit.ts";
import type { Values } from "../../interface-class.ts";
import { after, type MaybePromise } from "../../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object } from "../../object.ts";
import { refuse } from "../../refusal.ts";
import { added, lowestAmount } from "./amounts.ts";
import { booksThatList, isActive } from "./books.ts";
import { moveCredit } from "./credit-transitions.ts";
import { settle } from "./settle.ts";

export interface CreditOptions {
  /** A value of `CreditType`. */
  readonly creditType: number;
  /** Priority 1 is used first. */
  readonly priority: number;
  /** Amounts are whole numbers in the scale of the account's currency; 0 by default. */
  readonly currentCreditAmount?: number;
  readonly warningThreshold?: number;
  /** The amount at which the credit is exhausted: 0 by default. */
  readonly limit?: number;
  readonly presetCreditAmount?: number;
  /** The available_credit at which this credit becomes selectable; 0 by default. */
  readonly creditAvailableThreshold?: number;
  /** When time-based and consumption-based credit starts again with its preset amount; never by default. */
  readonly period?: CosemDateTime;
  /** Bits of credit_configuration; by default token credit receives tokens. */
  readonly configuration?: Readonly<Partial<Record<keyof typeof CreditConfiguration, boolean>>>;
  /** The states in which `invoke_credit` selects the credit; only selectable by default. */
  readonly invokeFrom?: readonly number[];
}

/**
 * A source of credit (class 112; Blue Book 4.6.3). The account that lists it changes its state according to `creditTransitions`.
 * `invoke_credit` in another state, and amounts that do not fit, are refused (other-reason).
 */
export function credit(
  instance: LogicalName,
  { creditType, priority, configuration, invokeFrom = [CreditStatus.selectable], ...more }: CreditOptions,
  hooks: Hooks<typeof Credit> = {},
): CosemObject<typeof Credit> {
  const bits: Partial<Record<keyof typeof CreditConfiguration, boolean>> = {
    receivesTokens: creditType === CreditType.tokenCredit,
    ...configuration,
  };
  const names = Object.keys(CreditConfiguration) as (keyof typeof CreditConfiguration)[];
  return object(
    Credit,
    instance,
    {
      ...{ creditType, priority, creditStatus: CreditStatus.enabled },
      currentCreditAmount: more.currentCreditAmount ?? 0,
      warningThreshold: more.warningThreshold ?? lowestAmount,
      limit: more.limit ?? 0,
      creditConfiguration: names.map((name) => (bits[name] === true ? "1" : "0")).join(""),
      presetCreditAmount: more.presetCreditAmount ?? 0,
      creditAvailableThreshold: more.creditAvailableThreshold ?? 0,
      period: more.period ?? unspecifiedDateTime,
    },
    {
      ...hooks,
      write: {
        ...settled("creditType"),
        ...settled("priority"),
        ...settled("warningThreshold"),
        ...settled("limit"),
        ...settled("creditConfiguration"),
        ...settled("creditAvailableThreshold"),
        ...hooks.write,
      },
      invoke: {
        updateAmount(values, change, context) {
          values.currentCreditAmount = added(values.currentCreditAmount, change);
          return settleOf(context);
        },
        setAmountToValue(values, amount, context) {
          const before = values.currentCreditAmount;
          values.currentCreditAmount = amount;
          return after(settleOf(context), () => before);
        },
        invokeCredit: ({ creditStatus }, _, context) => select(creditStatus, context, invokeFrom),
        ...hooks.invoke,
      },
    },
  );
}

function settleOf(context: Context): MaybePromise<void> {
  const books = booksThatList(context);
  return books === undefined ? undefined : settle(books);
}

/** A write hook after which the account updates its credits. */
function settled<K extends keyof Values<typeof Credit>>(name: K): NonNullable<Hooks<typeof Credit>["write"]> {
  return {
    [name](values: Values<typeof Credit>, written: Values<typeof Credit>[K], context: Context): MaybePromise<void> {
      values[name] = written;
      return settleOf(context);
    },
  };
}

function select(status: number, context: Context, from: readonly number[]): MaybePromise<void> {
  if (status === CreditStatus.selectedInvoked || status === CreditStatus.inUse) return undefined;
  const books = booksThatList(context);
  if (books === undefined || !isActive(context.device.values(books.account))) {
    throw refuse("other-reason", "no active account has this credit");
  }
  if (!from.includes(status)) throw refuse("other-reason", `a credit of status ${status} cannot be selected`);
  moveCredit(context.device, context.object as CosemObject<typeof Credit>, CreditStatus.selectedInvoked);
  return settle(books);
}

import { type CosemDateTime, type LogicalName, logicalName, unspecifiedDateTime } from "@dlmskit/core";
import { Account, AccountMode, AccountStatus, CurrencyUnit } from "../../classes/payment/account.ts";
import { Charge } from "../../classes/payment/charge.ts";
import { Credit, CreditStatus, CreditType } from "../../classes/payment/credit.ts";
import { DisconnectControl } from "../../classes/time/disconnect-control.ts";
import type { Timeline, Values, Watch } from "../../interface-class.ts";
import { after, afterEach, type MaybePromise } from "../../maybe-promise.ts";
import {
  type AnyObject,
  type Context,
  type CosemObject,
  type Hooks,
  object,
  type TimeContext,
  type WatchedChange,
} from "../../object.ts";
import { refuse } from "../../refusal.ts";
import { isOff } from "../../time/pattern.ts";
import { failureOf } from "../local-action.ts";
import { checkSingleInstant, singleInstant } from "../single-instant.ts";
import { nextWindowEdge } from "../time-window.ts";
import {
  type AccountObject,
  type AccountValues,
  type Books,
  booksOf,
  type ChargeObject,
  type CreditValues,
  chargesOf,
  creditsOf,
  isActive,
} from "./books.ts";
import { accrueDue, countingOf, nextCollection, startCharge, stopCharge } from "./collection.ts";
import { figuresOf } from "./figures.ts";
import { type AccountSettings, settingsOf, withSettings } from "./settings.ts";
import { happened, settle } from "./settle.ts";

type Configuration = Values<typeof Account>;
const { newAccount, active, closed } = {
  newAccount: AccountStatus.new,
  active: AccountStatus.accountActive,
  closed: AccountStatus.accountClosed,
};

export interface AccountOptions extends AccountSettings {
  /** 1: credit mode, the supply is never disconnected; 2: prepayment mode, by default. */
  readonly accountMode?: number;
  readonly credits: readonly (AnyObject | LogicalName)[];
  readonly charges: readonly (AnyObject | LogicalName)[];
  /** Which charges are collected from which credits, and when; empty (any charge from any credit, always) by default. */
  readonly creditChargeConfiguration?: Configuration["creditChargeConfiguration"];
  /** The minimum share (%) of a token for each credit. */
  readonly tokenGatewayConfiguration?: Configuration["tokenGatewayConfiguration"];
  /** The time at which a new account becomes active; by default only `activate_account` activates it. */
  readonly activationTime?: CosemDateTime;
  readonly closureTime?: CosemDateTime;
  /** Amounts are whole numbers times ten to the power of the scale; the name has up to three characters: `{ name: "EUR", scale: -2 }`. */
  readonly currency: { readonly name: string; readonly scale: number; readonly unit?: number };
  readonly clearanceThreshold?: number;
  /** The maximum that payment-event charges collect in `maxProvisionPeriod` (s); 0 s (no limit) by default. */
  readonly maxProvision?: number;
  readonly maxProvisionPeriod?: number;
}

const nameOf = (one: AnyObject | LogicalName): LogicalName => (typeof one === "string" ? one : one.instance);

/**
 * The account of a customer (class 111; Blue Book 4.6.2). It collects its charges from its credits at the ends of their periods, and
 * disconnects the supply when there is no credit left. Its credits, its charges and the Disconnect control are in the same logical device.
 */
export function account(
  instance: LogicalName,
  options: AccountOptions,
  hooks: Hooks<typeof Account> = {},
): CosemObject<typeof Account> {
  const { currency, accountMode = AccountMode.prepaymentMode } = options;
  return object(
    Account,
    instance,
    {
      accountModeAndStatus: { accountMode, accountStatus: newAccount },
      ...{ currentCreditInUse: 0, currentCreditStatus: "00000000", availableCredit: 0, amountToClear: 0 },
      ...{ clearanceThreshold: options.clearanceThreshold ?? 0, aggregatedDebt: 0 },
      creditReferenceList: options.credits.map(nameOf),
      chargeReferenceList: options.charges.map(nameOf),
      creditChargeConfiguration: options.creditChargeConfiguration ?? [],
      tokenGatewayConfiguration: checkedShares(options.tokenGatewayConfiguration ?? []),
      accountActivationTime: options.activationTime ?? unspecifiedDateTime,
      accountClosureTime: options.closureTime ?? unspecifiedDateTime,
      currency: {
        currencyName: currency.name,
        currencyScale: currency.scale,
        currencyUnit: currency.unit ?? CurrencyUnit.monetary,
      },
      ...{ lowCreditThreshold: 0, nextCreditAvailableThreshold: 0 },
      maxProvision: options.maxProvision ?? 0,
      maxProvisionPeriod: options.maxProvisionPeriod ?? 0,
    },
    {
      ...hooks,
      read: { ...reads, ...hooks.read },
      write: { ...writes, ...hooks.write },
      invoke: { ...methods, ...hooks.invoke },
      time: withSettings(times, options),
      watch: supplyOf(options),
    },
  );
}

/** If somebody connects a supply that is out of credit, the reason to disconnect it still exists. */
const supplyOf = ({
  disconnectControl: instanceId,
}: AccountSettings): Watch<Configuration, Context, WatchedChange> => ({
  attributes: () => (instanceId === undefined ? [] : [{ ...controlState, instanceId: logicalName(instanceId) }]),
  changed: (_, context): MaybePromise<void> => settle(booksIn(context)),
});
const controlState = {
  classId: DisconnectControl.classId,
  attributeId: DisconnectControl.attributes.controlState.id,
} as const;

const figures = ({ device, object: own }: Context) => figuresOf(device, own as AccountObject);
const booksIn = (context: Context): Books => booksOf(context, context.object as AccountObject);

const reads: Hooks<typeof Account>["read"] = {
  currentCreditInUse: (_, context) =>
    figures(context).currentPlace + (settingsOf(context.object).firstCreditIndex ?? 0),
  currentCreditStatus: (_, context) => figures(context).status,
  availableCredit: (_, context) => figures(context).available,
  amountToClear: (_, context) => figures(context).toClear,
  aggregatedDebt: (_, context) => figures(context).debt,
  lowCreditThreshold: (_, context) => figures(context).lowThreshold,
  nextCreditAvailableThreshold: (_, context) => figures(context).nextThreshold,
};

const writes: Hooks<typeof Account>["write"] = {
  creditReferenceList(values, list, context) {
    values.creditReferenceList = list;
    return settle(booksIn(context));
  },
  chargeReferenceList(values, list, context) {
    values.chargeReferenceList = list;
    const books = booksIn(context);
    return after(isActive(values) ? startCharges(books) : undefined, () => settle(books));
  },
  tokenGatewayConfiguration(values, shares) {
    values.tokenGatewayConfiguration = checkedShares(shares);
  },
  accountActivationTime(values, time, context) {
    checkSingleInstant(time, context.local, "account_activation_time");
    values.accountActivationTime = time;
    return turn(booksIn(context));
  },
  accountClosureTime(values, time, context) {
    checkSingleInstant(time, context.local, "account_closure_time");
    values.accountClosureTime = time;
    return turn(booksIn(context));
  },
  lowCreditThreshold: (_, written, context) => checkSame(written, figures(context).lowThreshold),
  nextCreditAvailableThreshold: (_, written, context) => checkSame(written, figures(context).nextThreshold),
};

const methods: Hooks<typeof Account>["invoke"] = {
  activateAccount: (values, _, context) => {
    checkStatus(values, newAccount);
    return activate(booksIn(context));
  },
  closeAccount: (values, _, context) => {
    checkStatus(values, active);
    close(booksIn(context));
  },
  resetAccount: (values, _, context) => {
    checkStatus(values, closed);
    reset(booksIn(context));
  },
};

function checkedShares(shares: Configuration["tokenGatewayConfiguration"]): typeof shares {
  const sum = shares.reduce((before, { tokenProportion }) => before + tokenProportion, 0);
  if (sum > 100) throw refuse("other-reason", `the shares of a token come to ${sum} %`);
  return shares;
}

function checkSame(written: number, value: number): void {
  if (written !== value)
    throw refuse("other-reason", "a threshold of an Account is that of its credit: write it there");
}

function checkStatus({ accountModeAndStatus: { accountStatus } }: AccountValues, needed: number): void {
  if (accountStatus !== needed) throw refuse("other-reason", `the account has status ${accountStatus}, not ${needed}`);
}

function setStatus({ device, account: of }: Books, accountStatus: number): void {
  device.set(of, "accountModeAndStatus", { ...device.values(of).accountModeAndStatus, accountStatus });
}

function activate(books: Books): MaybePromise<void> {
  const { device, account: of, context } = books;
  setStatus(books, active);
  device.set(of, "accountActivationTime", context.local.dateTimeOf(context.now));
  for (const credit of creditsOf(device, of)) {
    const { given = false } = device.values(credit).state ?? {};
    device.set(credit, "state", { given, periodsUpTo: BigInt(Math.floor(context.now)) });
  }
  happened(books, "activated");
  return after(startCharges(books), () => settle(books));
}

/** Starts the charges that are not collected yet. */
function startCharges(books: Books): MaybePromise<void> {
  const { device, account: of } = books;
  const idle = chargesOf(device, of).filter((charge) => countingOf(device.values(charge)) === undefined);
  const start = (charge: ChargeObject): MaybePromise<unknown> =>
    failureOf(() => startCharge(books, charge), `the start of ${charge.instance}`, books.context);
  return after(afterEach(idle, start), () => undefined);
}

function close(books: Books): void {
  const { device, account: of, context } = books;
  setStatus(books, closed);
  device.set(of, "accountClosureTime", context.local.dateTimeOf(context.now));
  happened(books, "closed");
}

function reset(books: Books): void {
  const { device, account: of } = books;
  setStatus(books, newAccount);
  // The times of activation and closure must be cleared, because they would activate or close the account again.
  device.set(of, "accountActivationTime", unspecifiedDateTime);
  device.set(of, "accountClosureTime", unspecifiedDateTime);
  for (const credit of creditsOf(device, of)) {
    device.set(credit, "currentCreditAmount", 0);
    device.set(credit, "creditStatus", CreditStatus.exhausted);
    device.set(credit, "state", { given: false, periodsUpTo: 0n });
  }
  for (const charge of chargesOf(device, of)) {
    device.set(charge, "totalAmountPaid", 0);
    device.set(charge, "lastCollectionAmount", 0);
    device.set(charge, "totalAmountRemaining", 0);
    stopCharge(books, charge);
  }
}

/** Closes and activates the account at the times that are set for it. */
function turn(books: Books): MaybePromise<void> {
  const { device, account: of, context } = books;
  const values = device.values(of);
  const isDue = (time: CosemDateTime): boolean => {
    const at = isOff(time) ? undefined : singleInstant(time, context.local);
    return at !== undefined && at <= context.now;
  };
  const { accountStatus } = values.accountModeAndStatus;
  if (accountStatus === active && isDue(values.accountClosureTime)) return close(books);
  return accountStatus === newAccount && isDue(values.accountActivationTime) ? activate(books) : undefined;
}

const hasPeriods = ({ creditType, period }: CreditValues): boolean =>
  (creditType === CreditType.timeBasedCredit || creditType === CreditType.consumptionBasedCredit) && !isOff(period);

/** Credits whose preset amount is renewed in each period. */
function renewCredits({ device, account: of, context: { local, now } }: Books): void {
  for (const credit of creditsOf(device, of)) {
    const values = device.values(credit);
    const last = hasPeriods(values) ? local.last(values.period, values.period, now) : undefined;
    if (last === undefined || values.state === undefined || BigInt(last) <= values.state.periodsUpTo) continue;
    device.set(credit, "currentCreditAmount", values.presetCreditAmount);
    device.set(credit, "state", { ...values.state, periodsUpTo: BigInt(last) });
  }
}

const second = 1000;

/** An instant, or the next full second if the instant has passed. */
const sinceOr = (at: number | undefined, after: number): number | undefined =>
  at === undefined || at > after ? at : (Math.floor(after / second) + 1) * second;

const times: Timeline<Configuration, Context, TimeContext> = {
  missed: "each",
  watches: [Credit.classId, Charge.classId],
  next(values, context, after) {
    const { local, object: own } = context;
    const settings = settingsOf(own);
    const { accountStatus } = values.accountModeAndStatus;
    const due: (number | undefined)[] = [];
    if (accountStatus === newAccount) due.push(sinceOr(singleInstant(values.accountActivationTime, local), after));
    if (accountStatus === active) {
      due.push(sinceOr(singleInstant(values.accountClosureTime, local), after));
      due.push(nextWindowEdge(settings.friendlyPeriods ?? [], local, after));
      for (const charge of chargesOf(context, own as AccountObject)) {
        due.push(nextCollection(context.values(charge), local, settings, after));
      }
      for (const credit of creditsOf(context, own as AccountObject)) {
        const { period, ...of } = context.values(credit);
        // If the clock was set back, a period does not start a second time.
        const done = Math.max(after, Number(of.state?.periodsUpTo ?? 0n));
        if (hasPeriods({ period, ...of })) due.push(local.next(period, period, done));
      }
    }
    let first: number | undefined;
    for (const at of due) if (at !== undefined && at > after && (first === undefined || at < first)) first = at;
    return first;
  },
  run(_, context): MaybePromise<void> {
    const books = booksIn(context);
    const isOpen = isActive(context.device.values(books.account));
    return after(isOpen ? afterEach([accrueDue, startCharges], (step) => step(books)) : undefined, () => {
      if (isOpen) renewCredits(books);
      // The charges that were due before the account closes are collected.
      return after(settle(books), () => turn(books));
    });
  },
  restored: (_values, _context, _from, to) => [to],
  moved: (_values, _context, _from, to) => [to],
};

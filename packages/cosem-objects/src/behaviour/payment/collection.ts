import { CollectionConfiguration } from "../../classes/payment/account.ts";
import { ChargeConfiguration, ChargeType } from "../../classes/payment/charge.ts";
import { DisconnectControl } from "../../classes/time/disconnect-control.ts";
import { after, afterEach, type MaybePromise } from "../../maybe-promise.ts";
import type { CosemObject } from "../../object.ts";
import type { LocalTime } from "../../time/local-time.ts";
import { failureOf } from "../local-action.ts";
import { isWindowOpen } from "../time-window.ts";
import { type Fraction, highestAmount, lowestAmount, noFraction, shown, wholeOf } from "./amounts.ts";
import {
  type Books,
  bit,
  type ChargeObject,
  type ChargeValues,
  type CreditObject,
  chargesOf,
  creditsOf,
  isContinuous,
  isPaidOff,
  keepState,
  stateOf,
} from "./books.ts";
import { currentCredit } from "./figures.ts";
import type { AccountSettings } from "./settings.ts";
import { priceOf, priceScaleOf, readingOf, unitsOf } from "./unit-charge.ts";

const { consumptionBasedCollection, timeBasedCollection, paymentEventBasedCollection } = ChargeType;
const second = 1000;

/** The internal data of a charge. */
export interface Counting {
  readonly since: bigint;
  readonly reading: bigint;
  readonly fraction: Fraction;
  readonly waiting: bigint;
}

/** The internal data of a charge; undefined: the charge is not collected. */
export function countingOf({ state }: ChargeValues): Counting | undefined {
  if (state === undefined || state.since < 0n) return undefined;
  const { since, reading, fraction, fractionScale, waiting } = state;
  return {
    since,
    reading: BigInt(reading),
    fraction: { value: BigInt(fraction), scale: fractionScale },
    waiting: BigInt(waiting),
  };
}

/** Stores the changed values; nothing is written if nothing changed. */
function count({ device }: Books, charge: ChargeObject, changed: Partial<Counting>): void {
  const before = countingOf(device.values(charge));
  const now: Counting = {
    since: 0n,
    reading: 0n,
    fraction: noFraction,
    waiting: 0n,
    ...before,
    ...changed,
  };
  const state = {
    since: now.since,
    reading: `${now.reading}`,
    fraction: `${now.fraction.value}`,
    fractionScale: now.fraction.scale,
    waiting: `${now.waiting}`,
  };
  const kept = device.values(charge).state as Readonly<Record<string, unknown>> | undefined;
  if (kept !== undefined && Object.entries(state).every(([name, value]) => kept[name] === value)) return;
  device.set(charge, "state", state);
}

/** The account was activated: the charge is collected from now on, starting at the current reading of its register. */
export function startCharge(books: Books, charge: ChargeObject): MaybePromise<void> {
  const { device, context } = books;
  const { chargeType, unitChargeActive } = device.values(charge);
  device.set(charge, "lastCollectionTime", context.local.dateTimeOf(context.now));
  const counts = chargeType === consumptionBasedCollection && unitChargeActive.chargeTable.length > 0;
  return after(counts ? readingOf(unitChargeActive, books) : 0n, (reading) =>
    count(books, charge, {
      since: BigInt(Math.floor(context.now)),
      reading,
      fraction: noFraction,
      waiting: 0n,
    }),
  );
}

/** The account was reset: the charge is not collected any more, and amounts waiting to be collected are removed. */
export const stopCharge = (books: Books, charge: ChargeObject): void =>
  count(books, charge, { since: -1n, reading: 0n, fraction: noFraction, waiting: 0n });

/** The first instant after `afterwards` at which a period of a charge ends; undefined: never. */
export function nextCollection(
  values: ChargeValues,
  local: LocalTime,
  { alignedPeriods = true }: AccountSettings,
  afterwards: number,
): number | undefined {
  const { chargeType, period } = values;
  const counting = countingOf(values);
  if (counting === undefined || period === 0 || isPaidOff(values)) return undefined;
  if (chargeType === paymentEventBasedCollection) return undefined;
  const ms = period * second;
  if (chargeType === consumptionBasedCollection && alignedPeriods) return local.nextMultiple(ms, afterwards);
  const since = Number(counting.since);
  return afterwards < since ? since + ms : since + (Math.floor((afterwards - since) / ms) + 1) * ms;
}

/** Periods of charges have ended. In order of priority, the amounts due are recorded as waiting to be collected. */
export function accrueDue(books: Books): MaybePromise<void> {
  const { device, account, context, settings } = books;
  const { local, now } = context;
  const step = (charge: ChargeObject): MaybePromise<unknown> => {
    const values = device.values(charge);
    if (values.chargeType === timeBasedCollection) return tellOf(books, charge, () => accruePeriods(books, charge));
    if (nextCollection(values, local, settings, now - 1) !== now) return undefined;
    return tellOf(books, charge, () => accrueUnits(books, charge));
  };
  return after(afterEach(chargesOf(device, account), step), () => undefined);
}

/** If a charge cannot be computed, an event is reported and the other charges continue; the charge is included the next time. */
function tellOf({ context }: Books, charge: ChargeObject, run: () => MaybePromise<void>): MaybePromise<unknown> {
  return failureOf(run, `the collection of ${charge.instance}`, context);
}

/** Records the amounts of all periods of a time-based charge that have passed. */
function accruePeriods(books: Books, charge: ChargeObject): void {
  const { device, context, settings } = books;
  const values = device.values(charge);
  const counting = countingOf(values);
  if (counting === undefined || values.period === 0) return;
  const now = BigInt(Math.floor(context.now));
  const period = BigInt(values.period * second);
  if (now < counting.since) {
    // The period starts later than now (the clock was set back): the span is negative, and nothing is counted.
    if (settings.setBack === "restart") count(books, charge, { since: now });
    return;
  }
  const periods = (now - counting.since) / period;
  if (periods === 0n) return;
  accrue(books, charge, periods);
  count(books, charge, { since: counting.since + periods * period });
}

/** Records the whole units that a consumption-based charge has to collect. */
export function accrueUnits(books: Books, charge: ChargeObject): MaybePromise<void> {
  const { device, context, settings } = books;
  const values = device.values(charge);
  const { unitChargeActive, chargeType } = values;
  const counting = countingOf(values);
  if (chargeType !== consumptionBasedCollection || counting === undefined) return undefined;
  if (unitChargeActive.chargeTable.length === 0) return undefined;
  return after(readingOf(unitChargeActive, books), (reading) => {
    const { units, upTo } = unitsOf(unitChargeActive, books, counting.reading, reading);
    if (units > 0n) accrue(books, charge, units);
    const begun = settings.alignedPeriods === false ? { since: BigInt(Math.floor(context.now)) } : {};
    count(books, charge, { reading: upTo, ...begun });
  });
}

/** Records the amount of a number of units at the current price as waiting to be collected. */
export function accrue(books: Books, charge: ChargeObject, units: bigint): void {
  const values = books.device.values(charge);
  const counting = countingOf(values);
  if (counting === undefined || isPaidOff(values)) return;
  const { unitChargeActive } = values;
  const price = priceOf(unitChargeActive, books);
  const { whole, fraction } = wholeOf(units * price, priceScaleOf(unitChargeActive, books), counting.fraction);
  count(books, charge, { fraction, waiting: counting.waiting + whole });
}

/** A payment was received: the shares that charges take from it are recorded as waiting to be collected. */
export function accruePayment(books: Books, payment: bigint): void {
  const { device, account } = books;
  for (const charge of chargesOf(device, account)) {
    if (device.values(charge).chargeType !== paymentEventBasedCollection) continue;
    tellOf(books, charge, () => accrueFrom(books, charge, payment));
  }
}

function accrueFrom(books: Books, charge: ChargeObject, payment: bigint): void {
  const { device } = books;
  const values = device.values(charge);
  const counting = countingOf(values);
  if (counting === undefined || isPaidOff(values)) return;
  const percentage = bit(values.chargeConfiguration, ChargeConfiguration.percentageBasedCollection);
  const before = counting.waiting;
  if (percentage) count(books, charge, { waiting: before + (payment * BigInt(values.proportion)) / 10_000n });
  else accrue(books, charge, 1n);
  const more = (countingOf(device.values(charge))?.waiting ?? before) - before;
  const owed = isContinuous(values) ? more : min(more, max(0n, BigInt(values.totalAmountRemaining) - before));
  count(books, charge, { waiting: before + provide(books, owed) });
}

/** The part of an amount that max_provision still allows payment-event charges to collect in max_provision_period. */
function provide(books: Books, wanted: bigint): bigint {
  const { device, account, context } = books;
  const { maxProvision, maxProvisionPeriod } = device.values(account);
  if (maxProvisionPeriod <= 0) return wanted;
  const state = stateOf(books);
  const now = BigInt(Math.floor(context.now));
  const isOver = now >= state.provisionSince + BigInt(maxProvisionPeriod * second);
  const before = isOver ? 0 : state.provided;
  const given = min(wanted, BigInt(Math.max(0, maxProvision - before)));
  const provisionSince = isOver ? now : state.provisionSince;
  keepState(books, { provisionSince, provided: before + Number(given) });
  return given;
}

/**
 * Collects the waiting amounts from the credit in use, by priority, as far as it is allowed now. Returns whether anything was collected.
 */
export function collectWaiting(books: Books): boolean {
  const { device, account } = books;
  let collected = false;
  for (const charge of chargesOf(device, account)) {
    const waiting = countingOf(device.values(charge))?.waiting ?? 0n;
    const credit = waiting === 0n ? undefined : currentCredit(device, creditsOf(device, account));
    if (credit === undefined || !mayCollect(books, charge, credit)) continue;
    collected = pay(books, charge, credit, waiting) || collected;
  }
  return collected;
}

function pay(books: Books, charge: ChargeObject, credit: CreditObject, waiting: bigint): boolean {
  const { device, context } = books;
  const values = device.values(charge);
  const balance = BigInt(device.values(credit).currentCreditAmount);
  const remaining = BigInt(values.totalAmountRemaining);
  const continuous = isContinuous(values);
  const owed = continuous ? waiting : min(waiting, remaining);
  // The part of an amount that the credit's attribute cannot represent continues to wait.
  const amount = max(min(owed, balance - BigInt(lowestAmount)), balance - BigInt(highestAmount));
  count(books, charge, { waiting: owed - amount });
  if (amount === 0n) return false;
  device.set(credit, "currentCreditAmount", Number(balance - amount));
  device.set(charge, "totalAmountPaid", shown(BigInt(values.totalAmountPaid) + amount));
  device.set(charge, "lastCollectionAmount", shown(amount));
  device.set(charge, "lastCollectionTime", context.local.dateTimeOf(context.now));
  if (!continuous) device.set(charge, "totalAmountRemaining", Number(remaining - amount));
  return true;
}

/** Whether the account's configuration currently allows a charge to be collected from a credit. */
function mayCollect(books: Books, charge: ChargeObject, credit: CreditObject): boolean {
  const { device, account, settings, context } = books;
  const { creditChargeConfiguration } = device.values(account);
  if (creditChargeConfiguration.length === 0) return true;
  const pair = creditChargeConfiguration.find(
    (one) => one.creditReference === credit.instance && one.chargeReference === charge.instance,
  );
  if (pair === undefined) return false;
  const allows = (name: keyof typeof CollectionConfiguration): boolean =>
    bit(pair.collectionConfiguration, CollectionConfiguration[name]);
  if (!allows("collectWhenSupplyDisconnected") && isDisconnected(books)) return false;
  if (!allows("collectInLoadLimitingPeriods") && settings.isLoadLimited?.(context) === true) return false;
  return allows("collectInFriendlyCreditPeriods") || !isFriendly(books);
}

/** The Disconnect control of the account; undefined if it has none. */
export function disconnectControlOf({
  device,
  settings: { disconnectControl: name },
}: Books): CosemObject<typeof DisconnectControl> | undefined {
  return name === undefined ? undefined : device.find(DisconnectControl.classId, name);
}

function isDisconnected(books: Books): boolean {
  const control = disconnectControlOf(books);
  return control !== undefined && !books.device.values(control).outputState;
}

/** Whether it is a non-disconnect (friendly) period. */
export const isFriendly = ({ settings: { friendlyPeriods = [] }, context: { local, now } }: Books): boolean =>
  isWindowOpen(friendlyPeriods, local, now);

const min = (one: bigint, other: bigint): bigint => (one < other ? one : other);
const max = (one: bigint, other: bigint): bigint => (one > other ? one : other);

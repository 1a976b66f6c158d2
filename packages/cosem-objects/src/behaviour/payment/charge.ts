import { type CosemDateTime, type LogicalName, sameOctets, unspecifiedDateTime } from "@dlmskit/core";
import type { ValueDefinition } from "../../classes/common-types.ts";
import { Charge, ChargeType } from "../../classes/payment/charge.ts";
import { type Timeline, timeOrder, type Values } from "../../interface-class.ts";
import { checkListSize } from "../../list-size.ts";
import { after, type MaybePromise } from "../../maybe-promise.ts";
import { type AnyObject, type Context, type CosemObject, type Hooks, object, type TimeContext } from "../../object.ts";
import { refuse } from "../../refusal.ts";
import { isOff } from "../../time/pattern.ts";
import { checkSingleInstant, singleInstant } from "../single-instant.ts";
import { added } from "./amounts.ts";
import { booksThatList, isActive } from "./books.ts";
import { accrue, accrueUnits } from "./collection.ts";
import { settle } from "./settle.ts";

type ChargeRecord = Values<typeof Charge>;
type UnitCharge = ChargeRecord["unitChargeActive"];

export interface ChargeOptions {
  /** A value of `ChargeType`. */
  readonly chargeType: number;
  /** Priority 1 is collected first. */
  readonly priority: number;
  /** The price of a unit or of a period: one price, or one for each tariff (the mask name of the account's `tariff`). -32768 to 32767. */
  readonly price?: number | Readonly<Record<string, number>>;
  /** The power of ten, in currency, in which `price` is counted: 0 by default. */
  readonly priceScale?: number;
  /** The register that counts the consumption. Its value (attribute 2) is used if it is given as an object. */
  readonly commodity?: AnyObject | ValueDefinition;
  /** The power of ten of the commodity's unit that a price is for: 3 for kWh if the register counts in Wh; 0 by default. */
  readonly commodityScale?: number;
  /** Seconds between collections. */
  readonly period?: number;
  /** The total amount to collect, if the charge is not continuous. */
  readonly totalAmountRemaining?: number;
  /** Payment events: the share of the payment (0.01 %). If left out, a fixed sum, `price`, is taken. */
  readonly proportion?: number;
}

/**
 * A charge (class 113; Blue Book 4.6.4) that is collected by the account that lists it. Amounts are exact: fractions of a unit and of an
 * amount are kept for the next collection.
 */
export function charge(
  instance: LogicalName,
  options: ChargeOptions,
  hooks: Hooks<typeof Charge> = {},
): CosemObject<typeof Charge> {
  const { chargeType, priority, proportion, totalAmountRemaining } = options;
  const unitCharge = unitChargeOf(options);
  return object(
    Charge,
    instance,
    {
      ...{ totalAmountPaid: 0, chargeType, priority },
      ...{ unitChargeActive: unitCharge, unitChargePassive: unitCharge },
      unitChargeActivationTime: unspecifiedDateTime,
      period: options.period ?? 0,
      chargeConfiguration: `${proportion === undefined ? 0 : 1}${totalAmountRemaining === undefined ? 1 : 0}`,
      lastCollectionTime: unspecifiedDateTime,
      lastCollectionAmount: 0,
      totalAmountRemaining: totalAmountRemaining ?? 0,
      proportion: proportion ?? 0,
    },
    {
      time: times,
      ...hooks,
      write: {
        unitChargeActive: (values, written, context) =>
          replacePrice(context, () => {
            values.unitChargeActive = written;
          }),
        unitChargeActivationTime(values, time, context) {
          checkSingleInstant(time, context.local, "unit_charge_activation_time");
          values.unitChargeActivationTime = time;
          return isDue(time, context) ? activatePassive(values, context) : undefined;
        },
        ...hooks.write,
      },
      invoke: { ...methods, ...hooks.invoke },
    },
  );
}

const utf8 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const nothing: ValueDefinition = { classId: 0, instanceId: "0.0.0.0.0.0", attributeId: 0 };

function unitChargeOf({ price, priceScale = 0, commodity, commodityScale = 0 }: ChargeOptions): UnitCharge {
  const prices = typeof price === "number" ? { "": price } : (price ?? {});
  const commodityReference =
    commodity !== undefined && "spec" in commodity
      ? { classId: commodity.spec.classId as number, instanceId: commodity.instance, attributeId: 2 }
      : (commodity ?? nothing);
  const chargeTable = Object.entries(prices).map(([index, chargePerUnit]) => ({ index: utf8(index), chargePerUnit }));
  return { chargePerUnitScaling: { commodityScale, priceScale }, commodityReference, chargeTable };
}

const methods: Hooks<typeof Charge>["invoke"] = {
  updateUnitCharge(values, elements) {
    const { chargeTable } = values.unitChargePassive;
    const updated = [...chargeTable];
    for (const element of elements) {
      const at = updated.findIndex(({ index }) => sameOctets(index, element.index));
      updated.splice(at < 0 ? updated.length : at, at < 0 ? 0 : 1, element);
    }
    const passive = { ...values.unitChargePassive, chargeTable: updated };
    checkListSize(Charge.attributes.unitChargePassive.type, passive);
    values.unitChargePassive = passive;
  },
  activatePassiveUnitCharge: (values, _, context) => activatePassive(values, context),
  collect: (values, _, context) => collect(values, context),
  updateTotalAmountRemaining(values, change) {
    setRemaining(values, added(values.totalAmountRemaining, change));
  },
  setTotalAmountRemaining(values, amount) {
    setRemaining(values, amount);
  },
};

function setRemaining(values: ChargeRecord, amount: number): void {
  if (amount < 0) throw refuse("other-reason", `${amount} cannot remain to be collected`);
  values.totalAmountRemaining = amount;
}

/** Collects once now: a period of a time-based charge starts again; a payment-event charge collects its fixed sum. */
function collect({ chargeType, state }: ChargeRecord, context: Context): MaybePromise<void> {
  const { device, object: own, now } = context;
  const books = booksThatList(context);
  if (chargeType === ChargeType.consumptionBasedCollection) {
    throw refuse("other-reason", "a consumption-based charge is collected by what is consumed");
  }
  if (books === undefined || state === undefined || !isActive(device.values(books.account))) {
    throw refuse("other-reason", "no active account has this charge");
  }
  const self = own as CosemObject<typeof Charge>;
  device.set(self, "state", { ...state, since: BigInt(Math.floor(now)) });
  accrue(books, self, 1n);
  return settle(books);
}

/** The consumption until now is charged at the previous price. */
function replacePrice(context: Context, replace: () => void): MaybePromise<void> {
  const { device, object: own } = context;
  const books = booksThatList(context);
  if (books === undefined || !isActive(device.values(books.account))) return replace();
  return after(accrueUnits(books, own as CosemObject<typeof Charge>), () => {
    replace();
    return settle(books);
  });
}

const activatePassive = (values: ChargeRecord, context: Context): MaybePromise<void> =>
  replacePrice(context, () => {
    values.unitChargeActive = values.unitChargePassive;
  });

function isDue(time: CosemDateTime, { local, now }: Pick<Context, "local" | "now">): boolean {
  const at = isOff(time) ? undefined : singleInstant(time, local);
  return at !== undefined && at <= now;
}

const times: Timeline<ChargeRecord, Context, TimeContext> = {
  order: timeOrder.calendarActivation,
  missed: "each",
  next({ unitChargeActivationTime }, { local }, after) {
    const at = singleInstant(unitChargeActivationTime, local);
    return at !== undefined && at > after ? at : undefined;
  },
  run: (values, context) => activatePassive(values, context),
  restored: passed,
  moved: passed,
};

/** The activation of a price, if it lies in a span. */
function passed(
  { unitChargeActivationTime }: Readonly<ChargeRecord>,
  { local }: TimeContext,
  from: number,
  to: number,
): number[] {
  const at = singleInstant(unitChargeActivationTime, local);
  return at !== undefined && at > from && at <= to ? [at] : [];
}

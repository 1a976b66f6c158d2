import { type DataLike, fromData, T } from "@dlmskit/apdu";
import { sameOctets } from "@dlmskit/core";
import { RegisterActivation } from "../../classes/data/register-activation.ts";
import type { Charge } from "../../classes/payment/charge.ts";
import { scalerUnitAttribute, type Values } from "../../interface-class.ts";
import { after, type MaybePromise } from "../../maybe-promise.ts";
import type { CosemObject } from "../../object.ts";
import { refuse } from "../../refusal.ts";
import { divide, tenTo } from "./amounts.ts";
import type { Books } from "./books.ts";

type UnitCharge = Values<typeof Charge>["unitChargeActive"];

/** charge_per_unit of the element in force: that of the active tariff, or else the only one. 0 if the table is empty. */
export function priceOf({ chargeTable }: UnitCharge, { device, settings: { tariff } }: Books): bigint {
  const [first] = chargeTable;
  if (first === undefined) return 0n;
  if (tariff === undefined || chargeTable.length === 1) return BigInt(first.chargePerUnit);
  const activation = device.find(RegisterActivation.classId, tariff) as
    | CosemObject<typeof RegisterActivation>
    | undefined;
  if (activation === undefined) throw refuse("other-reason", `there is no Register activation ${tariff}`);
  const { activeMask } = device.values(activation);
  const element = chargeTable.find(({ index }) => sameOctets(index, activeMask));
  if (element === undefined) {
    const mask = String.fromCharCode(...activeMask);
    throw refuse("other-reason", `the charge table has no index "${mask}", which is the mask active in ${tariff}`);
  }
  return BigInt(element.chargePerUnit);
}

/** The scale of a price in the smallest amount of the account's currency. */
export const priceScaleOf = ({ chargePerUnitScaling }: UnitCharge, { device, account }: Books): number =>
  chargePerUnitScaling.priceScale - device.values(account).currency.currencyScale;

/**
 * The current reading of the commodity's register, an integer. Throws what its hook throws; other-reason for a value that is not an
 * integer.
 */
export function readingOf({ commodityReference }: UnitCharge, { device }: Books): MaybePromise<bigint> {
  return after(device.get(commodityReference), (data: DataLike): bigint => {
    const { type, value } = fromData(T.any, data) as { type: string; value?: unknown };
    if (typeof value === "bigint") return value;
    if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
    const { instanceId, attributeId } = commodityReference;
    throw refuse(
      "other-reason",
      `attribute ${attributeId} of ${instanceId} is ${type}, not a whole number to charge for`,
    );
  });
}

/** The whole units consumed from one reading to another, and the reading up to which they are counted. */
export function unitsOf(
  { commodityReference, chargePerUnitScaling }: UnitCharge,
  books: Books,
  from: bigint,
  to: bigint,
): { readonly units: bigint; readonly upTo: bigint } {
  // The register was reset or overflowed: the consumption until then is not known.
  if (to < from) return { units: 0n, upTo: to };
  const scale = scalerOf(commodityReference, books) - chargePerUnitScaling.commodityScale;
  if (scale >= 0) return { units: (to - from) * tenTo(scale), upTo: to };
  const { quotient, rest } = divide(to - from, tenTo(-scale));
  return { units: quotient, upTo: to - rest };
}

/** The scaler of an attribute of a register; 0 if it has none. */
function scalerOf({ classId, instanceId, attributeId }: UnitCharge["commodityReference"], { device }: Books): number {
  const object = device.find(classId, instanceId);
  if (object === undefined || scalerUnitAttribute(object.spec, attributeId) === undefined) return 0;
  const { scalerUnit = "scalerUnit" } = object.spec.traits?.scaled ?? {};
  return (device.values(object)[scalerUnit] as { scaler: number }).scaler;
}

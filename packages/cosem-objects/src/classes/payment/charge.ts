import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ValueDefinition } from "../common-types.ts";

export const ChargeType = {
  consumptionBasedCollection: 0,
  timeBasedCollection: 1,
  paymentEventBasedCollection: 2,
} as const;
export const ChargeConfiguration = { percentageBasedCollection: 0, continuousCollection: 1 } as const;

const ChargePerUnitScaling = T.structure({ commodityScale: T.integer, priceScale: T.integer });
const ChargeTableElement = T.structure({ index: T.octetString, chargePerUnit: T.long });
const UnitCharge = T.structure({
  chargePerUnitScaling: ChargePerUnitScaling,
  commodityReference: ValueDefinition,
  chargeTable: T.array(ChargeTableElement),
});

// The internal data of a Charge: the instant (ms since 1970 UTC; -1: it is not collected) up to which its periods are done; and, as whole
// numbers in decimal digits, the reading up to which units are counted, the fraction of an amount times ten to the power of
// `fractionScale`, and the amount that has not been collected yet.
const ChargeState = T.structure({
  since: T.long64,
  reading: T.visibleString,
  fraction: T.visibleString,
  fractionScale: T.long,
  waiting: T.visibleString,
});

/** Charge (class 113, version 0; Blue Book 4.6.4): a charge and the way in which it is collected. */
export const Charge = interfaceClass({
  classId: 113,
  version: 0,
  name: "Charge",
  attributes: {
    totalAmountPaid: { id: 2, type: T.doubleLong, static: false },
    chargeType: { id: 3, type: T.enumOf(ChargeType), static: true },
    priority: { id: 4, type: T.unsigned, static: true },
    unitChargeActive: { id: 5, type: UnitCharge, static: true },
    unitChargePassive: { id: 6, type: UnitCharge, static: true },
    unitChargeActivationTime: { id: 7, type: T.dateTimeOctets, static: true },
    period: { id: 8, type: T.doubleLongUnsigned, static: true, unit: "s" },
    chargeConfiguration: { id: 9, type: T.bitStringOf(2), static: true, bits: ChargeConfiguration },
    lastCollectionTime: { id: 10, type: T.dateTime, static: false },
    lastCollectionAmount: { id: 11, type: T.doubleLong, static: false },
    totalAmountRemaining: { id: 12, type: T.doubleLong, static: false },
    proportion: { id: 13, type: T.longUnsigned, static: true, unit: "0,01 %" },
    state: { id: 0, type: ChargeState, optional: true },
  },
  methods: {
    updateUnitCharge: { id: 1, argument: T.array(ChargeTableElement) },
    activatePassiveUnitCharge: { id: 2, argument: T.integer },
    collect: { id: 3, argument: T.integer },
    updateTotalAmountRemaining: { id: 4, argument: T.doubleLong },
    setTotalAmountRemaining: { id: 5, argument: T.doubleLong },
  },
});

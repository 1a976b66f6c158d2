import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const CreditType = {
  tokenCredit: 0,
  reservedCredit: 1,
  emergencyCredit: 2,
  timeBasedCredit: 3,
  consumptionBasedCredit: 4,
} as const;
export const CreditConfiguration = {
  requiresVisualIndication: 0,
  requiresConfirmation: 1,
  requiresPayBack: 2,
  resettable: 3,
  receivesTokens: 4,
} as const;
export const CreditStatus = { enabled: 0, selectable: 1, selectedInvoked: 2, inUse: 3, exhausted: 4 } as const;

// The internal data of a Credit: whether preset_credit_amount was added, and the instant (ms since 1970 UTC) up to which its periods are
// done.
const CreditState = T.structure({ given: T.boolean, periodsUpTo: T.long64 });

/** Credit (class 112, version 0; Blue Book 4.6.3): a source of credit. */
export const Credit = interfaceClass({
  classId: 112,
  version: 0,
  name: "Credit",
  attributes: {
    currentCreditAmount: { id: 2, type: T.doubleLong, static: false },
    creditType: { id: 3, type: T.enumOf(CreditType), static: true },
    priority: { id: 4, type: T.unsigned, static: true },
    warningThreshold: { id: 5, type: T.doubleLong, static: true },
    limit: { id: 6, type: T.doubleLong, static: true },
    creditConfiguration: { id: 7, type: T.bitStringOf(5), static: true, bits: CreditConfiguration },
    creditStatus: { id: 8, type: T.enumOf(CreditStatus), static: false },
    presetCreditAmount: { id: 9, type: T.doubleLong, static: true },
    creditAvailableThreshold: { id: 10, type: T.doubleLong, static: true },
    period: { id: 11, type: T.dateTimeOctets, static: true },
    state: { id: 0, type: CreditState, optional: true },
  },
  methods: {
    updateAmount: { id: 1, argument: T.doubleLong },
    setAmountToValue: { id: 2, argument: T.doubleLong, result: T.doubleLong },
    invokeCredit: { id: 3, argument: T.integer },
  },
});

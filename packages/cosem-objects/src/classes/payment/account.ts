import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const AccountMode = { creditMode: 1, prepaymentMode: 2 } as const;
export const AccountStatus = { new: 1, accountActive: 2, accountClosed: 3 } as const;
export const CurrentCreditStatus = {
  inCredit: 0,
  lowCredit: 1,
  nextCreditEnabled: 2,
  nextCreditSelectable: 3,
  nextCreditSelected: 4,
  selectableCreditInUse: 5,
  outOfCredit: 6,
} as const;
export const CollectionConfiguration = {
  collectWhenSupplyDisconnected: 0,
  collectInLoadLimitingPeriods: 1,
  collectInFriendlyCreditPeriods: 2,
} as const;
export const CurrencyUnit = { time: 0, consumption: 1, monetary: 2 } as const;

const AccountModeAndStatus = T.structure({
  accountMode: T.enumOf(AccountMode),
  accountStatus: T.enumOf(AccountStatus),
});
const CreditChargeConfiguration = T.structure({
  creditReference: T.logicalName,
  chargeReference: T.logicalName,
  collectionConfiguration: T.bitStringOf(3),
});
const TokenGatewayConfiguration = T.structure({ creditReference: T.logicalName, tokenProportion: T.unsigned });
const Currency = T.structure({
  currencyName: T.utf8String,
  currencyScale: T.integer,
  currencyUnit: T.enumOf(CurrencyUnit),
});

// The internal data of an Account: the last reported bits of current_credit_status, whether the Account disconnected the supply, and the
// amount of payment events collected since an instant (ms since 1970 UTC).
const AccountState = T.structure({
  told: T.bitString,
  disconnected: T.boolean,
  provisionSince: T.long64,
  provided: T.doubleLong,
});

/** Account (class 111, version 0; Blue Book 4.6.2): the credits and charges of a customer, and their totals. */
export const Account = interfaceClass({
  classId: 111,
  version: 0,
  name: "Account",
  attributes: {
    accountModeAndStatus: { id: 2, type: AccountModeAndStatus },
    currentCreditInUse: { id: 3, type: T.unsigned, static: false },
    currentCreditStatus: { id: 4, type: T.bitStringOf(8), static: false, bits: CurrentCreditStatus },
    availableCredit: { id: 5, type: T.doubleLong, static: false },
    amountToClear: { id: 6, type: T.doubleLong, static: false },
    clearanceThreshold: { id: 7, type: T.doubleLong, static: true },
    aggregatedDebt: { id: 8, type: T.doubleLong, static: false },
    creditReferenceList: { id: 9, type: T.array(T.logicalName), static: true },
    chargeReferenceList: { id: 10, type: T.array(T.logicalName), static: true },
    creditChargeConfiguration: {
      id: 11,
      type: T.array(CreditChargeConfiguration),
      static: true,
      bits: CollectionConfiguration,
    },
    tokenGatewayConfiguration: { id: 12, type: T.array(TokenGatewayConfiguration), static: true },
    accountActivationTime: { id: 13, type: T.dateTimeOctets, static: true },
    accountClosureTime: { id: 14, type: T.dateTimeOctets, static: true },
    currency: { id: 15, type: Currency, static: true },
    lowCreditThreshold: { id: 16, type: T.doubleLong, static: true },
    nextCreditAvailableThreshold: { id: 17, type: T.doubleLong, static: true },
    maxProvision: { id: 18, type: T.longUnsigned, static: true },
    maxProvisionPeriod: { id: 19, type: T.doubleLong, static: true, unit: "s" },
    state: { id: 0, type: AccountState, optional: true },
  },
  methods: {
    activateAccount: { id: 1, argument: T.integer },
    closeAccount: { id: 2, argument: T.integer },
    resetAccount: { id: 3, argument: T.integer },
  },
});

import { type CosemDateTime, dateTimeOf, type LogicalName } from "@dlmskit/core";
import { ChargeType } from "../../classes/payment/charge.ts";
import { CreditType } from "../../classes/payment/credit.ts";
import type { AnyObject } from "../../object.ts";
import { disconnectControl } from "../disconnect-control.ts";
import { account } from "./account.ts";
import { charge } from "./charge.ts";
import { credit } from "./credit.ts";
import type { AccountSettings } from "./settings.ts";
import { type TokenPort, tokenGateway } from "./token-gateway.ts";

// Local reconnection is a transition of modes 5 and 6 only; in mode 3 the customer reconnects.
const reconnectsByItself = 6;
const reconnectedByCustomer = 3;

export interface PrepaymentOptions extends Omit<AccountSettings, "disconnectControl"> {
  /** The register that counts the consumption; it must also be added to the meter. */
  readonly commodity: AnyObject;
  /** Amounts are whole numbers times ten to the power of the scale: `{ name: "EUR", scale: -2 }` counts cents. */
  readonly currency: { readonly name: string; readonly scale: number };
  /**
   * The price of a unit: `{ value: 30, scale: -2, per: 3 }` is 0.30 of the currency for a kWh, if the unit of the register is Wh. By
   * tariff: mask names with their values.
   */
  readonly price: {
    readonly value: number | Readonly<Record<string, number>>;
    readonly scale: number;
    readonly per: number;
  };
  /** Seconds between collections for consumption: 900 by default. */
  readonly period?: number;
  readonly tokens: TokenPort;
  /** The amount that the customer has at first; 0 by default. */
  readonly credit?: number;
  /** The amount at which the customer is warned. */
  readonly warningThreshold?: number;
  /**
   * Emergency credit, which tokens pay back. It is used after `invoke_credit` when the other credit is used up, or automatically without
   * confirmation.
   */
  readonly emergency?: { readonly amount: number; readonly confirmation?: boolean };
  /** A standing charge: an amount (in the scale of the price) for each `period` (s). */
  readonly standing?: { readonly value: number; readonly period: number };
  /** A debt that is paid off by a share (0.01 %) of each token. */
  readonly debt?: { readonly amount: number; readonly proportion: number };
  /** Whether the meter reconnects automatically when there is credit again (by default), or the customer reconnects at the meter. */
  readonly reconnection?: "automatic" | "customer";
  /** When the account becomes active: at once by default. */
  readonly activationTime?: CosemDateTime;
  /** Value group B of the logical names: 0 by default. */
  readonly channel?: number;
  readonly disconnectControl?: LogicalName;
}

/**
 * The objects of a prepayment meter, which refer to one another: account 0-b:19.0.0, credits 0-b:19.10.e, charges 0-b:19.20.e, token
 * gateway 0-b:19.40.0 and the Disconnect control 0-0:96.3.10. All of them (`objects`) belong in the logical device of the register.
 */
export function prepayment(options: PrepaymentOptions) {
  const { commodity, currency, price, period = 900, tokens, emergency, standing, debt, channel = 0 } = options;
  const name = (groups: string): LogicalName => `0.${channel}.19.${groups}.255`;
  const supply = disconnectControl(options.disconnectControl, {
    controlMode: options.reconnection === "customer" ? reconnectedByCustomer : reconnectsByItself,
  });
  const tokenCredit = credit(name("10.0"), {
    creditType: CreditType.tokenCredit,
    priority: 1,
    currentCreditAmount: options.credit ?? 0,
    ...(options.warningThreshold === undefined ? {} : { warningThreshold: options.warningThreshold }),
  });
  const emergencyCredit =
    emergency &&
    credit(name("10.1"), {
      creditType: CreditType.emergencyCredit,
      priority: 2,
      presetCreditAmount: emergency.amount,
      configuration: {
        requiresConfirmation: emergency.confirmation ?? true,
        requiresPayBack: true,
        receivesTokens: true,
      },
    });
  const consumption = charge(name("20.0"), {
    ...{ chargeType: ChargeType.consumptionBasedCollection, priority: 1, period, commodity },
    ...{ price: price.value, priceScale: price.scale, commodityScale: price.per },
  });
  const standingCharge =
    standing &&
    charge(name("20.1"), {
      ...{ chargeType: ChargeType.timeBasedCollection, priority: 2, period: standing.period },
      ...{ price: standing.value, priceScale: price.scale },
    });
  const debtCharge =
    debt &&
    charge(name("20.2"), {
      ...{ chargeType: ChargeType.paymentEventBasedCollection, priority: 3 },
      ...{ proportion: debt.proportion, totalAmountRemaining: debt.amount },
    });
  const credits = [tokenCredit, ...(emergencyCredit === undefined ? [] : [emergencyCredit])];
  const charges = [consumption, standingCharge, debtCharge].filter((one) => one !== undefined);
  const holder = account(name("0.0"), {
    ...options,
    ...{ credits, charges, currency, disconnectControl: supply.instance },
    activationTime: options.activationTime ?? dateTimeOf(0),
  });
  const gateway = tokenGateway(name("40.0"), { tokens, account: holder.instance });
  return {
    objects: [holder, ...credits, ...charges, gateway, supply] as readonly AnyObject[],
    ...{ account: holder, tokenCredit, emergencyCredit, consumption, standingCharge, debtCharge, gateway },
    disconnectControl: supply,
  };
}

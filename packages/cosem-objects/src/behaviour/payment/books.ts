import type { LogicalName } from "@dlmskit/core";
import { Account, AccountStatus } from "../../classes/payment/account.ts";
import { Charge, ChargeConfiguration } from "../../classes/payment/charge.ts";
import { Credit } from "../../classes/payment/credit.ts";
import type { ClassSpec, Values } from "../../interface-class.ts";
import type { AnyObject, Context, CosemObject, DeviceView } from "../../object.ts";
import { type AccountSettings, settingsOf } from "./settings.ts";

export type AccountObject = CosemObject<typeof Account>;
export type CreditObject = CosemObject<typeof Credit>;
export type ChargeObject = CosemObject<typeof Charge>;
export type AccountValues = Readonly<Values<typeof Account>>;
export type CreditValues = Readonly<Values<typeof Credit>>;
export type ChargeValues = Readonly<Values<typeof Charge>>;

/** Gives the objects of a logical device and their values. */
export interface Ledger {
  readonly objects: readonly AnyObject[];
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>>;
}

/** An account, within a change of its logical device. */
export interface Books {
  readonly context: Context;
  readonly device: DeviceView;
  readonly account: AccountObject;
  readonly settings: AccountSettings;
}

export const bit = (bits: string, at: number): boolean => bits[at] === "1";

export const booksOf = (context: Context, account: AccountObject): Books => ({
  context,
  device: context.device,
  account,
  settings: settingsOf(account),
});

const isAccount = (object: AnyObject): object is AccountObject => object.spec.classId === Account.classId;

/** The books of the account that lists a credit or a charge; undefined if none does. */
export function booksThatList(context: Context): Books | undefined {
  const { device, object } = context;
  const account = device.objects.find((one): one is AccountObject => {
    if (!isAccount(one)) return false;
    const { creditReferenceList, chargeReferenceList }: AccountValues = device.values(one as AccountObject);
    const list = object.spec.classId === Credit.classId ? creditReferenceList : chargeReferenceList;
    return list.includes(object.instance);
  });
  return account && booksOf(context, account);
}

/** The account with that logical name, or the only one of a logical device; undefined if there is none. */
export function findAccount(device: DeviceView, instance: LogicalName | undefined): AccountObject | undefined {
  const accounts = device.objects.filter(isAccount);
  if (instance !== undefined) return accounts.find((one) => one.instance === instance);
  return accounts.length === 1 ? accounts[0] : undefined;
}

type AccountState = NonNullable<AccountValues["state"]>;

/** The internal data of an account. */
export const stateOf = ({ device, account }: Books): AccountState =>
  device.values(account).state ?? { told: "00000000", disconnected: false, provisionSince: 0n, provided: 0 };

export function keepState(books: Books, changed: Partial<AccountState>): void {
  books.device.set(books.account, "state", { ...stateOf(books), ...changed });
}

export const isActive = (values: AccountValues): boolean =>
  values.accountModeAndStatus.accountStatus === AccountStatus.accountActive;

/** The objects of a list, sorted by `priority` (1 is used first). */
function listed<S extends typeof Credit | typeof Charge>(
  ledger: Ledger,
  spec: S,
  list: readonly LogicalName[],
): CosemObject<S>[] {
  const found = list.flatMap((instance) => {
    const object = ledger.objects.find((one) => one.instance === instance && one.spec.classId === spec.classId);
    return object === undefined ? [] : [object as CosemObject<S>];
  });
  const priority = (object: AnyObject): number => ledger.values(object).priority as number;
  return found.sort((one, other) => priority(one) - priority(other));
}

/** The credits of an account, by priority. */
export const creditsOf = (ledger: Ledger, account: AccountObject): CreditObject[] =>
  listed(ledger, Credit, ledger.values(account).creditReferenceList);

/** The charges of an account, by priority. */
export const chargesOf = (ledger: Ledger, account: AccountObject): ChargeObject[] =>
  listed(ledger, Charge, ledger.values(account).chargeReferenceList);

export const isContinuous = ({ chargeConfiguration }: ChargeValues): boolean =>
  bit(chargeConfiguration, ChargeConfiguration.continuousCollection);

/** Whether a charge has nothing left to collect. */
export const isPaidOff = (values: ChargeValues): boolean => !isContinuous(values) && values.totalAmountRemaining <= 0;

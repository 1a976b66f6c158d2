import { CreditConfiguration, CreditStatus, CreditType } from "../../classes/payment/credit.ts";
import { after, type MaybePromise } from "../../maybe-promise.ts";
import { refuse } from "../../refusal.ts";
import { added } from "./amounts.ts";
import { type Books, bit, type CreditObject, type CreditValues, creditsOf } from "./books.ts";
import { accruePayment } from "./collection.ts";
import { paybackOf } from "./figures.ts";
import { happened, settle } from "./settle.ts";

/**
 * Distributes a payment (above 0, in the scale of the currency) to the credits: first the shares of token_gateway_configuration, then the
 * rest. It is refused (other-reason) if no credit accepts it; nothing is credited then.
 */
export function topUp(books: Books, payment: bigint): MaybePromise<void> {
  const { device, account } = books;
  if (payment <= 0n) throw refuse("other-reason", `a token of ${payment} credits nothing`);
  const credits = creditsOf(device, account);
  const shares = distribute(books, credits, payment);
  const amounts = shares.map((share, at) =>
    added(device.values(credits[at] as CreditObject).currentCreditAmount, share),
  );
  for (const [at, credit] of credits.entries()) device.set(credit, "currentCreditAmount", amounts[at] as number);
  happened(books, "topped-up");
  return after(settle(books), () => {
    accruePayment(books, payment);
    return settle(books);
  });
}

/** The part of a payment for each credit, by priority. */
function distribute({ device, account }: Books, credits: readonly CreditObject[], payment: bigint): bigint[] {
  const values = credits.map((credit) => device.values(credit));
  const shares = values.map(() => 0n);
  let rest = payment;
  const give = (at: number, offered: bigint): void => {
    const room = roomOf(values[at] as CreditValues);
    const left = room === undefined ? offered : room - (shares[at] as bigint);
    const given = left < offered ? left : offered;
    shares[at] = (shares[at] as bigint) + given;
    rest -= given;
  };
  for (const { creditReference, tokenProportion } of device.values(account).tokenGatewayConfiguration) {
    const at = credits.findIndex(({ instance }) => instance === creditReference);
    if (at >= 0) give(at, (payment * BigInt(tokenProportion)) / 100n);
  }
  const isUsed = ({ creditStatus }: CreditValues): boolean =>
    creditStatus === CreditStatus.inUse || creditStatus === CreditStatus.exhausted;
  const fromLowest = [...values.keys()].reverse().filter((at) => receivesTokens(values[at] as CreditValues));
  const first = fromLowest.find((at) => isUsed(values[at] as CreditValues));
  if (first !== undefined) give(first, rest);
  for (const at of fromLowest) give(at, rest);
  if (rest > 0n) throw refuse("other-reason", `no credit takes ${rest} of the token's ${payment}`);
  return shares;
}

const isEmergency = ({ creditType }: CreditValues): boolean => creditType === CreditType.emergencyCredit;

/** The maximum amount that a credit accepts: for emergency credit the amount to be paid back, for others no limit (undefined). */
const roomOf = (values: CreditValues): bigint | undefined => (isEmergency(values) ? paybackOf(values) : undefined);

const receivesTokens = (values: CreditValues): boolean =>
  isEmergency(values) || bit(values.creditConfiguration, CreditConfiguration.receivesTokens);

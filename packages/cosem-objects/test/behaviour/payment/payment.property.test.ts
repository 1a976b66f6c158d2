import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aMeter } from "./a-prepayment.ts";

const minute = 60_000;

type Step =
  | { readonly do: "consume" | "run" | "no power" | "clock"; readonly by: number }
  | { readonly do: "token"; readonly by: number };

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("consume" as const), by: fc.integer({ min: 0, max: 9000 }) }),
    fc.record({ do: fc.constantFrom("run" as const, "no power" as const), by: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ do: fc.constant("clock" as const), by: fc.integer({ min: -200, max: 200 }) }),
    fc.record({ do: fc.constant("token" as const), by: fc.integer({ min: 1, max: 3000 }) }),
  ),
  { minLength: 5, maxLength: 40, size: "max" },
);

const given = fc.record({
  credit: fc.integer({ min: 0, max: 2000 }),
  price: fc.record({
    // All that is consumed costs less than a double-long holds.
    value: fc.integer({ min: 0, max: 500 }),
    scale: fc.integer({ min: -5, max: -1 }),
    per: fc.integer({ min: 0, max: 4 }),
  }),
  standing: fc.record({ value: fc.integer({ min: 0, max: 900 }), period: fc.constantFrom(600, 900, 3600, 86_400) }),
  emergency: fc.record({ amount: fc.integer({ min: 0, max: 400 }), confirmation: fc.boolean() }),
  debt: fc.record({ amount: fc.integer({ min: 0, max: 2000 }), proportion: fc.integer({ min: 0, max: 10_000 }) }),
});

/** A meter, and what the same life of another one comes to by plain arithmetic. */
function live(options: Parameters<typeof aMeter>[0] & { standing: { period: number } }, all: readonly Step[]) {
  const meter = aMeter(options);
  const { life, consume, enter, tokenCredit, emergencyCredit, consumption, standingCharge, debtCharge } = meter;
  life.until("2026-03-01 00:05");
  let [toppedUp, consumed] = [0, 0];
  const paid = () => [consumption, standingCharge, debtCharge].map((one) => one?.values.totalAmountPaid ?? 0);
  for (const [index, step] of all.entries()) {
    const before = paid();
    const to = life.text(life.context.now + step.by * minute);
    if (step.do === "consume") {
      consume(step.by);
      consumed += step.by;
      // Some of it is collected before more is consumed.
      life.until(life.context.now + (step.by % 30) * minute);
    }
    if (step.do === "run") life.until(to);
    if (step.do === "no power") life.noPowerUntil(to);
    if (step.do === "clock") life.setClock(to);
    if (step.do === "token" && enter(`${index + 1} ${step.by}`) === 3) toppedUp += step.by;
    // Nothing is given back.
    for (const [at, sum] of paid().entries()) expect(sum).toBeGreaterThanOrEqual(before[at] as number);
  }
  // The end of a period of each, so that everything is collected.
  life.until(life.at("2026-03-11 00:00"));
  const credits = [tokenCredit, emergencyCredit].flatMap((one) => (one === undefined ? [] : [one.values]));
  const charges = [consumption, standingCharge, debtCharge].flatMap((one) => (one === undefined ? [] : [one.values]));
  return { ...meter, credits, charges, toppedUp, consumed };
}

describe("a prepayment meter, whatever happens to it", () => {
  it("property: money is conserved to the unit", () => {
    fc.assert(
      fc.property(given, steps, (options, all) => {
        const { credits, charges, toppedUp } = live(options, all);
        const lent = credits.reduce((sum, { state, ...one }) => sum + (state?.given ? one.presetCreditAmount : 0), 0);
        // Emergency credit is the second; the token credit's preset is 0.
        const left = credits.reduce((sum, { currentCreditAmount }) => sum + currentCreditAmount, 0);
        const collected = charges.reduce((sum, { totalAmountPaid }) => sum + totalAmountPaid, 0);
        const clipped = charges.reduce((sum, { state }) => sum + Number(state?.waiting ?? 0), 0);
        expect(options.credit + toppedUp + lent).toBe(left + collected + clipped);
        expect(clipped).toBe(0);
        const [, , debt] = charges;
        expect((debt?.totalAmountPaid ?? 0) + (debt?.totalAmountRemaining ?? 0)).toBe(options.debt.amount);
      }),
      { numRuns: 25 },
    );
  });

  it("property: each unit and each period is collected once, over power failures and clocks that are set", () => {
    fc.assert(
      fc.property(given, steps, (options, all) => {
        const { charges, consumed, life } = live(options, all);
        const [consumption, standing] = charges;
        const units = BigInt(consumed) / 10n ** BigInt(options.price.per);
        const scale = options.price.scale + 2;
        const exact = units * BigInt(options.price.value);
        const cents = scale >= 0 ? exact * 10n ** BigInt(scale) : exact / 10n ** BigInt(-scale);
        expect(BigInt(consumption?.totalAmountPaid ?? -1)).toBe(cents);
        // From its activation, one second after the beginning, to the end.
        const periods = Math.floor(
          (life.at("2026-03-11 00:00") - life.at("2026-03-01 00:00") - 1000) / 1000 / options.standing.period,
        );
        const price = BigInt(options.standing.value) * BigInt(periods);
        const sum = scale >= 0 ? price * 10n ** BigInt(scale) : price / 10n ** BigInt(-scale);
        expect(BigInt(standing?.totalAmountPaid ?? -1)).toBe(sum);
      }),
      { numRuns: 25 },
    );
  });
});

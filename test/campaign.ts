const factor = Number(process.env.DLMSKIT_CAMPAIGN ?? 1);
if (!Number.isFinite(factor) || factor <= 0) {
  throw new Error(`DLMSKIT_CAMPAIGN is not a factor: ${process.env.DLMSKIT_CAMPAIGN}`);
}

/**
 * How often a campaign does what it does: as often as `npm test` does it, by the factor DLMSKIT_CAMPAIGN (1 when unset).
 * Runs of properties, altered inputs, kills, meters of a fleet: every length that may be longer comes from here.
 */
export function times(count: number): number {
  return Math.max(1, Math.round(count * factor));
}

/** Whether tests that are long and seldom tell more than others run as well: with a factor of 2 or more, as in CI. */
export const isLong = factor >= 2;

/** How long a test may take, ms: far above what any needs on a busy machine. It is there to end what hangs. */
export const patience = 600_000 * Math.max(1, factor);

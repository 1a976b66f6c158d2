/**
 * A clock that all processes of this machine share, ms. It is the one from which a simulator with these options takes its time: the time of day,
 * unless the simulated time begins at another time or passes faster.
 */
export function sharedClock({ start, speed = 1 }: { readonly start?: number; readonly speed?: number }): () => number {
  if (start === undefined && speed === 1) return Date.now;
  return () => Number(process.hrtime.bigint()) / 1e6;
}

import type { Random } from "@dlmskit/security";
import type { Limits } from "../limits.ts";

interface Failures {
  count: number;
  /** ms on the machine's clock. */
  lockedUntil: number;
  last: number;
}

// How many sources are remembered; the one that failed longest ago is forgotten first.
const mostSources = 10_000;

/**
 * Failed authentications by source and association. A source that failed too often waits; the same client from elsewhere does
 * not, so that nobody can lock the rightful client out. Only secrets that can be guessed count.
 */
export class Lockouts {
  readonly #limits: Limits;
  readonly #failures = new Map<string, Failures>();
  /** What nobody can know: it stands in place of the secret for a source that is locked out, so that its answers are those to a wrong secret. */
  readonly unknowable: Uint8Array;

  constructor(limits: Limits, random: Random) {
    this.#limits = limits;
    this.unknowable = random(16);
  }

  locked(source: string, now: number): boolean {
    return (this.#failures.get(source)?.lockedUntil ?? 0) > now;
  }

  /** One more failure; gives until when (ms on the machine's clock) the source is locked out, undefined: it is not. */
  failed(source: string, now: number): number | undefined {
    const { failedAuthentications, lockout, longestLockout } = this.#limits;
    const known = this.#failures.get(source);
    // Who has waited long enough begins again.
    const fresh = known === undefined || now - known.last > 10 * longestLockout;
    const failures = fresh ? { count: 0, lockedUntil: 0, last: now } : known;
    failures.count++;
    failures.last = now;
    this.#failures.delete(source);
    if (this.#failures.size >= mostSources) this.#forget(now);
    this.#failures.set(source, failures);
    if (failures.count < failedAuthentications) return undefined;
    const doubled = lockout * 2 ** Math.min(20, failures.count - failedAuthentications);
    failures.lockedUntil = now + Math.min(longestLockout, doubled);
    return failures.lockedUntil;
  }

  /** The one that failed longest ago and is not locked out; where all are, the one that failed longest ago. */
  #forget(now: number): void {
    for (const [source, { lockedUntil }] of this.#failures) {
      if (lockedUntil > now) continue;
      this.#failures.delete(source);
      return;
    }
    this.#failures.delete(this.#failures.keys().next().value as string);
  }

  succeeded(source: string): void {
    this.#failures.delete(source);
  }
}

/**
 * Where a client comes from, as failed authentications count: the host, of IPv6 its network of 64 bits, since one client has all
 * addresses of that.
 */
export function sourceOf(remote: string): string {
  const host = remote.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  if (!host.includes(":")) return host;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = (host.split("%")[0] as string).split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const [before, behind] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - behind.length) }, () => "0");
  return `${[...before, ...zeros, ...behind].slice(0, 4).join(":")}::/64`;
}

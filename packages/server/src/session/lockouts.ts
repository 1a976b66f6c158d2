import type { Random } from "@dlmskit/security";
import type { Limits } from "../limits.ts";

interface Failures {
  count: number;
  /** ms on the machine's clock. */
  lockedUntil: number;
  last: number;
}

// Maximum number of recorded sources. The source with the oldest failure is removed first.
const mostSources = 10_000;

/**
 * Failed authentications by source and association. A source that failed too often must wait. The same client from another source
 * need not, so that nobody can lock out the rightful client. Only failures with secrets that can be guessed count.
 */
export class Lockouts {
  readonly #limits: Limits;
  readonly #failures = new Map<string, Failures>();
  /** A random value that replaces the secret for a locked-out source, so that the source gets the answers for a wrong secret. */
  readonly unknowable: Uint8Array;

  constructor(limits: Limits, random: Random) {
    this.#limits = limits;
    this.unknowable = random(16);
  }

  locked(source: string, now: number): boolean {
    return (this.#failures.get(source)?.lockedUntil ?? 0) > now;
  }

  /** Counts a failure. Returns the end of the lock-out of the source (ms on the machine's clock); undefined: it is not locked out. */
  failed(source: string, now: number): number | undefined {
    const { failedAuthentications, lockout, longestLockout } = this.#limits;
    const known = this.#failures.get(source);
    // A source that has waited long enough starts again at zero.
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

  /** Removes the source with the oldest failure that is not locked out; if all are locked out, the one with the oldest failure. */
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
 * The source of a client for counting failed authentications: its host or, for IPv6, its 64-bit network, because one client has all
 * addresses of that network.
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

import { fromHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { patience } from "../../../test/campaign.ts";
import { CounterGuard, CounterLedger, type CryptoProvider, noble, Protection, verifyResponse } from "../src/index.ts";
import { node } from "../src/node.ts";

// Two buffers with the same octets, or two call sites, differ by t = 30 to 120 here: where they lie in memory and how they were
// compiled. So there is one buffer and one function, and only an octet of it changes, outside of what is timed.
const tries = 5;
const samples = 20_000;
const limit = 4.5;

/** Welch's t of two samples, signed, without the slowest twentieth of both: what a busy machine puts in. */
function welch(one: readonly number[], other: readonly number[]): number {
  const both = Float64Array.from([...one, ...other]).sort();
  const most = both[Math.floor(both.length * 0.95)] as number;
  const [a, b] = [moments(one, most), moments(other, most)];
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
}

function moments(all: readonly number[], most: number): { mean: number; variance: number; count: number } {
  const kept = all.filter((sample) => sample <= most);
  const mean = kept.reduce((sum, sample) => sum + sample, 0) / kept.length;
  const variance = kept.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / (kept.length - 1);
  return { mean, variance, count: kept.length };
}

/** t between the times of `run` with the one octet of the buffer wrong and with the other, in a random order. */
function once(buffer: Uint8Array, one: number, other: number, batch: number, run: () => unknown): number {
  const times: readonly [number[], number[]] = [[], []];
  for (let sample = -samples / 10; sample < samples; sample++) {
    const which = Math.random() < 0.5 ? 0 : 1;
    const at = which === 0 ? one : other;
    buffer[at] = (buffer[at] as number) ^ 0x5a;
    const from = process.hrtime.bigint();
    for (let round = 0; round < batch; round++) run();
    const time = Number(process.hrtime.bigint() - from);
    buffer[at] = (buffer[at] as number) ^ 0x5a;
    if (sample >= 0) times[which].push(time);
  }
  return welch(times[0], times[1]);
}

/**
 * The median of the signed t of a fixed number of tries, 10^5 samples in all. A single try strays beyond the limit on a busy
 * machine, to either side and for equal inputs, too; a leak has one sign in all of them.
 */
function measured(buffer: Uint8Array, one: number, other: number, batch: number, run: () => unknown): number {
  const all = Array.from({ length: tries }, () => once(buffer, one, other, batch, run));
  return Math.abs(all.sort((a, b) => a - b)[(tries - 1) / 2] as number);
}

const secret = Uint8Array.from({ length: 64 }, (_, at) => (at * 7 + 1) & 0xff);
const patient = { timeout: patience };

describe.each([noble, node])("S34 with $name: the time does not tell where", (provider: CryptoProvider) => {
  it("a secret is wrong", patient, () => {
    const given = secret.slice();
    expect(measured(given, 0, 63, 10, () => provider.sameSecret(secret, given))).toBeLessThan(limit);
  });

  // These two hold the whole way, hash and cipher with it: a comparison of 16 octets that stops early (tried) is lost in that,
  // so they would show a coarse leak alone. The comparison itself is measured above, and there it shows.
  it("an HLS response is wrong", patient, () => {
    const cToS = secret.subarray(0, 16);
    const sToC = secret.subarray(16, 32);
    const response = provider.hash("md5", Uint8Array.of(...cToS, ...secret));
    const options = { mechanism: 3, provider, role: "client", cToS, sToC, secret, response } as const;
    expect(verifyResponse(options)).toBe(true);
    expect(measured(response, 0, 15, 2, () => verifyResponse(options))).toBeLessThan(limit);
  });

  it("an authentication tag is wrong", patient, () => {
    const keys = { encryptionKey: secret.subarray(0, 16), authenticationKey: secret.subarray(16, 32) };
    const counters = new CounterLedger({ start: 0 });
    counters.reserved(10);
    const titles = [fromHex("4d4d4d0000bc614e"), fromHex("4d4d4d0000000001")] as const;
    const of = (systemTitle: Uint8Array, peerSystemTitle: Uint8Array) =>
      new Protection({ provider, suite: 0, keys, systemTitle, peerSystemTitle, counters, replay: new CounterGuard() });
    const how = { form: "glo", authenticated: true, encrypted: true } as const;
    const sealed = of(titles[0], titles[1]).seal(fromHex("c001c100010000600100ff0200"), how);
    const receiver = of(titles[1], titles[0]);
    const refuse = () => {
      try {
        receiver.open(sealed);
      } catch {
        return;
      }
      throw new Error("it was opened");
    };
    expect(measured(sealed, sealed.length - 12, sealed.length - 1, 1, refuse)).toBeLessThan(limit);
  });
});

describe("S34: the measure", () => {
  it("finds nothing between equal inputs", patient, () => {
    const given = secret.slice();
    expect(measured(given, 7, 7, 10, () => node.sameSecret(secret, given))).toBeLessThan(limit);
  });

  it("sees a comparison of as many octets that stops at the first difference", patient, () => {
    const naive = (one: Uint8Array, other: Uint8Array) => {
      for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
      return true;
    };
    const given = secret.slice();
    expect(measured(given, 0, 63, 10, () => naive(secret, given))).toBeGreaterThan(limit);
  });
});

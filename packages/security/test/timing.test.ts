import { fromHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { CounterGuard, CounterLedger, type CryptoProvider, noble, Protection, verifyResponse } from "../src/index.ts";
import { node } from "../src/node.ts";

/** Welch's t of two samples, without the slowest twentieth of both: what a busy machine puts in. */
function welch(one: Float64Array, other: Float64Array): number {
  const both = Float64Array.from([...one, ...other]).sort();
  const most = both[Math.floor(both.length * 0.95)] as number;
  const [a, b] = [moments(one, most), moments(other, most)];
  return Math.abs(a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
}

function moments(samples: Float64Array, most: number): { mean: number; variance: number; count: number } {
  const kept = samples.filter((sample) => sample <= most);
  const mean = kept.reduce((sum, sample) => sum + sample, 0) / kept.length;
  const variance = kept.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / (kept.length - 1);
  return { mean, variance, count: kept.length };
}

/** t between the times of two things done in turns, in a random order, so that what drifts meets both. */
function compare(one: () => unknown, other: () => unknown, rounds: number, batch: number): number {
  const samples = [new Float64Array(rounds), new Float64Array(rounds)] as const;
  const timed = (run: () => unknown): number => {
    const from = process.hrtime.bigint();
    for (let at = 0; at < batch; at++) run();
    return Number(process.hrtime.bigint() - from);
  };
  for (let round = -rounds / 10; round < rounds; round++) {
    const first = Math.random() < 0.5;
    const a = first ? timed(one) : undefined;
    const b = timed(other);
    const time = a ?? timed(one);
    if (round < 0) continue;
    samples[0][round] = time;
    samples[1][round] = b;
  }
  return welch(samples[0], samples[1]);
}

/** The least of some tries: a leak shows in every one, a neighbour on the machine in some. */
function least(one: () => unknown, other: () => unknown, rounds = 4000, batch = 20): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 6 && lowest >= 4.5; attempt++) {
    lowest = Math.min(lowest, compare(one, other, rounds, batch));
  }
  return lowest;
}

const wrongAt = (octets: Uint8Array, at: number): Uint8Array => {
  const other = octets.slice();
  other[at] = (other[at] as number) ^ 0x5a;
  return other;
};

describe.each([noble, node])("S34 with $name: the time does not tell where", (provider: CryptoProvider) => {
  const secret = Uint8Array.from({ length: 64 }, (_, at) => (at * 7 + 1) & 0xff);

  it("a secret is wrong", { timeout: 60_000 }, () => {
    const [first, last] = [wrongAt(secret, 0), wrongAt(secret, 63)];
    expect(
      least(
        () => provider.sameSecret(secret, first),
        () => provider.sameSecret(secret, last),
      ),
    ).toBeLessThan(4.5);
  });

  it("an HLS response is wrong", { timeout: 60_000 }, () => {
    const cToS = secret.subarray(0, 16);
    const sToC = secret.subarray(16, 32);
    const right = provider.hash("md5", Uint8Array.of(...cToS, ...secret));
    const verify = (response: Uint8Array) =>
      verifyResponse({ mechanism: 3, provider, role: "client", cToS, sToC, secret, response });
    expect(verify(right)).toBe(true);
    const [first, last] = [wrongAt(right, 0), wrongAt(right, 15)];
    expect(
      least(
        () => verify(first),
        () => verify(last),
        2000,
        5,
      ),
    ).toBeLessThan(4.5);
  });

  it("an authentication tag is wrong", { timeout: 60_000 }, () => {
    const keys = { encryptionKey: secret.subarray(0, 16), authenticationKey: secret.subarray(16, 32) };
    const counters = new CounterLedger({ start: 0 });
    counters.reserved(10);
    const titles = [fromHex("4d4d4d0000bc614e"), fromHex("4d4d4d0000000001")] as const;
    const of = (systemTitle: Uint8Array, peerSystemTitle: Uint8Array) =>
      new Protection({ provider, suite: 0, keys, systemTitle, peerSystemTitle, counters, replay: new CounterGuard() });
    const sealed = of(titles[0], titles[1]).seal(fromHex("c001c100010000600100ff0200"), {
      form: "glo",
      authenticated: true,
      encrypted: true,
    });
    const receiver = of(titles[1], titles[0]);
    const refuse = (octets: Uint8Array) => {
      try {
        receiver.open(octets);
      } catch {
        return;
      }
      throw new Error("it was opened");
    };
    const [first, last] = [wrongAt(sealed, sealed.length - 12), wrongAt(sealed, sealed.length - 1)];
    expect(
      least(
        () => refuse(first),
        () => refuse(last),
        2000,
        5,
      ),
    ).toBeLessThan(4.5);
  });
});

it("S34: the measure sees a comparison that stops at the first difference", { timeout: 60_000 }, () => {
  const secret = new Uint8Array(512).fill(7);
  const naive = (one: Uint8Array, other: Uint8Array) => {
    for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
    return true;
  };
  const [first, last] = [wrongAt(secret, 0), wrongAt(secret, 511)];
  expect(
    least(
      () => naive(secret, first),
      () => naive(secret, last),
    ),
  ).toBeGreaterThan(4.5);
});

import { Fault } from "@dlmskit/core";
import type { CryptoProvider, Random } from "./provider.ts";

/** A challenge has 8 to 64 octets. Green Book 9.2.7.4. */
export const challengeLength = { least: 8, most: 64 } as const;

/** Fault `bad-challenge` unless the length is valid for a challenge. */
export function checkChallenge(challenge: Uint8Array): void {
  const { least, most } = challengeLength;
  if (challenge.length < least || challenge.length > most) {
    throw new Fault("bad-challenge", `a challenge of ${challenge.length} octets instead of ${least} to ${most}`, {
      layer: "security",
    });
  }
}

/**
 * Checks both challenges of an association: Fault `bad-challenge` for a wrong length, `challenge-reflected` if they are equal. A
 * peer that sends a challenge back wants to get the answer to it.
 */
export function checkChallenges(provider: CryptoProvider, cToS: Uint8Array, sToC: Uint8Array): void {
  checkChallenge(cToS);
  checkChallenge(sToC);
  if (provider.sameSecret(cToS, sToC)) {
    throw new Fault("challenge-reflected", "the server's challenge is the same as the client's", { layer: "security" });
  }
}

/** Random octets from a working source. Fault `bad-random` for a wrong count or one repeated octet. */
export function fresh(random: Random, count: number): Uint8Array {
  const octets = random(count);
  if (octets.length !== count || octets.every((octet) => octet === octets[0])) {
    throw new Fault("bad-random", "the random source does not work", { layer: "security" });
  }
  return octets;
}

/** A new challenge, of 16 octets by default (suite 2: 32 or more). Faults `bad-challenge`, `bad-random`. */
export function newChallenge(random: Random, length = 16): Uint8Array {
  checkChallenge(new Uint8Array(Math.min(length, challengeLength.most + 1)));
  return fresh(random, length);
}

import { decodeApdu } from "@dlmskit/apdu";
import { concat, Fault } from "@dlmskit/core";
import { checkChallenges } from "./challenges.ts";
import { tagLength } from "./checks.ts";
import type { CounterSource } from "./counters.ts";
import { checkKey, type KeySet } from "./keys.ts";
import type { CryptoProvider, Curve } from "./provider.ts";
import type { ReplayGuard } from "./replay.ts";
import { securitySuite } from "./suites.ts";
import { checkSystemTitle, checkTitles, initializationVector } from "./system-title.ts";

/** The inputs of an authentication mechanism. Each mechanism needs only some of them. */
export interface AuthenticationContext {
  /** 2 high, 3 high-md5, 4 high-sha1, 5 high-gmac, 6 high-sha256, 7 high-ecdsa. Green Book 9.2.7.4. */
  readonly mechanism: number;
  readonly provider: CryptoProvider;
  /** Own role in the association. */
  readonly role: "client" | "server";
  readonly cToS: Uint8Array;
  readonly sToC: Uint8Array;
  /** Mechanisms 2 (an AES-128 key), 3, 4 and 6. */
  readonly secret?: Uint8Array;
  /** Mechanisms 5 and 7. Suite 0 by default; mechanism 7 needs suite 1 or 2. */
  readonly suite?: number;
  /** Mechanism 5. */
  readonly keys?: KeySet;
  /** Mechanisms 5, 6 and 7. */
  readonly ownSystemTitle?: Uint8Array;
  /** Mechanisms 5, 6 and 7. */
  readonly peerSystemTitle?: Uint8Array;
}

export interface ResponseOptions extends AuthenticationContext {
  /** Mechanism 5: the counters of the global unicast encryption key. One counter is used. */
  readonly counters?: CounterSource;
  /**
   * Mechanism 5: if true, a challenge that is an APDU is Fault `challenge-is-apdu`. The answer to such a challenge would
   * authenticate that APDU to everybody who has the same keys.
   */
  readonly strict?: boolean;
  /** Mechanism 7: own private key for digital signature. */
  readonly privateKey?: Uint8Array;
}

export interface VerifyOptions extends AuthenticationContext {
  readonly response: Uint8Array;
  /** Mechanism 5: the guard of the global unicast encryption key. It changes if the response is correct. */
  readonly replay?: ReplayGuard;
  /**
   * Mechanism 5: the lowest acceptable counter before the APDU with the response was opened (`AppliedProtection.lowest`), because
   * the counter of the response was taken before the counter of that APDU. Without it, the lowest counter of the guard is used.
   */
  readonly lowest?: number;
  /** Mechanism 7: the peer's key for digital signature. */
  readonly peerPublicKey?: Uint8Array;
}

const authenticatedOnly = 0x10;
const gmacLength = 5 + tagLength;
const none = new Uint8Array(0);

function need<T>(value: T | undefined, name: string, mechanism: number): T {
  if (value !== undefined) return value;
  throw new Fault("missing-parameter", `mechanism ${mechanism} needs ${name}`, { layer: "security" });
}

/** The titles and challenges as mechanisms 6 and 7 concatenate them, in the order of the end that answers. */
function exchanged(context: AuthenticationContext, answering: "own" | "peer"): Uint8Array {
  const { mechanism } = context;
  const own = need(context.ownSystemTitle, "the own system title", mechanism);
  const peer = need(context.peerSystemTitle, "the peer's system title", mechanism);
  checkTitles(own, peer);
  const [answered, other] = challenges(context, answering);
  return answering === "own" ? concat(own, peer, answered, other) : concat(peer, own, answered, other);
}

/** The challenge to answer, then the other challenge. A client answers StoC, a server answers CtoS. */
function challenges(context: AuthenticationContext, answering: "own" | "peer"): [Uint8Array, Uint8Array] {
  const byClient = (context.role === "client") === (answering === "own");
  return byClient ? [context.sToC, context.cToS] : [context.cToS, context.sToC];
}

/** The response of mechanisms 2, 3, 4 and 6. Both ends can compute it. Fault `unknown-mechanism` for any other mechanism. */
function digest(context: AuthenticationContext, answering: "own" | "peer"): Uint8Array {
  const { mechanism, provider } = context;
  const [answered] = challenges(context, answering);
  switch (mechanism) {
    case 2: {
      // The standard leaves this to the manufacturer. IS 15959: AES-128 of the challenge, block by block, with zeros after the key
      // and the challenge.
      const secret = need(context.secret, "a secret", mechanism);
      const key = new Uint8Array(16);
      if (secret.length > key.length) checkKey("secret of mechanism 2", secret, key.length);
      key.set(secret);
      const blocks = new Uint8Array(Math.ceil(answered.length / 16) * 16);
      blocks.set(answered);
      return provider.aesEcb(key).encrypt(blocks);
    }
    case 3:
      return provider.hash("md5", concat(answered, need(context.secret, "a secret", mechanism)));
    case 4:
      return provider.hash("sha1", concat(answered, need(context.secret, "a secret", mechanism)));
    case 6:
      return provider.hash(
        "sha256",
        concat(need(context.secret, "a secret", mechanism), exchanged(context, answering)),
      );
    default:
      throw new Fault("unknown-mechanism", `mechanism ${mechanism} has no challenge`, {
        layer: "security",
        hint: "2 to 7",
      });
  }
}

/** SC ‖ counter ‖ GMAC over SC ‖ AK ‖ challenge. Green Book 9.2.7.4 mechanism 5. */
function gmac(context: AuthenticationContext, answering: "own" | "peer", counter: () => number): Uint8Array {
  const { mechanism, provider } = context;
  const keys = need(context.keys, "keys", mechanism);
  const suite = securitySuite(context.suite ?? 0);
  checkKey("encryption key", keys.encryptionKey, suite.keyLength);
  checkKey("authentication key", keys.authenticationKey, suite.keyLength);
  const title =
    answering === "own"
      ? need(context.ownSystemTitle, "the own system title", mechanism)
      : need(context.peerSystemTitle, "the peer's system title", mechanism);
  checkSystemTitle(title);
  if (answering === "peer") checkTitles(need(context.ownSystemTitle, "the own system title", mechanism), title);
  const control = authenticatedOnly | suite.id;
  const [answered] = challenges(context, answering);
  const iv = initializationVector(title, counter());
  const additional = concat(Uint8Array.of(control), keys.authenticationKey, answered);
  return concat(
    Uint8Array.of(control),
    iv.subarray(title.length),
    provider.aesGcm(keys.encryptionKey).seal(iv, none, additional),
  );
}

function signatureCurve(context: AuthenticationContext): Curve {
  const { curve } = securitySuite(context.suite ?? 0);
  return need(curve, "security suite 1 or 2", context.mechanism);
}

function isApdu(octets: Uint8Array): boolean {
  try {
    decodeApdu(octets);
    return true;
  } catch {
    return false;
  }
}

/**
 * The answer to the peer's challenge: a client sends f(StoC), a server sends f(CtoS). Faults: `unknown-mechanism`, `bad-challenge`,
 * `challenge-reflected`, `missing-parameter`, `bad-key-length`, `bad-system-title`, `own-system-title`, `challenge-is-apdu`,
 * `bad-private-key`, and those of the counters.
 */
export function challengeResponse(options: ResponseOptions): Uint8Array {
  const { mechanism, provider } = options;
  checkChallenges(provider, options.cToS, options.sToC);
  switch (mechanism) {
    case 5: {
      const counters = need(options.counters, "invocation counters", mechanism);
      if (options.strict && isApdu(challenges(options, "own")[0])) {
        throw new Fault("challenge-is-apdu", "the challenge is an APDU, which an answer would authenticate", {
          layer: "security",
        });
      }
      return gmac(options, "own", () => counters.next());
    }
    case 7: {
      const key = need(options.privateKey, "a signing key", mechanism);
      return provider.ecdsaSign(signatureCurve(options), key, exchanged(options, "own"));
    }
    default:
      return digest(options, "own");
  }
}

/**
 * Whether the response is the peer's correct answer to this end's own challenge. For mechanism 5 the tag must be correct first, then
 * the counter must be unused. Only then does the guard change. Faults as for `challengeResponse`, and `bad-public-key`.
 */
export function verifyResponse(options: VerifyOptions): boolean {
  const { mechanism, provider, response } = options;
  checkChallenges(provider, options.cToS, options.sToC);
  switch (mechanism) {
    case 5:
      return verifyGmac(options);
    case 7: {
      const key = need(options.peerPublicKey, "the peer's public key", mechanism);
      return provider.ecdsaVerify(signatureCurve(options), key, exchanged(options, "peer"), response);
    }
    default:
      return provider.sameSecret(digest(options, "peer"), response);
  }
}

function verifyGmac(options: VerifyOptions): boolean {
  const { mechanism, provider, response } = options;
  const replay = need(options.replay, "a replay guard", mechanism);
  if (response.length !== gmacLength) return false;
  const counter = new DataView(response.buffer, response.byteOffset, response.length).getUint32(1);
  if (
    !provider.sameSecret(
      gmac(options, "peer", () => counter),
      response,
    )
  )
    return false;
  if (counter < (options.lowest ?? replay.lowest)) return false;
  if (replay.check(counter)) replay.accept(counter);
  return true;
}

import {
  type Aarq,
  type AcseServiceProviderDiagnosticName,
  type AcseServiceUserDiagnosticName,
  decodeApdu,
  encodeApdu,
  type ResultSourceDiagnostic,
} from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import { type CryptoProvider, challengeLength, newChallenge, type Random, systemTitleLength } from "@dlmskit/security";
import type { Offer } from "../offer.ts";
import { exceptionFor } from "../refusals.ts";
import type { Referencing } from "../services/service.ts";
import { type Initiated, InitiateRefused, initiate } from "./initiate.ts";
import { contextName, leastSecretLength, mechanismName, needsTitles } from "./names.ts";

export interface HandshakeOptions {
  readonly offer: Offer | undefined;
  /** Nothing is offered only at the moment: the client may try again. */
  readonly busy?: boolean | undefined;
  readonly provider: CryptoProvider;
  readonly random: Random;
}

/** The result of an AARQ. Without `initiated` the AARQ was refused; `fault` is the reason. */
export interface HandshakeAnswer {
  /** The AARE, or the exception-response with the expected counter. Absent: the client requests no answer. */
  readonly aare?: Uint8Array;
  readonly initiated?: Initiated;
  /** Mechanisms 2 to 7: the challenges that are not yet answered. */
  readonly challenges?: { readonly cToS: Uint8Array; readonly sToC: Uint8Array };
  readonly fault?: Fault;
  /** The AARQ could not be decoded: an open association stays open. */
  readonly malformed?: true;
}

class Rejected extends Error {
  readonly diagnostic: ResultSourceDiagnostic;
  readonly userInformation: Uint8Array | undefined;
  readonly fault: Fault;

  constructor(diagnostic: ResultSourceDiagnostic, fault: Fault, userInformation?: Uint8Array) {
    super(fault.message);
    this.diagnostic = diagnostic;
    this.fault = fault;
    this.userInformation = userInformation;
  }
}

/** Fault `authentication-failed` for a wrong proof of the client, otherwise `association-refused`; the detail is the diagnostic. */
function user(diagnostic: AcseServiceUserDiagnosticName, message: string): Rejected {
  const code = diagnostic === "authentication-failure" ? "authentication-failed" : "association-refused";
  return new Rejected(
    { source: "acse-service-user", diagnostic },
    new Fault(code, `${diagnostic}: ${message}`, { layer: "association", detail: diagnostic }),
  );
}

function provider(diagnostic: AcseServiceProviderDiagnosticName, message: string): Rejected {
  return new Rejected(
    { source: "acse-service-provider", diagnostic },
    new Fault("association-refused", `${diagnostic}: ${message}`, { layer: "association", detail: diagnostic }),
  );
}

/** Answers an AARQ (passes 1 and 2). It never throws a Fault; the answer contains the error. Green Book 9.4.4. */
export function answerAarq(pdu: Uint8Array, options: HandshakeOptions): HandshakeAnswer {
  let aarq: Aarq;
  const reject = (rejected: Rejected, asked?: Aarq): Uint8Array => rejection(rejected, options, asked);
  try {
    aarq = decodeApdu(pdu) as Aarq;
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    const rejected = new Rejected({ source: "acse-service-user", diagnostic: "no-reason-given" }, caught);
    return { aare: reject(rejected), fault: caught, malformed: true };
  }
  try {
    return accept(aarq, options);
  } catch (caught) {
    const rejected =
      caught instanceof InitiateRefused
        ? new Rejected({ source: "acse-service-user", diagnostic: "no-reason-given" }, caught.fault, caught.answer)
        : caught instanceof Fault
          ? new Rejected({ source: "acse-service-user", diagnostic: "no-reason-given" }, caught)
          : caught;
    if (!(rejected instanceof Rejected)) throw caught;
    // Without the expected counter the client cannot continue, and an AARE has no field for it.
    if (rejected.fault.code === "invocation-counter") {
      return { aare: encodeApdu(exceptionFor(rejected.fault)), fault: rejected.fault };
    }
    return { aare: reject(rejected, aarq), fault: rejected.fault };
  }
}

const referencings: readonly Referencing[] = ["logical-name", "short-name"];

/** The referencing that the client requests; undefined if the AARQ names no context of COSEM. */
function askedReferencing({ applicationContextName: name }: Aarq): Referencing | undefined {
  return referencings.find((one) => name === contextName(one, false) || name === contextName(one, true));
}

/** The context in the answer: the offered context, or the client's own context if there is no offer. */
function rejection(
  { diagnostic, userInformation }: Rejected,
  { offer, busy }: HandshakeOptions,
  asked: Aarq | undefined,
): Uint8Array {
  const own = (asked && askedReferencing(asked)) ?? "logical-name";
  const referencing = offer === undefined || offer.context === "either" ? own : offer.context;
  const ciphered = offer?.ciphered ?? asked?.applicationContextName === contextName(own, true);
  return encodeApdu({
    apdu: "aare",
    applicationContextName: contextName(referencing, ciphered),
    result: offer === undefined && busy === true ? "rejected-transient" : "rejected-permanent",
    resultSourceDiagnostic: diagnostic,
    ...(userInformation === undefined ? {} : { userInformation }),
  });
}

function accept(aarq: Aarq, { offer, busy, provider: crypto, random }: HandshakeOptions): HandshakeAnswer {
  if (aarq.protocolVersion?.startsWith("1") === false) {
    throw provider("no-common-acse-version", "the client does not offer protocol version 1");
  }
  if (offer === undefined) {
    throw user(
      "no-reason-given",
      busy === true ? "all associations are in use" : "this client may not open an association here",
    );
  }
  const offered = referencings.filter((one) => offer.context === one || offer.context === "either");
  const context = offered.find((one) => aarq.applicationContextName === contextName(one, offer.ciphered));
  if (context === undefined) {
    const names = offered.map((one) => contextName(one, offer.ciphered)).join(" or ");
    throw user(
      "application-context-name-not-supported",
      `the client asks for ${aarq.applicationContextName}; this association allows ${names}`,
    );
  }
  const clientTitle = callingTitle(aarq, offer);
  const userId = aarq.callingAeInvocationId;
  if (offer.users !== undefined && (userId === undefined || !offer.users.includes(userId))) {
    throw user("calling-ae-invocation-identifier-not-recognized", `user ${userId ?? "none"}`);
  }
  const cToS = authenticate(aarq, offer, crypto);
  const asked = { context, clientTitle, userId };
  const initiated = initiate(aarq.userInformation, offer, { provider: crypto, random }, asked);
  if (!initiated.negotiated.confirmed) return { initiated };
  const challenges = cToS === undefined ? undefined : { cToS, sToC: ownChallenge(random, crypto, cToS, offer) };
  const aare = encodeApdu({
    apdu: "aare",
    applicationContextName: contextName(context, offer.ciphered),
    result: "accepted",
    resultSourceDiagnostic: {
      source: "acse-service-user",
      diagnostic: challenges === undefined ? "null" : "authentication-required",
    },
    ...(needsTitles(offer.ciphered, offer.mechanism) && offer.security !== undefined
      ? { respondingApTitle: offer.security.systemTitle }
      : {}),
    ...(challenges === undefined
      ? {}
      : {
          responderAcseRequirements: { authentication: true },
          mechanismName: mechanismName(offer.mechanism),
          respondingAuthenticationValue: { choice: "charstring" as const, value: challenges.sToC },
        }),
    userInformation: initiated.response(),
  });
  return { aare, initiated, ...(challenges === undefined ? {} : { challenges }) };
}

/** The client's system title, if one is used. */
function callingTitle({ callingApTitle: title }: Aarq, offer: Offer): Uint8Array | undefined {
  if (!needsTitles(offer.ciphered, offer.mechanism)) return undefined;
  const { security } = offer;
  if (title === undefined) {
    throw user(
      "calling-ap-title-not-recognized",
      "the AARQ has no calling-AP-title: the client's system title is needed",
    );
  }
  if (title.length !== systemTitleLength) {
    throw user(
      "calling-ap-title-not-recognized",
      `the client's system title does not have ${systemTitleLength} octets`,
    );
  }
  const expected = security?.peerSystemTitle;
  if (
    (security !== undefined && sameOctets(title, security.systemTitle)) ||
    (expected !== undefined && !sameOctets(title, expected))
  ) {
    throw user("calling-ap-title-not-recognized", "the system title is not the one that is known for this client");
  }
  return title.slice();
}

/** Pass 1. Returns the client's challenge for mechanisms that have one. */
function authenticate(aarq: Aarq, offer: Offer, crypto: CryptoProvider): Uint8Array | undefined {
  const { mechanism } = offer;
  const { senderAcseRequirements, mechanismName: name, callingAuthenticationValue: value } = aarq;
  if (mechanism === 0) {
    // An AARQ without a mechanism, or with the lowest one, has no authentication, even if other fields are present.
    if (name === undefined || name === "lowest") return undefined;
    throw user(
      "authentication-mechanism-name-not-recognised",
      `the client asks for ${name}; this association allows none`,
    );
  }
  if (senderAcseRequirements?.authentication !== true) {
    throw user("authentication-required", "the AARQ does not request the functional unit authentication");
  }
  if (name === undefined) throw user("authentication-mechanism-name-required", "the AARQ names no mechanism");
  if (name !== mechanismName(mechanism)) {
    throw user(
      "authentication-mechanism-name-not-recognised",
      `the client asks for ${name}; this association allows ${mechanismName(mechanism)}`,
    );
  }
  if (value === undefined || value.choice !== "charstring") {
    throw user("authentication-failure", "the authentication value does not have the form that COSEM uses");
  }
  if (offer.shortSecrets !== true && (offer.secret?.length ?? 0) < leastSecretLength(mechanism)) {
    // A secret of this length can be guessed in a few attempts.
    throw user(
      "authentication-failure",
      `the server's secret for this client has fewer than ${leastSecretLength(mechanism)} octets`,
    );
  }
  if (mechanism === 1) {
    if (offer.secret === undefined || !crypto.sameSecret(offer.secret, value.value)) {
      throw user("authentication-failure", "wrong password");
    }
    return undefined;
  }
  const { least, most } = challengeLength;
  if (value.value.length < least || value.value.length > most) {
    throw user("authentication-failure", `a challenge of ${value.value.length} octets instead of ${least} to ${most}`);
  }
  return value.value.slice();
}

/** A challenge that differs from that of the client. */
function ownChallenge(random: Random, crypto: CryptoProvider, cToS: Uint8Array, offer: Offer): Uint8Array {
  const sToC = newChallenge(random, offer.security?.suite === 2 ? 32 : 16);
  if (crypto.sameSecret(cToS, sToC))
    throw user("authentication-failure", "the challenges of client and server are equal");
  return sToC;
}

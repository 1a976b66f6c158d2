import {
  type ActionRequest,
  type ApduLike,
  type Data,
  encodeApdu,
  type ReadRequest,
  type WriteRequest,
} from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type CryptoProvider, challengeResponse, verifyResponse } from "@dlmskit/security";
import type { Negotiated, Offer } from "../offer.ts";
import { peerKeysOf, privateKeysOf } from "../protection/protections.ts";
import { echo } from "../transfer/port.ts";
import { associationClass, currentAssociation, replyToHlsAuthentication, replyToHlsShortName } from "./names.ts";

/** reply_to_HLS_authentication, in any of the forms in which a client can invoke it. */
export interface Pass3 {
  /** f(StoC); undefined if the parameter is not an octet-string. */
  readonly response: Uint8Array | undefined;
  /** The answer that carries f(CtoS). */
  succeeded(value: Uint8Array): ApduLike;
  failed(result: "read-write-denied" | "other-reason"): Uint8Array;
}

/** The invocation of reply_to_HLS_authentication of this association in the APDU; undefined if the APDU is another request. */
export function pass3Of(
  apdu: { readonly apdu: string },
  context: Negotiated["context"],
  offer: Offer,
): Pass3 | undefined {
  if (context === "short-name") {
    const parameter = shortNameParameter(apdu as ReadRequest | WriteRequest);
    return parameter && byShortName(octetsOf(parameter));
  }
  if (apdu.apdu !== "action-request-normal") return undefined;
  const invoked = apdu as Extract<ActionRequest, { apdu: "action-request-normal" }>;
  const { method, parameters } = invoked;
  const isCurrent = method.instanceId === currentAssociation || method.instanceId === offer.associationInstance;
  const isReply = method.classId === associationClass && method.methodId === replyToHlsAuthentication;
  return isCurrent && isReply ? byLogicalName(invoked, octetsOf(parameters)) : undefined;
}

const octetsOf = (data: Data | undefined): Uint8Array | undefined =>
  data?.type === "octet-string" ? data.value : undefined;

function byLogicalName(
  invoked: Extract<ActionRequest, { apdu: "action-request-normal" }>,
  response: Uint8Array | undefined,
): Pass3 {
  const answer = { apdu: "action-response-normal", ...echo(invoked) } as const;
  return {
    response,
    succeeded: (value) => ({
      ...answer,
      result: "success",
      returnParameters: { data: { type: "octet-string", value } },
    }),
    failed: (result) => encodeApdu({ ...answer, result }),
  };
}

/** The parameter of a Read of the method, or of a Write, as Gurux clients invoke it. */
function shortNameParameter(apdu: ReadRequest | WriteRequest): Data | undefined {
  if (apdu.apdu !== "read-request" && apdu.apdu !== "write-request") return undefined;
  const [only, ...others] = apdu.variables;
  if (only === undefined || others.length > 0) return undefined;
  if (apdu.apdu === "write-request") return only.variableName === replyToHlsShortName ? apdu.data[0] : undefined;
  const { parameterizedAccess } = only;
  return parameterizedAccess?.variableName === replyToHlsShortName ? parameterizedAccess.parameter : undefined;
}

/** Both forms are answered by a ReadResponse, because a WriteResponse cannot carry f(CtoS). */
function byShortName(response: Uint8Array | undefined): Pass3 {
  return {
    response,
    succeeded: (value) => ({ apdu: "read-response", results: [{ data: { type: "octet-string", value } }] }),
    // The answer only says that the access is denied.
    failed: () => encodeApdu({ apdu: "read-response", results: [{ dataAccessError: "read-write-denied" }] }),
  };
}

export interface Pass3Options {
  readonly offer: Offer;
  readonly negotiated: Negotiated;
  readonly provider: CryptoProvider;
  readonly challenges: { readonly cToS: Uint8Array; readonly sToC: Uint8Array };
  /** The lowest acceptable counter of the global key before pass 3 was opened, if pass 3 was protected with that key. */
  readonly lowest: number | undefined;
}

/** Passes 3 and 4: verifies f(StoC) and returns f(CtoS). Fault `authentication-failed`, and those of the counters. Green Book 9.2.7.4. */
export function answerPass3(response: Uint8Array | undefined, options: Pass3Options): Uint8Array {
  const { offer, negotiated, provider, challenges, lowest } = options;
  const { security } = offer;
  const common = {
    mechanism: offer.mechanism,
    provider,
    role: "server" as const,
    ...challenges,
    ...(offer.secret === undefined ? {} : { secret: offer.secret }),
    ...(security === undefined
      ? {}
      : { suite: security.suite, keys: security.keys, ownSystemTitle: security.systemTitle }),
    ...(negotiated.clientSystemTitle === undefined ? {} : { peerSystemTitle: negotiated.clientSystemTitle }),
  };
  const privateKey = security && privateKeysOf(security)?.digitalSignature;
  const { clientSystemTitle } = negotiated;
  const peerPublicKey =
    clientSystemTitle && security && peerKeysOf(security)?.publicKey(clientSystemTitle, "digital-signature");
  const right =
    response !== undefined &&
    verifyResponse({
      ...common,
      response,
      ...(security === undefined ? {} : { replay: security.replay }),
      ...(lowest === undefined ? {} : { lowest }),
      ...(peerPublicKey && { peerPublicKey }),
    });
  if (!right) {
    throw new Fault("authentication-failed", "the client's answer to the challenge is wrong", { layer: "association" });
  }
  return challengeResponse({
    ...common,
    ...(security === undefined ? {} : { counters: security.counters }),
    ...(security?.strictChallenges === true ? { strict: true } : {}),
    ...(privateKey && { privateKey }),
  });
}

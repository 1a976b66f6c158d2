import type { ActionRequest, ActionResponse } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type CryptoProvider, challengeResponse, verifyResponse } from "@dlmskit/security";
import type { Negotiated, Offer } from "../offer.ts";
import { peerKeysOf, privateKeysOf } from "../protection/protections.ts";
import { echo } from "../transfer/port.ts";
import { associationClass, currentAssociation, replyToHlsAuthentication } from "./names.ts";

export type Pass3 = Extract<ActionRequest, { apdu: "action-request-normal" }>;

/** Whether the APDU invokes reply_to_HLS_authentication of this association. */
export function isPass3(apdu: { readonly apdu: string }, offer: Offer): apdu is Pass3 {
  if (apdu.apdu !== "action-request-normal") return false;
  const { method } = apdu as Pass3;
  return (
    method.classId === associationClass &&
    method.methodId === replyToHlsAuthentication &&
    (method.instanceId === currentAssociation || method.instanceId === offer.associationInstance)
  );
}

export interface Pass3Options {
  readonly offer: Offer;
  readonly negotiated: Negotiated;
  readonly provider: CryptoProvider;
  readonly challenges: { readonly cToS: Uint8Array; readonly sToC: Uint8Array };
  /** The lowest acceptable counter of the global key before pass 3 was opened, where it came under that key. */
  readonly lowest: number | undefined;
}

/**
 * Passes 3 and 4: verifies f(StoC) and answers with f(CtoS). Fault `authentication-failed`, and those of the counters.
 * Green Book 9.2.7.4.
 */
export function answerPass3(apdu: Pass3, options: Pass3Options): ActionResponse {
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
  const response = apdu.parameters?.type === "octet-string" ? apdu.parameters.value : undefined;
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
  const value = challengeResponse({
    ...common,
    ...(security === undefined ? {} : { counters: security.counters }),
    ...(security?.strictChallenges === true ? { strict: true } : {}),
    ...(privateKey && { privateKey }),
  });
  return {
    apdu: "action-response-normal",
    ...echo(apdu),
    result: "success",
    returnParameters: { data: { type: "octet-string", value } },
  };
}

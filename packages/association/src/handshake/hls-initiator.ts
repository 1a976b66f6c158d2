import type { ActionResponse, ApduLike, Invoke } from "@dlmskit/apdu";
import { Fault, logicalName } from "@dlmskit/core";
import { challengeResponse, verifyResponse } from "@dlmskit/security";
import type { InitiatorOptions } from "../initiator-options.ts";
import { peerKeysOf, privateKeysOf } from "../protection/protections.ts";
import { associationClass, currentAssociation, replyToHlsAuthentication } from "./names.ts";
import { hlsHint } from "./refusal-hints.ts";

export interface Challenges {
  readonly cToS: Uint8Array;
  readonly sToC: Uint8Array;
}

function context(options: InitiatorOptions, challenges: Challenges, serverSystemTitle: Uint8Array | undefined) {
  const { mechanism, provider, secret, security } = options;
  return {
    mechanism,
    provider,
    role: "client" as const,
    ...challenges,
    ...(secret === undefined ? {} : { secret }),
    ...(security === undefined
      ? {}
      : { suite: security.suite, keys: security.keys, ownSystemTitle: security.systemTitle }),
    ...(serverSystemTitle === undefined ? {} : { peerSystemTitle: serverSystemTitle }),
  };
}

/** Pass 3: reply_to_HLS_authentication with f(StoC). Faults as `challengeResponse`. */
export function pass3(
  options: InitiatorOptions,
  challenges: Challenges,
  serverSystemTitle: Uint8Array | undefined,
  invoke: Invoke,
): ApduLike {
  const { security } = options;
  const privateKey = security && privateKeysOf(security)?.digitalSignature;
  const value = challengeResponse({
    ...context(options, challenges, serverSystemTitle),
    ...(security === undefined ? {} : { counters: security.counters }),
    ...(security?.strictChallenges === true ? { strict: true } : {}),
    ...(privateKey && { privateKey }),
  });
  return {
    apdu: "action-request-normal",
    ...invoke,
    method: {
      classId: associationClass,
      instanceId: logicalName(options.association ?? currentAssociation),
      methodId: replyToHlsAuthentication,
    },
    parameters: { type: "octet-string", value },
  };
}

/** Pass 4: the server must know the secret, too. Fault `authentication-failed`. */
export function verifyPass4(
  apdu: ActionResponse,
  options: InitiatorOptions,
  challenges: Challenges,
  serverSystemTitle: Uint8Array | undefined,
  lowest: number | undefined,
): void {
  const { security } = options;
  const failed = (message: string, detail?: string): Fault =>
    new Fault("authentication-failed", message, {
      layer: "association",
      hint: hlsHint(options),
      ...(detail === undefined ? {} : { detail }),
    });
  if (apdu.apdu !== "action-response-normal") throw failed(`${apdu.apdu} instead of the server's answer`);
  if (apdu.result !== "success")
    throw failed(`the server did not take the client's answer: ${apdu.result}`, apdu.result);
  const data = apdu.returnParameters?.data;
  if (data?.type !== "octet-string") throw failed("the server gave no answer to the client's challenge");
  const peerPublicKey =
    serverSystemTitle && security && peerKeysOf(security)?.publicKey(serverSystemTitle, "digital-signature");
  const right = verifyResponse({
    ...context(options, challenges, serverSystemTitle),
    response: data.value,
    ...(security === undefined ? {} : { replay: security.replay }),
    ...(lowest === undefined ? {} : { lowest }),
    ...(peerPublicKey && { peerPublicKey }),
  });
  if (!right) throw failed("the server's answer to the client's challenge is wrong");
}

import type { Apdu, ApduLike, Data, Invoke } from "@dlmskit/apdu";
import { Fault, logicalName } from "@dlmskit/core";
import { challengeResponse, verifyResponse } from "@dlmskit/security";
import type { InitiatorOptions } from "../initiator-options.ts";
import { peerKeysOf, privateKeysOf } from "../protection/protections.ts";
import { associationClass, currentAssociation, replyToHlsAuthentication, replyToHlsShortName } from "./names.ts";
import { hlsHint } from "./refusal-causes.ts";

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

/** Pass 3: reply_to_HLS_authentication with f(StoC). Faults as for `challengeResponse`. */
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
  const parameters = { type: "octet-string", value } as const;
  if (options.context === "short-name") {
    const access = { variableName: replyToHlsShortName, selector: 0, parameter: parameters };
    return { apdu: "read-request", variables: [{ parameterizedAccess: access }] };
  }
  return {
    apdu: "action-request-normal",
    ...invoke,
    method: {
      classId: associationClass,
      instanceId: logicalName(options.association ?? currentAssociation),
      methodId: replyToHlsAuthentication,
    },
    parameters,
  };
}

/** Pass 4: verifies that the server knows the secret, too. Fault `authentication-failed`. */
export function verifyPass4(
  apdu: Apdu,
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
  const { result, data } = pass4(apdu) ?? {};
  if (result === undefined) throw failed(`received ${apdu.apdu} instead of the server's answer to the challenge`);
  if (result !== "success") throw failed(`the server refused the client's answer to its challenge: ${result}`, result);
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

/** The server's answer to pass 3: the result of the method and its return value. Undefined if the APDU does not answer pass 3. */
function pass4(apdu: Apdu): { readonly result: string; readonly data: Data | undefined } | undefined {
  if (apdu.apdu === "action-response-normal") return { result: apdu.result, data: apdu.returnParameters?.data };
  if (apdu.apdu !== "read-response" || apdu.results.length !== 1) return undefined;
  const [only] = apdu.results;
  if (only?.dataAccessError !== undefined) return { result: only.dataAccessError, data: undefined };
  return only?.data && { result: "success", data: only.data };
}

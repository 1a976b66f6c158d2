import { noPolicy, type SecurityPolicy } from "../offer.ts";
import { refusal } from "../refusals.ts";
import type { ProtectionSeen, Sealing } from "./sealing.ts";

/** Fault `protection-too-weak` unless what came is protected as the policy asks. */
export function enforceRequest(policy: SecurityPolicy = noPolicy, seen: ProtectionSeen): void {
  if (
    (policy.authenticatedRequest && !seen.authenticated) ||
    (policy.encryptedRequest && !seen.encrypted) ||
    (policy.signedRequest && !seen.signed)
  ) {
    throw refusal("protection-too-weak", "the security policy requires more protection than the APDU has");
  }
}

/** A response is protected as its request was, and as the policy asks: never less than either. */
export function responseSealing(policy: SecurityPolicy = noPolicy, request: Sealing | undefined): Sealing | undefined {
  return strengthened(request, {
    authenticated: policy.authenticatedResponse,
    encrypted: policy.encryptedResponse,
    signed: policy.signedResponse,
  });
}

/** How an APDU leaves that must have this protection at least; undefined: as it is. */
export function strengthened(sealing: Sealing | undefined, least: Partial<ProtectionSeen> = {}): Sealing | undefined {
  const authenticated = least.authenticated === true || sealing?.authenticated === true;
  const encrypted = least.encrypted === true || sealing?.encrypted === true;
  // Signed, then ciphered, unless the request had it the other way round.
  const signed = sealing?.signed ?? (least.signed === true ? ("inside" as const) : undefined);
  if (!authenticated && !encrypted && signed === undefined) return undefined;
  return {
    form: "glo",
    ...sealing,
    authenticated,
    encrypted,
    ...(signed === undefined ? {} : { signed }),
  };
}

/** What a sealing gives, as what others must not fall short of. */
export function least(sealing: Sealing | undefined): ProtectionSeen {
  return {
    authenticated: sealing?.authenticated === true,
    encrypted: sealing?.encrypted === true,
    signed: sealing?.signed !== undefined,
  };
}

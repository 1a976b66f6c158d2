import { noPolicy, type SecurityPolicy } from "../offer.ts";
import { refusal } from "../refusals.ts";
import type { ProtectionSeen, Sealing } from "./sealing.ts";

/** Fault `protection-too-weak` unless the request has the protection that the policy requires. */
export function enforceRequest(policy: SecurityPolicy = noPolicy, seen: ProtectionSeen): void {
  if (
    (policy.authenticatedRequest && !seen.authenticated) ||
    (policy.encryptedRequest && !seen.encrypted) ||
    (policy.signedRequest && !seen.signed)
  ) {
    throw refusal("protection-too-weak", "the security policy requires more protection than the APDU has");
  }
}

/** A response has at least the protection of its request, and at least the protection that the policy requires. */
export function responseSealing(policy: SecurityPolicy = noPolicy, request: Sealing | undefined): Sealing | undefined {
  return strengthened(request, {
    authenticated: policy.authenticatedResponse,
    encrypted: policy.encryptedResponse,
    signed: policy.signedResponse,
  });
}

/** The sealing of an APDU that must have at least this protection; undefined: it is not protected. */
export function strengthened(sealing: Sealing | undefined, least: Partial<ProtectionSeen> = {}): Sealing | undefined {
  const authenticated = least.authenticated === true || sealing?.authenticated === true;
  const encrypted = least.encrypted === true || sealing?.encrypted === true;
  // The APDU is signed, then ciphered, unless the request had the other order.
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

/** The protection of a sealing, as a minimum for other APDUs. */
export function least(sealing: Sealing | undefined): ProtectionSeen {
  return {
    authenticated: sealing?.authenticated === true,
    encrypted: sealing?.encrypted === true,
    signed: sealing?.signed !== undefined,
  };
}

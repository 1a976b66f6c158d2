import type { Sealing } from "./channel.ts";
import { noPolicy, type SecurityPolicy } from "./offer.ts";
import { refusal } from "./refusals.ts";
import type { ProtectionSeen } from "./services.ts";

/** Fault `protection-too-weak` unless what came is protected as the policy asks. */
export function enforceRequest(policy: SecurityPolicy = noPolicy, seen: ProtectionSeen): void {
  if ((policy.authenticatedRequest && !seen.authenticated) || (policy.encryptedRequest && !seen.encrypted)) {
    throw refusal("protection-too-weak", "the security policy asks for more protection than the APDU has");
  }
}

/** A response is protected as its request was, and as the policy asks: never less than either. */
export function responseSealing(policy: SecurityPolicy = noPolicy, request: Sealing | undefined): Sealing | undefined {
  const authenticated = policy.authenticatedResponse || request?.authenticated === true;
  const encrypted = policy.encryptedResponse || request?.encrypted === true;
  if (!authenticated && !encrypted) return undefined;
  return { authenticated, encrypted, form: request?.form ?? "glo" };
}

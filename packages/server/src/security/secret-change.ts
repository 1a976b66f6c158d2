import { leastSecretLength } from "@dlmskit/association";
import { type Context, refuse } from "@dlmskit/cosem-objects";
import type { Association } from "../meter/association-spec.ts";
import { securityPortOf } from "./security-port.ts";

/** Whether the association has a secret that its object can change; false if keys or certificates are used to authenticate. */
export function hasSecret({ security: { mechanism } }: Pick<Association, "security">): boolean {
  return mechanism >= 1 && mechanism !== 5 && mechanism !== 7;
}

/** Returns the function that changes the secret of an association. It refuses an unusable secret with other-reason. */
export function changeSecretOf(association: Association): (secret: Uint8Array, context: Context) => void {
  const { mechanism } = association.security;
  return (secret, context) => {
    if (mechanism === 2 && secret.length !== 16) throw refuse("other-reason", "the secret must have 16 octets");
    const least = leastSecretLength(mechanism);
    if (secret.length < least && !association.shortSecrets) {
      throw refuse("other-reason", `the secret must have at least ${least} octets`);
    }
    const { state, work } = securityPortOf(context);
    state(association).changeSecret(secret.slice(), work);
  };
}

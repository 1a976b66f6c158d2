import { leastSecretLength } from "@dlmskit/association";
import { type Context, refuse } from "@dlmskit/cosem-objects";
import type { Association } from "../meter/association-spec.ts";
import { securityPortOf } from "./security-port.ts";

/** Whether the association has a secret that its object can change: not where keys or certificates authenticate. */
export function hasSecret({ security: { mechanism } }: Pick<Association, "security">): boolean {
  return mechanism >= 1 && mechanism !== 5 && mechanism !== 7;
}

/** What changes the secret of an association. It refuses with other-reason one that cannot be used. */
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

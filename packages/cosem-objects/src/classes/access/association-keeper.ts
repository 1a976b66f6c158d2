import type { AnyObject, Context } from "../../object.ts";
import { refuse } from "../../refusal.ts";

const associationLn = 15;

/** The association object that stores changes: 0.0.40.0.0.255 represents the association of the client that sent the request. */
export function keeperOf({ device, object, association }: Context): AnyObject {
  if (object.instance !== "0.0.40.0.0.255") return object;
  const own = association === undefined ? undefined : device.find(associationLn, association.instanceId);
  if (own === undefined) throw refuse("object-unavailable", "no association is open");
  return own;
}

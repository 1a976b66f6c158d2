import type { LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type ChangedObjects,
  changedObjectsOf,
  changedRights,
  type Rights,
} from "@dlmskit/cosem-objects";
import type { Association } from "../meter/association-spec.ts";
import { GrantedRights } from "./granted-rights.ts";

/** Gives access to the values of this meter. */
interface Holder {
  values(object: AnyObject): object;
}

interface ObjectsByName {
  readonly byName: ReadonlyMap<LogicalName, AnyObject>;
}

type Changes = Readonly<ChangedObjects>;

/** The rights that the template grants in an association, and the maximum rights of its clients. */
export const templateRights = ({ access, grantable }: Association) => ({
  granted: access.current,
  most: grantable ?? access.current,
});

/** The rights of an association of one meter: those of the template with the changes that its clients have made. */
class ChangedRights extends GrantedRights {
  readonly #association: Association;
  readonly #changes: () => Changes;
  #before: { readonly granted: Rights; readonly changes: Changes } | undefined;

  constructor(association: Association, changes: () => Changes) {
    super(association.access.current);
    this.#association = association;
    this.#changes = changes;
  }

  override get current(): Rights {
    this.#renew();
    return super.current;
  }

  override sees(object: AnyObject): boolean {
    this.#renew();
    return super.sees(object);
  }

  #renew(): void {
    const changes = this.#changes();
    const rights = templateRights(this.#association);
    if (this.#before?.granted === rights.granted && this.#before.changes === changes) return;
    this.#before = { granted: rights.granted, changes };
    this.replace(changedRights(rights, changes));
  }
}

/**
 * The rights of an association that is opened now, for as long as it is open. They include the changes that clients made in its object
 * list and that are kept at the time of opening or, with `"at-once"`, at each request.
 */
export function rightsWhenOpened(association: Association, { byName }: ObjectsByName, holder: Holder): GrantedRights {
  const object = byName.get(association.instance);
  if (object === undefined) return association.access;
  const changes = (): Changes => changedObjectsOf(holder.values(object));
  if (association.objectListChanges === "at-once") return new ChangedRights(association, changes);
  const now = changes();
  return now.length === 0 ? association.access : new ChangedRights(association, () => now);
}

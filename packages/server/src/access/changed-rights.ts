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

/** Who knows this meter's values. */
interface Holder {
  values(object: AnyObject): object;
}

interface ObjectsByName {
  readonly byName: ReadonlyMap<LogicalName, AnyObject>;
}

type Changes = Readonly<ChangedObjects>;

/** What the template grants in an association and the most that its clients may have. */
export const templateRights = ({ access, grantable }: Association) => ({
  granted: access.current,
  most: grantable ?? access.current,
});

/** What an association of one meter grants: as the template does, with what its clients have changed. */
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
 * What an association that is opened now grants for as long as it is open: of what clients have changed in its object list, as much
 * as was kept by then, or (`"at-once"`) at each request.
 */
export function rightsWhenOpened(association: Association, { byName }: ObjectsByName, holder: Holder): GrantedRights {
  const object = byName.get(association.instance);
  if (object === undefined) return association.access;
  const changes = (): Changes => changedObjectsOf(holder.values(object));
  if (association.objectListChanges === "at-once") return new ChangedRights(association, changes);
  const now = changes();
  return now.length === 0 ? association.access : new ChangedRights(association, () => now);
}

import type { LogicalName } from "@dlmskit/core";
import { type AnyObject, associationSn, type BaseNames, baseNames, currentAssociation } from "@dlmskit/cosem-objects";
import { haveTwins } from "../access/short-name-rights.ts";
import { changeSecretOf } from "../security/secret-change.ts";
import type { Association } from "./association-spec.ts";

const associationLn = 15;

/** Whether clients may open the association with short-name referencing. */
const servesShortNames = ({ referencing }: Pick<Association, "referencing">): boolean => referencing !== "logical-name";

/**
 * The base names of a logical device; undefined: no client uses short names there. The Association SN object replaces the Association LN
 * objects and shows the association of the client that reads it. Faults `bad-base-name`, `short-names-exhausted`.
 */
export function shortNamesOf(
  byName: ReadonlyMap<LogicalName, AnyObject>,
  associations: readonly Association[],
  stated: { readonly [instance: LogicalName]: number } | undefined,
): BaseNames | undefined {
  const first = associations.find(servesShortNames);
  if (first === undefined) return undefined;
  const own = new Set([currentAssociation, ...associations.map(({ instance }) => instance)]);
  const isOwn = ({ spec, instance }: AnyObject): boolean => spec.classId === associationLn && own.has(instance);
  let names: BaseNames | undefined;
  const association = associationSn({
    version: first.shortNameVersion,
    names: () => names as BaseNames,
    changeSecret(secret, context) {
      const asked = associations.find(({ instance }) => instance === context.association?.instanceId);
      return changeSecretOf(asked as Association)(secret, context);
    },
  });
  const twin = (instance: string): AnyObject | undefined => {
    const found = byName.get(instance);
    return found?.spec.classId === associationLn ? found : undefined;
  };
  haveTwins(association, { current: twin(currentAssociation), of: twin });
  const others = [...byName.values()].filter((object) => !isOwn(object));
  names = baseNames([association, ...others], stated === undefined ? {} : { stated });
  return names;
}

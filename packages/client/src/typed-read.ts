import { type Data, fromData } from "@dlmskit/apdu";
import type { AttributeReference, GetResult, RequestOptions } from "@dlmskit/association";
import { Fault, type LogicalName, type Of } from "@dlmskit/core";
import { type ClassSpec, ScalerUnit, type Unit } from "@dlmskit/cosem-objects";
import { scaled as scaledBy } from "./profile-rows.ts";

/** The attributes of a class that a client can access, by name: those whose id is not 0. */
export type AttributeOf<S extends ClassSpec> = {
  [K in keyof S["attributes"]]: S["attributes"][K]["id"] extends 0 ? never : K;
}[keyof S["attributes"]] &
  string;

/** The type of an attribute's value, as the class declares it; unknown if the class is known only at run time. */
export type AttributeValueOf<S extends ClassSpec, K extends AttributeOf<S>> =
  string extends AttributeOf<S> ? unknown : Of<S["attributes"][K]["type"]>;

/** A value with its scaler applied. */
export interface Scaled {
  /** The value multiplied by ten to the power of the scaler; 64-bit values without a scaler are a bigint. */
  readonly value: number | bigint;
  readonly unit: Unit;
  /** The value as received. */
  readonly raw: number | bigint;
  readonly scaler: number;
}

/** An object that reads attributes, for example a session. */
export interface Reads {
  get(reference: AttributeReference, options?: RequestOptions): Promise<Data>;
  get(references: readonly AttributeReference[], options?: RequestOptions): Promise<readonly GetResult[]>;
}

/** The reference of a named attribute. Fault `no-attribute` for a name that the class does not have. */
export function referenceOf(spec: ClassSpec, instanceId: LogicalName, name: string): AttributeReference {
  const attribute = Object.hasOwn(spec.attributes, name) ? spec.attributes[name] : undefined;
  if (attribute === undefined || attribute.id === 0) {
    throw new Fault("no-attribute", `the class ${spec.name} has no attribute "${name}"`, {
      layer: "client",
      hint: Object.keys(spec.attributes)
        .filter((one) => spec.attributes[one]?.id !== 0)
        .join(", "),
    });
  }
  return { classId: spec.classId, instanceId, attributeId: attribute.id };
}

/** Reads an attribute by the class's declaration. */
export async function readTyped(
  session: Reads,
  spec: ClassSpec,
  instanceId: LogicalName,
  name: string,
  options?: RequestOptions,
): Promise<unknown> {
  const reference = referenceOf(spec, instanceId, name);
  const data = await session.get(reference, options);
  return fromData((spec.attributes[name] as ClassSpec["attributes"][string]).type, data);
}

/** Reads the value of a class with the trait `scaled`, its scaler and its unit, in one list if the meter supports lists. */
export async function readScaled(
  session: Reads,
  spec: ClassSpec,
  instanceId: LogicalName,
  options?: RequestOptions,
): Promise<Scaled> {
  const trait = spec.traits?.scaled;
  if (trait === undefined) {
    throw new Fault("no-attribute", `the class ${spec.name} has no value with a scaler and a unit`, {
      layer: "client",
      hint: "read(…) reads its attributes by name",
    });
  }
  const references = [trait.value, trait.scalerUnit].map((name) => referenceOf(spec, instanceId, name));
  const results = await session.get(references, options);
  const [data, unit] = results.map((result, at) => {
    if ("data" in result) return result.data as Data;
    const { attributeId } = references[at] as AttributeReference;
    throw new Fault(result.error, `attribute ${attributeId} of ${instanceId} cannot be read: ${result.error}`, {
      layer: "client",
    });
  }) as [Data, Data];
  const raw = "value" in data ? data.value : undefined;
  if (typeof raw !== "number" && typeof raw !== "bigint") {
    throw new Fault("type-unmatched", `the value of ${instanceId} is ${data.type}, not a number`, { layer: "client" });
  }
  const scalerUnit = fromData(ScalerUnit, unit);
  return { value: scaledBy(raw, scalerUnit.scaler), raw, ...scalerUnit };
}

import { type Data, type DataLike, dataOf, decodeData, encodeData, fromData, T, treeOf } from "@dlmskit/apdu";
import type { AttributeReference, MethodReference } from "@dlmskit/association";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import { DataProtection, ProtectionParameters, type RestrictedObject } from "@dlmskit/cosem-objects";
import {
  type GeneralOptions,
  MemoryKeyGuards,
  openDataLayers,
  type SealedData,
  sealDataLayers,
} from "@dlmskit/security";
import type { Session } from "./session.ts";

type Layers = readonly ProtectionParameters[];
/** A protected attribute; `dataIndex` and `restriction` select the part of it to read. */
export type ProtectedAttribute = AttributeReference & Partial<Pick<RestrictedObject, "dataIndex" | "restriction">>;

const { classId, attributes, methods } = DataProtection;
const parameterList = T.array(ProtectionParameters);
const unrestricted = { restrictionType: 0, restrictionValue: null } as const;

/**
 * Reads, writes and invokes through a Data protection object (class 30) of a meter. `keys` are those of this end. They must have the
 * invocation counters of the session if they share the encryption key, and their own replay guard. Faults: those of `session.get`,
 * `set` and `invoke`; those of `GeneralProtection` if a protection cannot be made or is not valid; `type-unmatched` for an answer of
 * another type.
 */
export class ProtectedData {
  readonly #session: Pick<Session, "get" | "set" | "invoke">;
  readonly #instanceId: LogicalName;
  readonly #keys: GeneralOptions;

  constructor(session: Pick<Session, "get" | "set" | "invoke">, instanceId: LogicalName, keys: GeneralOptions) {
    this.#session = session;
    this.#instanceId = logicalName(instanceId);
    this.#keys = { ...keys, guards: keys.guards ?? new MemoryKeyGuards() };
  }

  /** The values of protection_object_list, in order: reads protection_buffer and the parameters of its protection. */
  async read(): Promise<readonly Data[]> {
    const buffer = await this.#session.get(this.#attribute("protectionBuffer"));
    const layers = await this.#session.get(this.#attribute("protectionParametersGet"));
    return valuesIn(this.#open(fromData(T.octetString, buffer), fromData(parameterList, layers)));
  }

  /** Writes a value for each attribute of protection_object_list: first protection_parameters_set, then protection_buffer. */
  async write(values: readonly DataLike[], layers: Layers): Promise<void> {
    const sealed = this.#seal(structureOf(values), layers);
    await this.#session.set(this.#attribute("protectionParametersSet"), dataOf(parameterList, sealed.layers));
    await this.#session.set(this.#attribute("protectionBuffer"), dataOf(T.octetString, sealed.octets));
  }

  /** get_protected_attributes: the values of these attributes. The meter protects them as `layers` define. */
  async get(objects: readonly ProtectedAttribute[], layers: Layers): Promise<readonly Data[]> {
    const { argument, result } = methods.getProtectedAttributes;
    const asked = dataOf(argument, { objectList: objects.map(listed), protectionParameters: [...layers] });
    const answer = fromData(
      result,
      returned(await this.#session.invoke(this.#method("getProtectedAttributes"), asked)),
    );
    return valuesIn(this.#open(answer.protectedAttributes, answer.protectionParameters));
  }

  /** set_protected_attributes: writes all values, or none. */
  async set(objects: readonly ProtectedAttribute[], values: readonly DataLike[], layers: Layers): Promise<void> {
    const sealed = this.#seal(structureOf(values), layers);
    const argument = dataOf(methods.setProtectedAttributes.argument, {
      objectList: objects.map(listed),
      protectionParameters: sealed.layers,
      protectedAttributes: sealed.octets,
    });
    await this.#session.invoke(this.#method("setProtectedAttributes"), argument);
  }

  /**
   * invoke_protected_method; returns the return value of the method, or null-data if it has none. The answer has the protection of the
   * request.
   */
  async invoke(method: MethodReference, parameters: DataLike, layers: Layers): Promise<Data> {
    const { argument, result } = methods.invokeProtectedMethod;
    const sealed = this.#seal(encodeData(parameters), layers);
    const asked = dataOf(argument, {
      objectMethod: { ...method, instanceId: logicalName(method.instanceId) },
      protectionParameters: sealed.layers,
      protectedMethodInvocationParameters: sealed.octets,
    });
    const answer = fromData(result, returned(await this.#session.invoke(this.#method("invokeProtectedMethod"), asked)));
    return decodeData(this.#open(answer.protectedMethodReturnParameters, answer.protectionParameters));
  }

  #attribute(name: keyof typeof attributes): AttributeReference {
    return { classId, instanceId: this.#instanceId, attributeId: attributes[name].id };
  }

  #method(name: keyof typeof methods): MethodReference {
    return { classId, instanceId: this.#instanceId, methodId: methods[name].id };
  }

  #seal(octets: Uint8Array, layers: Layers): SealedData<ProtectionParameters> {
    return sealDataLayers(octets, layers, () => this.#keys);
  }

  #open(octets: Uint8Array, layers: Layers): Uint8Array {
    return openDataLayers(octets, layers, () => this.#keys);
  }
}

const listed = (one: ProtectedAttribute): RestrictedObject => ({
  dataIndex: 0,
  restriction: unrestricted,
  ...one,
  instanceId: logicalName(one.instanceId),
});

const structureOf = (values: readonly DataLike[]): Uint8Array =>
  encodeData({ type: "structure", value: values.map(treeOf) });

function valuesIn(octets: Uint8Array): readonly Data[] {
  const data = decodeData(octets);
  if (data.type === "structure") return data.value;
  throw mismatched("the data that the meter protected is not a structure");
}

function returned(data: Data | undefined): Data {
  if (data !== undefined) return data;
  throw mismatched("the method returned nothing");
}

const mismatched = (message: string): Fault => new Fault("type-unmatched", message, { layer: "client" });

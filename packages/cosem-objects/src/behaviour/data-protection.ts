import { type Data, type DataLike, decodeData, encodeData } from "@dlmskit/apdu";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import { AccessBit, attributeAccess, methodAccess } from "../access.ts";
import { DataProtection } from "../classes/access/data-protection.ts";
import { ProtectionBit, type ProtectionParameters, ProtectionType } from "../classes/access/protection-parameters.ts";
import { type RestrictedObject, RestrictionType } from "../classes/access/restriction.ts";
import type { Values } from "../interface-class.ts";
import { counting } from "../list-size.ts";
import { after, afterEach, type MaybePromise } from "../maybe-promise.ts";
import { type AnyObject, type Context, type CosemObject, type Hooks, object } from "../object.ts";
import { elementsOf, encodedStructure } from "../profile/elements.ts";
import { selectionOf } from "../profile/restriction-selection.ts";
import { refuse } from "../refusal.ts";
import { type DataProtector, heardOf, type Protected } from "./data-protection-port.ts";

type ProtectionValues = Values<typeof DataProtection>;
type Parameters = readonly ProtectionParameters[];

export interface DataProtectionOptions {
  /** Holds the keys: `dataProtector()` of @dlmskit/server. */
  readonly protector: DataProtector;
  /** The content of protection_buffer. */
  readonly objects?: readonly (Omit<RestrictedObject, "dataIndex" | "restriction"> &
    Partial<Pick<RestrictedObject, "dataIndex" | "restriction">>)[];
  readonly parametersGet?: Parameters;
  readonly parametersSet?: Parameters;
  /** Bits of `ProtectionBit`: for requests when a client writes or invokes, for responses when it reads. 0 (none) by default. */
  readonly requiredProtection?: number;
  /**
   * Whether a client without rights to the listed attributes and methods can use them through this object. False by default: the client
   * needs its own rights to them.
   */
  readonly throughThisOnly?: boolean;
}

const { authentication, encryption, authenticationAndEncryption, digitalSignature } = ProtectionType;

/** The bits that the layers fulfil: those of requests; the bits of responses are three places higher. */
const strengthOf = (layers: Parameters): number =>
  layers.reduce((bits, { protectionType: type }) => {
    const authenticated = type === authentication || type === authenticationAndEncryption;
    const encrypted = type === encryption || type === authenticationAndEncryption;
    return (
      bits |
      (authenticated ? AccessBit.authenticatedRequest : 0) |
      (encrypted ? AccessBit.encryptedRequest : 0) |
      (type === digitalSignature ? AccessBit.signedRequest : 0)
    );
  }, 0);

const requests =
  (1 << ProtectionBit.authenticatedRequest) |
  (1 << ProtectionBit.encryptedRequest) |
  (1 << ProtectionBit.digitallySignedRequest);
const whole = { restrictionType: RestrictionType.none, restrictionValue: null };

/**
 * Access to attributes and methods of other objects under a separate protection, from end to end between the user and the meter (class 30;
 * Blue Book 4.4.9). Reading protection_buffer returns the values of protection_object_list, in order, as one structure under the layers of
 * protection_parameters_get; reading protection_parameters_get afterwards shows the keys that were generated for it. Written data is
 * unprotected with the layers of protection_parameters_set, the last one first, and either all values are written or none. Refused:
 * scope-of-access-violated if the layers are weaker than required_protection, other-reason if the protection is wrong or the same data came
 * before.
 */
export function dataProtection(
  instance: LogicalName,
  options: DataProtectionOptions,
  hooks: Hooks<typeof DataProtection> = {},
): CosemObject<typeof DataProtection> {
  const { protector, objects = [], parametersGet = [], parametersSet = [], requiredProtection = 0 } = options;
  const free = options.throughThisOnly === true;
  const lastRead = new WeakMap<object, Map<string, ProtectionParameters[]>>();
  const openedBy = (values: ProtectionValues, layers: Parameters, octets: Uint8Array, context: Context): Data => {
    require(values, layers, "request");
    return dataIn(protector.remove(layers, octets, heardOf(values), context));
  };
  const read = (
    values: Readonly<ProtectionValues>,
    list: readonly RestrictedObject[],
    layers: Parameters,
    use: Use,
  ) => {
    require(values, layers, "response");
    if (!free) for (const one of list) checkAttribute(one, "read", layers, use);
    const { context } = use;
    return after(valuesOf(list, context), (cells) => protector.apply(layers, encodedStructure(cells), context));
  };
  const write = (
    values: ProtectionValues,
    list: readonly RestrictedObject[],
    layers: Parameters,
    octets: Uint8Array,
    use: Use,
  ): MaybePromise<void> => {
    if (!free) for (const one of list) checkAttribute(one, "write", layers, use);
    const data = openedBy(values, layers, octets, use.context);
    if (data.type !== "structure" || data.value.length !== list.length) {
      throw refuse("type-unmatched", `a structure of ${list.length} values is to be written`);
    }
    const pairs = list.map((one, at) => [one, data.value[at] as Data] as const);
    return after(
      afterEach(pairs, ([one, value]) => writeOne(one, value, use.context)),
      () => undefined,
    );
  };
  const bufferUse = (context: Context): Use => ({
    context,
    asked: askedOf(context, (rights, self) => attributeAccess(rights, self, 2)),
  });
  const methodUse = (context: Context, id: number): Use => ({
    context,
    asked: askedOf(context, (rights, self) => methodAccess(rights, self, id)),
  });
  return object(
    DataProtection,
    instance,
    {
      protectionBuffer: new Uint8Array(0),
      protectionObjectList: objects.map((one) => ({
        ...{ dataIndex: 0, restriction: whole },
        ...one,
        instanceId: logicalName(one.instanceId),
      })),
      protectionParametersGet: [...parametersGet],
      protectionParametersSet: [...parametersSet],
      requiredProtection,
      state: [],
    },
    {
      ...hooks,
      read: {
        protectionBuffer: (values, context) =>
          after(
            read(values, values.protectionObjectList, values.protectionParametersGet, bufferUse(context)),
            ({ parameters, octets }) => {
              const scope = protector.scope(context);
              lastRead.set(scope, (lastRead.get(scope) ?? new Map()).set(context.object.instance, parameters));
              return octets;
            },
          ),
        protectionParametersGet(values, context) {
          const last = lastRead.get(protector.scope(context))?.get(context.object.instance);
          return last ?? values.protectionParametersGet;
        },
        ...hooks.read,
      },
      write: {
        protectionBuffer: (values, octets, context) =>
          write(values, values.protectionObjectList, values.protectionParametersSet, octets, bufferUse(context)),
        protectionParametersGet(values, written, context) {
          values.protectionParametersGet = written;
          const scope = protector.scope(context);
          context.device.whenKept(() => lastRead.get(scope)?.delete(context.object.instance));
        },
        ...hooks.write,
      },
      invoke: {
        getProtectedAttributes: (values, { objectList, protectionParameters }, context) =>
          after(read(values, objectList, protectionParameters, methodUse(context, 1)), ({ parameters, octets }) => ({
            protectionParameters: parameters,
            protectedAttributes: octets,
          })),
        setProtectedAttributes: (values, { objectList, protectionParameters, protectedAttributes }, context) =>
          write(values, objectList, protectionParameters, protectedAttributes, methodUse(context, 2)),
        invokeProtectedMethod(values, argument, context) {
          const { objectMethod, protectionParameters: layers, protectedMethodInvocationParameters: octets } = argument;
          const { classId, instanceId, methodId } = objectMethod;
          const target = context.device.find(classId, instanceId);
          if (target === undefined) throw refuse("object-undefined");
          const use = methodUse(context, 3);
          if (!free) check(use, layers, "read", (rights) => methodAccess(rights, target, methodId));
          require(values, layers, "response");
          const data = openedBy(values, layers, octets, context);
          return after(context.device.invoke(target, methodId, data), (returned): ReturnedProtected => {
            const answer = encodeData(returned ?? { type: "null-data" });
            const made: Protected = protector.apply(layers.map(turned), answer, context);
            return { protectionParameters: made.parameters, protectedMethodReturnParameters: made.octets };
          });
        },
        ...hooks.invoke,
      },
    },
  );
}

interface ReturnedProtected {
  protectionParameters: ProtectionParameters[];
  protectedMethodReturnParameters: Uint8Array;
}

/** A request, and the protection that the rights to this object require for it. */
interface Use {
  readonly context: Context;
  readonly asked: number;
}
type Granted = NonNullable<Context["association"]>["rights"];

const askedOf = ({ association, object: self }: Context, bits: (rights: Granted, self: AnyObject) => number): number =>
  association === undefined ? 0 : bits(association.rights, self);

function require({ requiredProtection }: Readonly<ProtectionValues>, layers: Parameters, of: "request" | "response") {
  const required = (of === "request" ? requiredProtection : requiredProtection >> 3) & requests;
  if ((required & ~strengthOf(layers)) !== 0) throw refuse("scope-of-access-violated");
}

/**
 * Checks that the client may use the attribute or method; the protection that its rights require must be that of the request or of the
 * layers.
 */
function check({ context, asked }: Use, layers: Parameters, use: "read" | "write", bits: (rights: Granted) => number) {
  const { association } = context;
  if (association === undefined) return;
  const granted = bits(association.rights);
  // The right to invoke is the same bit as the right to read.
  if ((granted & AccessBit[use]) === 0) throw refuse("read-write-denied");
  const strength = strengthOf(layers);
  const protection = granted & ~(AccessBit.read | AccessBit.write);
  if ((protection & ~(asked | strength | (strength << 3))) !== 0) throw refuse("scope-of-access-violated");
}

function checkAttribute(one: RestrictedObject, use: "read" | "write", layers: Parameters, of: Use): void {
  const target = of.context.device.find(one.classId, one.instanceId);
  if (target === undefined) throw refuse("object-undefined");
  check(of, layers, use, (rights) => attributeAccess(rights, target, one.attributeId));
}

function valuesOf(list: readonly RestrictedObject[], context: Context): MaybePromise<Uint8Array[]> {
  const counted = counting();
  return afterEach(list, (one) => {
    const isRestricted = one.restriction.restrictionType !== RestrictionType.none;
    const selection = isRestricted ? selectionOf(one, context) : undefined;
    return after(context.device.get(one, selection), (data: DataLike) => {
      const octets = counted(encodeData(data));
      if (one.dataIndex === 0) return octets;
      const element = elementsOf(octets)[one.dataIndex - 1];
      if (element === undefined) throw refuse("other-reason", `${one.instanceId} has no element ${one.dataIndex}`);
      return element;
    });
  });
}

function writeOne(one: RestrictedObject, value: Data, { device }: Context): MaybePromise<void> {
  if (one.dataIndex !== 0 || one.restriction.restrictionType !== RestrictionType.none) {
    throw refuse("other-reason", "attributes are written as a whole");
  }
  return device.set(one, value);
}

function dataIn(octets: Uint8Array): Data {
  try {
    return decodeData(octets);
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    throw refuse("type-unmatched", caught.message);
  }
}

/** The layer for the answer, with the sender of the request as recipient. */
function turned(layer: ProtectionParameters): ProtectionParameters {
  const { originatorSystemTitle, recipientSystemTitle, ...others } = layer.protectionOptions;
  return {
    ...layer,
    protectionOptions: {
      ...others,
      originatorSystemTitle: recipientSystemTitle,
      recipientSystemTitle: originatorSystemTitle,
    },
  };
}

import { asObject, type Codec, Fault, type Json, type Reader, stepped, type Writer } from "@dlmskit/core";
import {
  type AcseField,
  authenticationValue,
  enumerated,
  explicitInteger,
  explicitOctets,
  identifier,
  implicitBits,
  implicitOctets,
  putField,
  readField,
  requirements,
} from "./acse-field.ts";
import { element } from "./ber.ts";
import {
  AcseServiceProviderDiagnostic,
  type AcseServiceProviderDiagnosticName,
  AcseServiceUserDiagnostic,
  type AcseServiceUserDiagnosticName,
  ApplicationContext,
  AssociationResult,
  Mechanism,
  ReleaseRequestReason,
  ReleaseResponseReason,
} from "./enumerations.ts";
import { ApduTag } from "./tags.ts";

/** The object identifiers of application contexts, without the last arc. */
export const applicationContextArc = "2.16.756.5.8.1";
/** The object identifiers of authentication mechanisms, without the last arc. */
export const mechanismArc = "2.16.756.5.8.2";

/** The source and the diagnostic of the result of an association request. */
export type ResultSourceDiagnostic =
  | { readonly source: "acse-service-user"; readonly diagnostic: AcseServiceUserDiagnosticName }
  | { readonly source: "acse-service-provider"; readonly diagnostic: AcseServiceProviderDiagnosticName };

const diagnostics = {
  "acse-service-user": enumerated(0xa1, AcseServiceUserDiagnostic, "explicit"),
  "acse-service-provider": enumerated(0xa2, AcseServiceProviderDiagnostic, "explicit"),
} as const;

const resultSourceDiagnostic: AcseField<ResultSourceDiagnostic> = {
  tag: 0xa3,
  codec: {
    read(from) {
      const at = from.at;
      const { tag, contents } = element(from);
      for (const [source, field] of Object.entries(diagnostics)) {
        if (field.tag !== tag) continue;
        return {
          source,
          diagnostic: readField(source, field as AcseField<unknown>, contents),
        } as ResultSourceDiagnostic;
      }
      throw from.fault("unknown-tag", `no source of a diagnostic has the tag 0x${tag.toString(16)}`, at);
    },
    write: (value, to) => putField(diagnostics[value.source] as AcseField<string>, value.diagnostic, to),
    toJson: (value) => ({ ...value }),
    fromJson(json) {
      const { source, diagnostic } = asObject(json);
      const field = typeof source === "string" && Object.hasOwn(diagnostics, source) ? source : undefined;
      if (field === undefined) throw new Fault("bad-json", "source is acse-service-user or acse-service-provider");
      const known = diagnostics[field as keyof typeof diagnostics].codec.fromJson(diagnostic as Json);
      return { source: field, diagnostic: known } as ResultSourceDiagnostic;
    },
  },
};

type AcseFields = Record<string, AcseField<unknown>>;
type Value<F> = F extends AcseField<infer T> ? T : never;
type AcseApdu<N extends string, F, R extends keyof F> = { readonly apdu: N } & { readonly [K in R]: Value<F[K]> } & {
  readonly [K in Exclude<keyof F, R>]?: Value<F[K]>;
} extends infer T
  ? { readonly [K in keyof T]: T[K] }
  : never;

/**
 * An ACSE APDU in BER, with the fields by their context tags. In `strict` order each tag must be larger than the previous
 * one. Duplicate fields and fields that are not in the table are always refused.
 */
function acse<const N extends string, F extends object, const R extends keyof F & string>(
  apdu: N,
  tag: number,
  fields: F,
  required: readonly R[],
  order: "strict" | "any",
): Codec<AcseApdu<N, F, R>> {
  type T = AcseApdu<N, F, R>;
  const table = Object.entries(fields as unknown as AcseFields);
  const rank = (context: number): number => context & 0x1f;
  const must = (value: Record<string, unknown>, offset?: number): void => {
    for (const name of required) {
      if (value[name] === undefined) {
        throw new Fault("missing-field", `${apdu} has no ${name}`, {
          layer: "acse",
          ...(offset === undefined ? {} : { offset }),
        });
      }
    }
  };

  function readFields(from: Reader): Record<string, unknown> {
    const value: Record<string, unknown> = { apdu };
    let last = -1;
    while (from.remaining > 0) {
      const at = from.at;
      const { tag: found, contents } = element(from);
      const entry = table.find(([, field]) => field.tag === found);
      if (entry === undefined) {
        throw from.fault("unknown-tag", `${apdu} has no field with the tag 0x${found.toString(16)}`, at);
      }
      const [name, field] = entry;
      if (value[name] !== undefined) throw from.fault("duplicate-field", `the field ${name} appears twice`, at);
      if (order === "strict" && rank(found) < last)
        throw from.fault("field-order", `the field ${name} comes too late`, at);
      last = rank(found);
      from.observer?.enter(name, at);
      value[name] = readField(name, field, contents);
      from.observer?.leave(from.at, value[name]);
    }
    must(value, from.at);
    return value;
  }

  return {
    read(from) {
      const at = from.at;
      if (from.u8() !== tag) throw from.fault("unknown-tag", `${apdu} has the tag 0x${tag.toString(16)}`, at);
      const end = from.boundedLength() + from.at;
      const outer = from.end;
      from.end = end;
      try {
        return readFields(from) as T;
      } catch (caught) {
        throw stepped(caught, apdu);
      } finally {
        from.end = outer;
      }
    },
    write(value, to: Writer) {
      must(value as Record<string, unknown>);
      to.u8(tag);
      const opened = to.open();
      for (const [name, field] of table) {
        const given = (value as Record<string, unknown>)[name];
        if (given === undefined) continue;
        try {
          putField(field, given, to);
        } catch (caught) {
          throw stepped(caught, name);
        }
      }
      to.close(opened);
    },
    toJson(value) {
      const json: Record<string, Json> = { apdu };
      for (const [name, field] of table) {
        const given = (value as Record<string, unknown>)[name];
        if (given !== undefined) json[name] = field.codec.toJson(given);
      }
      return json;
    },
    fromJson(json) {
      const value: Record<string, unknown> = { apdu };
      for (const [name, given] of Object.entries(asObject(json))) {
        if (name === "apdu") continue;
        const field = table.find(([known]) => known === name)?.[1];
        if (field === undefined) throw new Fault("bad-json", `"${name}" does not belong here`, { layer: "acse" });
        try {
          value[name] = field.codec.fromJson(given);
        } catch (caught) {
          throw stepped(caught, name);
        }
      }
      must(value);
      return value as T;
    },
  };
}

/**
 * AARQ (tag 60). A context or mechanism without a COSEM name is given as its object identifier in text form.
 * Refused: a field out of order, a duplicate field, the indefinite length, a missing application context name, trailing
 * octets. `userInformation` has the octets of the InitiateRequest, plain or ciphered.
 */
export const Aarq = acse(
  "aarq",
  ApduTag.aarq,
  {
    protocolVersion: implicitBits(0x80),
    applicationContextName: identifier(0xa1, applicationContextArc, ApplicationContext, "explicit"),
    calledApTitle: explicitOctets(0xa2),
    calledAeQualifier: explicitOctets(0xa3),
    calledApInvocationId: explicitInteger(0xa4),
    calledAeInvocationId: explicitInteger(0xa5),
    callingApTitle: explicitOctets(0xa6),
    callingAeQualifier: explicitOctets(0xa7),
    callingApInvocationId: explicitInteger(0xa8),
    callingAeInvocationId: explicitInteger(0xa9),
    senderAcseRequirements: requirements(0x8a),
    mechanismName: identifier(0x8b, mechanismArc, Mechanism, "implicit"),
    callingAuthenticationValue: authenticationValue(0xac),
    implementationInformation: implicitOctets(0x9d),
    userInformation: explicitOctets(0xbe),
  },
  ["applicationContextName"],
  "strict",
);
export type Aarq = typeof Aarq extends Codec<infer T> ? T : never;

/** AARE (tag 61), with fields in any order. `userInformation`: InitiateResponse or confirmedServiceError, plain or ciphered. */
export const Aare = acse(
  "aare",
  ApduTag.aare,
  {
    protocolVersion: implicitBits(0x80),
    applicationContextName: identifier(0xa1, applicationContextArc, ApplicationContext, "explicit"),
    result: enumerated(0xa2, AssociationResult, "explicit"),
    resultSourceDiagnostic,
    respondingApTitle: explicitOctets(0xa4),
    respondingAeQualifier: explicitOctets(0xa5),
    respondingApInvocationId: explicitInteger(0xa6),
    respondingAeInvocationId: explicitInteger(0xa7),
    responderAcseRequirements: requirements(0x88),
    mechanismName: identifier(0x89, mechanismArc, Mechanism, "implicit"),
    respondingAuthenticationValue: authenticationValue(0xaa),
    implementationInformation: implicitOctets(0x9d),
    userInformation: explicitOctets(0xbe),
  },
  ["applicationContextName", "result", "resultSourceDiagnostic"],
  "any",
);
export type Aare = typeof Aare extends Codec<infer T> ? T : never;

/** RLRQ (tag 62). */
export const Rlrq = acse(
  "rlrq",
  ApduTag.rlrq,
  { reason: enumerated(0x80, ReleaseRequestReason, "implicit"), userInformation: explicitOctets(0xbe) },
  [],
  "strict",
);
export type Rlrq = typeof Rlrq extends Codec<infer T> ? T : never;

/** RLRE (tag 63). */
export const Rlre = acse(
  "rlre",
  ApduTag.rlre,
  { reason: enumerated(0x80, ReleaseResponseReason, "implicit"), userInformation: explicitOctets(0xbe) },
  [],
  "any",
);
export type Rlre = typeof Rlre extends Codec<infer T> ? T : never;

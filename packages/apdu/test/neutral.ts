// Our JSON form in the shape of the vectors, which name some things otherwise.
import type { Json } from "@dlmskit/core";
import { fromHex } from "@dlmskit/core";
import {
  AcseServiceProviderDiagnostic,
  AcseServiceUserDiagnostic,
  type ApduLike,
  apduToJson,
  Data,
  type DataLike,
  decodeApdu,
  ServiceError,
} from "../src/index.ts";

type Fields = { [key: string]: Json };
const dateFields = [
  "year",
  "month",
  "dayOfMonth",
  "dayOfWeek",
  "hour",
  "minute",
  "second",
  "hundredths",
  "deviation",
  "clockStatus",
];

/** A vector's `decoded` without what says the same twice (`raw`), and with absence in place of null. */
export function expected(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== "object" || value === null) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    if (["raw", "valueName", "plain"].includes(key)) continue;
    if (one === null && !dateFields.includes(key)) continue;
    kept[key] = expected(one);
  }
  return kept;
}

const dateTime = ({ day, status, ...rest }: Fields): Fields => ({
  ...rest,
  ...(day === undefined ? {} : { dayOfMonth: day }),
  ...(status === undefined ? {} : { clockStatus: status }),
});

function description({ type, elements }: Fields): Fields {
  return elements === undefined
    ? { type: type as Json }
    : { type: type as Json, elements: (elements as Fields[]).map(description) };
}

function data(json: Fields): Fields {
  const { type, value } = json as { type: string; value: Json };
  switch (type) {
    case "array":
    case "structure":
      return { type, value: (value as Fields[]).map(data) };
    case "compact-array":
      return { type, typeDescription: description(json.contents as Fields), value: (value as Fields[]).map(data) };
    case "bcd":
      return { type, value: (value as number).toString(16).padStart(2, "0") };
    case "date-time":
    case "date":
    case "time":
      return { type, value: dateTime(value as Fields) };
    default:
      return json;
  }
}

export const neutralData = (value: DataLike): unknown => data(Data.toJson(value as Data) as Fields);

const isData = (json: Json): boolean =>
  typeof json === "object" && json !== null && "type" in json && typeof (json as Fields).type === "string";

function securityControl(json: Fields): Fields {
  const { broadcast, ...rest } = json;
  return { ...rest, keySet: broadcast ? "broadcast" : "unicast" };
}

function value(key: string, json: Json): Json {
  if (Array.isArray(json)) {
    if (key.endsWith("Conformance")) return { services: json };
    return json.map((one) => value("", one as Json));
  }
  if (typeof json !== "object" || json === null) return json;
  if (isData(json)) return data(json as Fields);
  if (key === "dateTime" || key === "time") return dateTime(json as Fields);
  if (key === "securityControl") return securityControl(json as Fields);
  if (key === "resultSourceDiagnostic") {
    const { source, diagnostic } = json as { source: string; diagnostic: string };
    const table: Record<string, number> =
      source === "acse-service-user" ? AcseServiceUserDiagnostic : AcseServiceProviderDiagnostic;
    return { source, value: table[diagnostic] as number, name: diagnostic };
  }
  if (key === "block" && "result" in json) {
    const { result, ...rest } = json as Fields;
    return { ...rest, ...(result as Fields) };
  }
  return record(json as Fields);
}

function record(json: Fields): Fields {
  return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, value(key, one)]));
}

const pick = (json: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.filter((name) => json[name] !== undefined).map((name) => [name, json[name] as Json]));
const without = (json: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(json).filter(([name]) => !names.includes(name)));

const moved: [key: string, into: string, names: string[]][] = [
  ["invokeId", "invokeIdAndPriority", ["invokeId", "serviceClass", "priority"]],
  [
    "longInvokeId",
    "longInvokeIdAndPriority",
    ["longInvokeId", "selfDescriptive", "processingOption", "serviceClass", "priority"],
  ],
  ["streaming", "blockControl", ["lastBlock", "streaming", "window"]],
];

export function neutralApdu(apdu: ApduLike): unknown {
  let json = record(apduToJson(apdu) as Fields);
  const name = json.apdu as string;
  for (const [key, into, names] of moved) {
    if (json[key] === undefined) continue;
    json = { ...without(json, [...names, "reserved"]), [into]: pick(json, names) };
  }
  const family = /^((?:get|set|action)-(?:request|response))-(.+)$/.exec(name);
  if (family !== null) json = { ...json, apdu: family[1] as string, choice: family[2] as string };
  if (json.ciphertext !== undefined) {
    const control = json.securityControl as { authenticated: boolean; encrypted: boolean };
    const text = json.ciphertext as string;
    const split = control.authenticated ? text.length - 24 : text.length;
    json = {
      ...without(json, ["ciphertext"]),
      [control.encrypted ? "ciphertext" : "information"]: text.slice(0, split),
      ...(control.authenticated ? { tag: text.slice(split) } : {}),
    };
  }
  if (name === "confirmed-service-error") {
    const { error, value: what } = json.serviceError as { error: keyof typeof ServiceError; value: string };
    json = {
      apdu: name,
      service: (json.service as string).replace("-error", "Error"),
      error,
      value: (ServiceError[error] as Record<string, number>)[what] as number,
    };
  }
  if (json.protocolVersion !== undefined) json.protocolVersion = "0780";
  if (json.userInformation !== undefined) {
    json.userInformation = { xdlms: neutralApdu(decodeApdu(fromHex(json.userInformation as string))) as Json };
  }
  return json;
}

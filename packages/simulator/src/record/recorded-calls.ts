import { type Apdu, type Data, type DataLike, encodeData, GetDataResult, treeOf } from "@dlmskit/apdu";
import { concat, Fault, list, Reader, toHex } from "@dlmskit/core";
import type { Call, Outcome } from "@dlmskit/server";
import { apduOf, type RecordedSession } from "./record-file.ts";

/** What was done with an attribute or a method, and with which parameters, as text. */
export interface CallName {
  readonly do: Call["do"];
  readonly classId: number;
  readonly instanceId: string;
  readonly index: number;
  /** Octets of the selection, the value or the argument, in hex. */
  readonly with: string;
}

const callText = ({ do: what, classId, instanceId, index, with: more }: CallName): string =>
  `${what} ${classId}/${instanceId}:${index}${more === "" ? "" : ` with ${more}`}`;

/** A call of a record, and its answer. */
export interface RecordedCall {
  readonly name: string;
  readonly outcome: Outcome;
}

const hexOf = (data: DataLike | undefined): string => (data === undefined ? "" : toHex(encodeData(treeOf(data))));

type Selection = { readonly selector: number; readonly parameters: DataLike } | undefined;
const selectionText = (selection: Selection): string =>
  selection === undefined ? "" : `${selection.selector}:${hexOf(selection.parameters)}`;

/** The name of a call that a client makes now. */
export function nameOfCall(call: Call): string {
  const { do: what, classId, instanceId, index } = call;
  const more =
    call.do === "read" ? selectionText(call.selection) : hexOf(call.do === "write" ? call.value : call.argument);
  return callText({ do: what, classId, instanceId, index, with: more });
}

/** The methods by which a client proves its secret: what they exchange is new in each session. */
const proofs = [
  { classId: 15, index: 1 },
  { classId: 12, index: 8 },
];

export const isProof = ({ classId, index }: { readonly classId: number; readonly index: number }): boolean =>
  proofs.some((one) => one.classId === classId && one.index === index);

/** Whether the parameters of a method are a new secret or new keys. */
export const isNewSecret = ({ classId, index }: { readonly classId: number; readonly index: number }): boolean =>
  (classId === 15 && index === 2) || (classId === 12 && index === 6) || (classId === 64 && index === 2);

interface Asked {
  readonly names: readonly string[];
  readonly list: boolean;
  readonly blocks: Uint8Array[];
}

type Attribute = {
  readonly attribute: { readonly classId: number; readonly instanceId: string; readonly attributeId: number };
  readonly access?: Selection;
};

const attributeName = (what: "read" | "write", { attribute, access }: Attribute, value?: Data): string =>
  callText({
    ...{ do: what, classId: attribute.classId, instanceId: attribute.instanceId, index: attribute.attributeId },
    with: what === "read" ? selectionText(access) : hexOf(value),
  });

/** The calls that a request makes; undefined: it makes none, or in a form that is replayed by its octets alone. */
function asked(apdu: Apdu): Asked | undefined {
  const of = (names: readonly string[], isList = false): Asked => ({ names, list: isList, blocks: [] });
  switch (apdu.apdu) {
    case "get-request-normal":
      return of([attributeName("read", apdu as Attribute)]);
    case "get-request-with-list":
      return of(
        apdu.attributes.map((one) => attributeName("read", one as Attribute)),
        true,
      );
    case "set-request-normal":
      return of([attributeName("write", apdu as Attribute, apdu.value)]);
    case "set-request-with-list":
      return of(
        apdu.attributes.map((one, at) => attributeName("write", one as Attribute, apdu.values[at])),
        true,
      );
    case "action-request-normal": {
      const { classId, instanceId, methodId } = apdu.method;
      if (isProof({ classId, index: methodId })) return undefined;
      return of([callText({ do: "invoke", classId, instanceId, index: methodId, with: hexOf(apdu.parameters) })]);
    }
    default:
      return undefined;
  }
}

type GetResult = { readonly data: Data } | { readonly dataAccessResult: string };
const outcomeOf = (result: GetResult): Outcome =>
  "data" in result ? { data: result.data } : { error: result.dataAccessResult as never };
const written = (result: string): Outcome => (result === "success" ? {} : { error: result as never });

/** The answers in a response to calls; undefined: more blocks follow, or it is no answer to them. */
function answers(apdu: Apdu, request: Asked): readonly Outcome[] | undefined {
  switch (apdu.apdu) {
    case "get-response-normal":
      return [outcomeOf(apdu.result as GetResult)];
    case "get-response-with-list":
      return apdu.results.map((one) => outcomeOf(one as GetResult));
    case "get-response-with-datablock": {
      const { lastBlock, result } = apdu.block;
      if (!("rawData" in result)) return request.names.map(() => ({ error: result.dataAccessResult as never }));
      request.blocks.push(result.rawData);
      return lastBlock ? joined(request) : undefined;
    }
    case "set-response-normal":
      return [written(apdu.result)];
    case "set-response-with-list":
      return apdu.results.map(written);
    case "action-response-normal": {
      const { result, returnParameters } = apdu;
      if (result !== "success") return [written(result)];
      const data = returnParameters as GetResult | undefined;
      return [data !== undefined && "data" in data ? { data: data.data } : {}];
    }
    case "exception-response":
      return request.names.map(() => ({ error: "other-reason" }));
    default:
      return undefined;
  }
}

function joined({ blocks, list: isList }: Asked): readonly Outcome[] | undefined {
  const octets = concat(...blocks);
  try {
    if (!isList) return [{ data: treeOf({ type: "encoded", octets }) }];
    return list(GetDataResult, 2)
      .read(new Reader(octets))
      .map((one) => outcomeOf(one as GetResult));
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** The values that were read from or written to attributes. */
export function namedValuesOf(session: {
  readonly apdus: readonly SaidApdu[];
}): readonly (Omit<CallName, "with" | "do"> & { readonly data: Data })[] {
  const written = session.apdus.flatMap(({ plain }) => {
    const apdu = plain && apduOf(plain);
    if (apdu?.apdu === "set-request-with-list") {
      return apdu.attributes.flatMap(({ attribute: { classId, instanceId, attributeId: index } }, at) => {
        const data = apdu.values[at];
        return data === undefined ? [] : [{ classId, instanceId: instanceId as string, index, data }];
      });
    }
    if (apdu?.apdu !== "set-request-normal") return [];
    const { classId, instanceId, attributeId: index } = apdu.attribute;
    return [{ classId, instanceId: instanceId as string, index, data: apdu.value }];
  });
  const read = callsOf(session).flatMap(({ name, outcome }) => {
    const [, what, classId, instanceId = "", index] = /^(\w+) (\d+)\/([\d.]+):(-?\d+)/.exec(name) ?? [];
    if (what !== "read" || outcome.error !== undefined || outcome.data === undefined) return [];
    return [{ classId: Number(classId), instanceId, index: Number(index), data: treeOf(outcome.data) }];
  });
  return [...written, ...read];
}

type SaidApdu = Pick<RecordedSession["apdus"][number], "way" | "plain">;

/** The calls of a session and their answers, in order. */
export function callsOf({ apdus }: { readonly apdus: readonly SaidApdu[] }): readonly RecordedCall[] {
  const calls: RecordedCall[] = [];
  let request: Asked | undefined;
  for (const { way, plain } of apdus) {
    const apdu = plain && apduOf(plain);
    if (apdu === undefined) continue;
    if (way === "received") {
      request = asked(apdu) ?? (apdu.apdu === "get-request-next" ? request : undefined);
      continue;
    }
    const told = request && answers(apdu, request);
    if (request === undefined || told === undefined) continue;
    for (const [at, name] of request.names.entries()) {
      const outcome = told[at];
      if (outcome !== undefined) calls.push({ name, outcome });
    }
    request = undefined;
  }
  return calls;
}

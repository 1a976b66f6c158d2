import { ActionResponseItem, Data, type DataLike, encodeData, GetDataResult } from "@dlmskit/apdu";
import { encode, list } from "@dlmskit/core";
import type { ActionOutcome, GetResult } from "./services.ts";

/** SEQUENCE OF Get-Data-Result: what the blocks of a GET of a list carry. */
export const GetDataResults = list(GetDataResult, 2);
/** SEQUENCE OF Action-Response-With-Optional-Data: what the blocks of an ACTION of a list carry. */
export const ActionResponseItems = list(ActionResponseItem, 2);
/** SEQUENCE OF Data: what the blocks of a SET or ACTION of a list carry. */
export const DataList = list(Data);

/** The octets of such a list. */
export function dataList(values: readonly DataLike[]): Uint8Array {
  return encode(DataList, values as Data[]);
}

/** A result for the wire, with its data encoded: its size is known and nothing is encoded twice. */
export function getDataResult(result: GetResult): GetDataResult {
  if ("error" in result) return { dataAccessResult: result.error };
  // The codec is typed for the tree that it reads; it also writes octets that are encoded already.
  return { data: { type: "encoded", octets: encodeData(result.data) } as unknown as Data };
}

/** The result of the wire for the program. */
export function getResult(result: GetDataResult): GetResult {
  return result.dataAccessResult === undefined ? { data: result.data } : { error: result.dataAccessResult };
}

export function actionResponseItem({ result, data }: ActionOutcome): ActionResponseItem {
  if (data === undefined) return { result };
  return { result, returnParameters: getDataResult("error" in data ? data : { data }) };
}

export function actionOutcome({ result, returnParameters }: ActionResponseItem): ActionOutcome {
  if (returnParameters === undefined) return { result };
  const returned = getResult(returnParameters);
  return { result, data: "error" in returned ? returned : returned.data };
}

import {
  ActionResponseItem,
  Data,
  type DataAccessResultName,
  type DataLike,
  encodeData,
  GetDataResult,
  Invoke,
} from "@dlmskit/apdu";
import { encode, list, Writer } from "@dlmskit/core";
import type { Piece } from "../transfer/source.ts";

/** SEQUENCE OF Get-Data-Result: what the blocks of a GET of a list carry. */
export const GetDataResults = list(GetDataResult, 2);
/** SEQUENCE OF Action-Response-With-Optional-Data: what the blocks of an ACTION of a list carry. */
export const ActionResponseItems = list(ActionResponseItem, 2);
/** SEQUENCE OF Data: what the blocks of a SET or ACTION of a list carry. */
export const DataList = list(Data);

/** Data, or why there is none: what Get-Data-Result is for the program. */
export type DataOrError = { readonly data: DataLike } | { readonly error: DataAccessResultName };

/** The octets of such a list. */
export function dataList(values: readonly DataLike[]): Uint8Array {
  return encode(DataList, values as Data[]);
}

/** The result of the wire for the program. */
export function dataOrError(result: GetDataResult): DataOrError {
  return result.dataAccessResult === undefined ? { data: result.data } : { error: result.dataAccessResult };
}

/** Writes a response that carries an answer: octets of what is available, streams as they are. */
export class AnswerWriter {
  readonly #to = new Writer(64);
  #pieces: Piece[] | undefined;

  /** `head`: tag and choice of the response; its invoke-id follows, where it has one. */
  constructor(head: Uint8Array, invoke?: Invoke) {
    this.#to.put(head);
    if (invoke !== undefined) Invoke.write(invoke, this.#to);
  }

  /** What is available. */
  put(octets: Uint8Array): void {
    this.#to.put(octets);
  }

  /** A count of items. */
  count(items: number): void {
    this.#to.size(items);
  }

  /** A Get-Data-Result. Faults of encoding its data. */
  result(result: DataOrError): void {
    if ("error" in result) {
      GetDataResult.write({ dataAccessResult: result.error }, this.#to);
      return;
    }
    const { data } = result;
    if (data.type !== "streamed") {
      // The codec is typed for the tree that it reads; it also writes octets that are encoded already.
      GetDataResult.write({ data: data as Data }, this.#to);
      return;
    }
    this.#pieces ??= [];
    this.#cut();
    this.#pieces.push({ head: dataFollows, stream: data, instead: refusedResult });
  }

  /** All of it: octets, where there is no stream in it. */
  done(): Uint8Array | readonly Piece[] {
    if (this.#pieces === undefined) return this.#to.done();
    this.#cut();
    return this.#pieces;
  }

  #cut(): void {
    if (this.#to.length === 0) return;
    this.#pieces?.push(this.#to.done());
    this.#to.reset();
  }
}

/** The choice of Get-Data-Result that says that data follow. */
const dataFollows = encode(GetDataResult, { data: { type: "null-data" } }).subarray(0, 1);

function refusedResult(dataAccessResult: DataAccessResultName): Uint8Array {
  return encode(GetDataResult, { dataAccessResult });
}

/** Ends the streams of results that will not be sent. */
export function giveUp(results: readonly unknown[]): void {
  for (const result of results) {
    if (typeof result !== "object" || result === null || !("data" in result)) continue;
    const { data } = result as { data?: DataLike | { readonly error: unknown } };
    if (data !== undefined && "type" in data && data.type === "streamed") data.close?.();
  }
}

/** A value encoded beforehand: its size is known, and nothing is encoded twice. */
export function encoded(value: DataLike): DataLike {
  return { type: "encoded", octets: encodeData(value) };
}

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

/** SEQUENCE OF Get-Data-Result: the contents of the blocks of a GET of a list. */
export const GetDataResults = list(GetDataResult, 2);
/** SEQUENCE OF Action-Response-With-Optional-Data: the contents of the blocks of an ACTION of a list. */
export const ActionResponseItems = list(ActionResponseItem, 2);
/** SEQUENCE OF Data: the contents of the blocks of a SET or ACTION of a list. */
export const DataList = list(Data);

/** Data, or why there are none: the type of Get-Data-Result for the program. */
export type DataOrError = { readonly data: DataLike } | { readonly error: DataAccessResultName };

/** Encodes such a list. */
export function dataList(values: readonly DataLike[]): Uint8Array {
  return encode(DataList, values as Data[]);
}

/** Converts the result of the wire to that of the program. */
export function dataOrError(result: GetDataResult): DataOrError {
  return result.dataAccessResult === undefined ? { data: result.data } : { error: result.dataAccessResult };
}

/** Writes a response: encoded octets for available values; streams are kept as pieces. */
export class AnswerWriter {
  readonly #to = new Writer(64);
  #pieces: Piece[] | undefined;

  /** `head`: tag and choice of the response; the invoke-id follows, if the response has one. */
  constructor(head: Uint8Array, invoke?: Invoke) {
    this.#to.put(head);
    if (invoke !== undefined) Invoke.write(invoke, this.#to);
  }

  /** Writes octets that are available. */
  put(octets: Uint8Array): void {
    this.#to.put(octets);
  }

  /** Writes a count of items. */
  count(items: number): void {
    this.#to.size(items);
  }

  /** Writes a Get-Data-Result. Faults of encoding its data. */
  result(result: DataOrError): void {
    if ("error" in result) {
      GetDataResult.write({ dataAccessResult: result.error }, this.#to);
      return;
    }
    const { data } = result;
    if (data.type !== "streamed") {
      // The codec has the type of the decoded tree; it also writes octets that are already encoded.
      GetDataResult.write({ data: data as Data }, this.#to);
      return;
    }
    this.#pieces ??= [];
    this.#cut();
    this.#pieces.push({ head: dataFollows, stream: data, instead: refusedResult });
  }

  /** The complete response: octets if it contains no stream, else its pieces. */
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

/** The choice of Get-Data-Result for data. */
const dataFollows = encode(GetDataResult, { data: { type: "null-data" } }).subarray(0, 1);

function refusedResult(dataAccessResult: DataAccessResultName): Uint8Array {
  return encode(GetDataResult, { dataAccessResult });
}

/** Ends the streams in results that will not be sent. */
export function giveUp(results: readonly unknown[]): void {
  for (const result of results) {
    if (typeof result !== "object" || result === null || !("data" in result)) continue;
    const { data } = result as { data?: DataLike | { readonly error: unknown } };
    if (data !== undefined && "type" in data && data.type === "streamed") data.close?.();
  }
}

/** Encodes a value in advance: its size is then known, and it is encoded only once. */
export function encoded(value: DataLike): DataLike {
  return { type: "encoded", octets: encodeData(value) };
}

import { Fault, Writer } from "@dlmskit/core";
import type { StreamedData, StreamPart } from "./data-type.ts";

/** A streamed value from octets that are made part by part, for example by a generator. */
export function streamedData(parts: Iterable<Exclude<StreamPart, undefined>>): StreamedData {
  const iterator = parts[Symbol.iterator]();
  return {
    type: "streamed",
    next() {
      const { done, value } = iterator.next();
      return done === true ? undefined : value;
    },
    close() {
      iterator.return?.();
    },
  };
}

/**
 * Collects all octets of a streamed value. Fault `stream-not-ready` if a part is not ready ("later"), `stream-failed` if the
 * stream ends in an error. Exceptions of `next` are not caught.
 */
export function collected(stream: StreamedData): Uint8Array {
  const to = new Writer();
  for (;;) {
    const part = stream.next(Number.POSITIVE_INFINITY);
    if (part === undefined) return to.done();
    if (part === "later") {
      stream.close?.();
      throw new Fault("stream-not-ready", "a streamed value is needed completely, but is not complete yet", {
        layer: "axdr",
        hint: "only the result of a GET or the return parameters of an ACTION can be given in parts",
      });
    }
    if ("error" in part) {
      throw new Fault("stream-failed", `a streamed value ended with ${part.error}`, { layer: "axdr" });
    }
    to.put(part);
  }
}

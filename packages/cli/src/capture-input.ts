import { existsSync, readFileSync, statSync } from "node:fs";
import { CaptureReader, type CaptureRecord, readCapture } from "@dlmskit/capture";
import { Fault } from "@dlmskit/core";
import { io } from "./io.ts";

/** The records of an input, in order. */
export interface Captured {
  readonly records: AsyncIterable<CaptureRecord> | Iterable<CaptureRecord>;
  /** True if there may be several records. Each gets its own answer, in order. */
  readonly many: boolean;
}

/** The octets of a file. Fault `no-such-file` with the path. */
export function readInputFile(path: string): Uint8Array {
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new Fault("no-such-file", `"${path}" is neither octets in hex nor an existing file`, {
      layer: "cli",
      hint: "give octets in hex, a file, or - for standard input",
    });
  }
  return readFileSync(path);
}

/** The text of a file, UTF-8 or UTF-16. Fault `no-such-file`. */
export const readTextFile = (path: string): string => textOf(readInputFile(path));

/** The text in octets, UTF-8 or UTF-16. */
export function textOf(octets: Uint8Array): string {
  const text =
    octets[0] === 0xff && octets[1] === 0xfe
      ? new TextDecoder("utf-16le").decode(octets)
      : new TextDecoder().decode(octets);
  return text.replace(/^\uFEFF/, "");
}

/**
 * The records of standard input, each as soon as its lines have arrived. If the first octets are not text, or are UTF-16, the
 * whole input is read like a file. `emptyLines`: a line without octets gets an answer too.
 */
async function* standardInput(emptyLines: boolean): AsyncIterable<CaptureRecord> {
  const decoder = new TextDecoder();
  const reader = new CaptureReader({ emptyLines });
  const whole: Uint8Array[] = [];
  let isText: boolean | undefined;
  let left = "";
  for await (const chunk of io().stdin as AsyncIterable<Uint8Array>) {
    isText ??=
      !chunk.some((octet) => octet < 0x20 && ![9, 10, 12, 13].includes(octet)) &&
      chunk[0] !== 0xff &&
      chunk[0] !== 0xfe;
    if (!isText) {
      whole.push(chunk);
      continue;
    }
    const lines = (left + decoder.decode(chunk, { stream: true })).split("\n");
    left = lines.pop() ?? "";
    for (const line of lines) yield* reader.push(line);
  }
  if (isText === false) return yield* readCapture(Buffer.concat(whole));
  left += decoder.decode();
  if (left !== "") yield* reader.push(left);
  yield* reader.end();
}

/**
 * The records of `[HEX|FILE|-]`. Octets may be spread over several arguments; without arguments standard input is read.
 * Faults `no-such-file`, `bad-hex`.
 */
export function captureInput(given: readonly string[], emptyLines: boolean): Captured {
  const [first] = given;
  if (first === undefined || (first === "-" && given.length === 1)) {
    return { records: standardInput(emptyLines), many: true };
  }
  if (given.length === 1 && existsSync(first) && statSync(first).isFile()) return recordsOf(readInputFile(first));
  const captured = recordsOf(given.join(" "));
  if (!captured.records.every(({ fault }) => fault !== undefined)) return captured;
  const wrong = captured.records.find(({ prose }) => prose === true);
  // An odd number of hex digits is a typing error, not a file name.
  if (wrong !== undefined && given.length === 1) readInputFile(first);
  if (wrong?.fault !== undefined) throw wrong.fault;
  return captured;
}

function recordsOf(input: string | Uint8Array): { records: readonly CaptureRecord[]; many: boolean } {
  const records = readCapture(input);
  if (records.length === 0) {
    const fault = new Fault("truncated", "the input has no octets", { layer: "capture", offset: 0 });
    return { records: [{ octets: new Uint8Array(0), notation: "hex", guesses: [], fault }], many: false };
  }
  return { records, many: records.length > 1 };
}

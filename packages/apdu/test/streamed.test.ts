import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  apduToXml,
  type Data,
  type DataLike,
  decodeData,
  encodeApdu,
  encodeData,
  type StreamedData,
  type StreamPart,
  streamedData,
  streamedStructure,
  treeOf,
} from "../src/index.ts";

const value: Data = {
  type: "structure",
  value: [
    { type: "octet-string", value: Uint8Array.from({ length: 200 }, (_, at) => at) },
    { type: "double-long-unsigned", value: 7 },
  ],
};
const octets = encodeData(value);

/** The octets, cut at these places. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (whole.length + 1)).sort((one, other) => one - other)];
  return sorted.map((place, at) => whole.subarray(place, sorted[at + 1] ?? whole.length));
}

function pulled(stream: StreamedData): StreamPart[] {
  const parts: StreamPart[] = [];
  for (let part = stream.next(1); part !== undefined; part = stream.next(1)) parts.push(part);
  return parts;
}

describe("a streamed Data", () => {
  it("is collected where it is needed whole, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 8 }), (places) => {
        const streamed = () => streamedData(cut(octets, places));
        expect(encodeData(streamed())).toEqual(octets);
        expect(encodeData({ type: "array", value: [streamed() as unknown as Data] })).toEqual(
          encodeData({ type: "array", value: [value] }),
        );
        expect(treeOf(streamed())).toEqual(decodeData(octets));
      }),
    );
  });

  it("is written in APDUs and in XML", () => {
    const apdu = (data: DataLike) =>
      ({
        apdu: "get-response-normal",
        invokeId: 1,
        priority: "normal",
        serviceClass: "confirmed",
        result: { data },
      }) as const;
    expect(encodeApdu(apdu(streamedData([octets])))).toEqual(encodeApdu(apdu(value)));
    expect(apduToXml(apdu(streamedData([octets])))).toBe(apduToXml(apdu(value)));
  });

  it("that is not at hand, or ends in an error, is a Fault where it is needed whole", () => {
    let closed = 0;
    const parts: StreamPart[] = [octets, "later"];
    const later: StreamedData = { type: "streamed", next: () => parts.shift(), close: () => closed++ };
    expect(() => encodeData(later)).toThrow(expect.objectContaining({ code: "stream-not-ready", layer: "axdr" }));
    expect(closed).toBe(1);
    expect(() => encodeData(streamedData([octets, { error: "hardware-fault" }]))).toThrow(
      expect.objectContaining({ code: "stream-failed", layer: "axdr" }),
    );
  });

  it("made of a generator tells it that it is given up", () => {
    let ended = false;
    const stream = streamedData(
      (function* () {
        try {
          yield octets;
          yield octets;
        } finally {
          ended = true;
        }
      })(),
    );
    expect(stream.next(1)).toEqual(octets);
    stream.close?.();
    expect(ended).toBe(true);
    expect(stream.next(1)).toBeUndefined();
  });
});

describe("a structure that is streamed", () => {
  it("is the structure, its streams pulled when their turn comes", () => {
    const pulls: string[] = [];
    const inner = (name: string, parts: StreamPart[]): StreamedData => ({
      type: "streamed",
      next: () => {
        pulls.push(name);
        return parts.shift();
      },
    });
    const [first, second] = cut(octets, [50]) as [Uint8Array, Uint8Array];
    const stream = streamedStructure([
      { type: "unsigned", value: 1 },
      inner("a", [first, "later", second]),
      { type: "encoded", octets },
      inner("b", [octets]),
    ]);
    expect(pulls).toEqual([]);
    const parts = pulled(stream);
    expect(parts.filter((part) => part === "later")).toHaveLength(1);
    expect(pulls).toEqual(["a", "a", "a", "a", "b", "b"]);
    const whole = parts.flatMap((part) => (part instanceof Uint8Array ? [...part] : []));
    const tree: Data = { type: "structure", value: [{ type: "unsigned", value: 1 }, value, value, value] };
    expect(decodeData(Uint8Array.from(whole))).toEqual(tree);
    expect(encodeData(streamedStructure([]))).toEqual(Uint8Array.of(2, 0));
  });

  it("ends with the error of an element, and gives up the others", () => {
    const closed: string[] = [];
    const inner = (name: string, next: () => StreamPart): StreamedData => ({
      type: "streamed",
      next,
      close: () => closed.push(name),
    });
    const failing = streamedStructure([
      inner("failed", () => ({ error: "object-unavailable" })),
      inner("other", () => undefined),
    ]);
    expect(pulled(failing).at(-1)).toEqual({ error: "object-unavailable" });
    expect(closed).toEqual(["other"]);
    const throwing = streamedStructure([
      inner("threw", () => {
        throw new Error("lost");
      }),
      inner("another", () => undefined),
    ]);
    expect(() => pulled(throwing)).toThrow("lost");
    expect(closed).toEqual(["other", "another"]);
    const wrong = streamedStructure([{ type: "unsigned", value: 300 }, inner("last", () => undefined)]);
    expect(() => pulled(wrong)).toThrow(expect.objectContaining({ code: "out-of-range" }));
    expect(closed).toEqual(["other", "another", "last"]);
    const given = streamedStructure([inner("one", () => octets), inner("two", () => octets)]);
    given.next(1);
    given.next(1);
    given.close?.();
    expect(closed.slice(3)).toEqual(["one", "two"]);
    expect(given.next(1)).toBeUndefined();
  });
});

import { concat, decode, Fault, fromHex, Reader, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { decodeFrame, encodeFrame, framesOf, MbusFrame, MbusJoiner, MbusSplitter, segmentOf } from "../src/index.ts";

const code = (run: () => unknown): string => {
  try {
    run();
    return "no fault";
  } catch (caught) {
    expect(caught).toBeInstanceOf(Fault);
    return (caught as Fault).code;
  }
};
const octet = fc.nat(0xff);
const anyFrame: fc.Arbitrary<MbusFrame> = fc.record({
  control: octet,
  address: octet,
  controlInformation: octet,
  userData: fc.uint8Array({ maxLength: 252 }),
});
const push = { sourceSap: 1, destinationSap: 103 };

describe("a long frame", () => {
  it("there and back, in octets and JSON", () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const octets = encodeFrame(frame);
        expect(decodeFrame(octets)).toEqual(frame);
        expect(MbusFrame.fromJson(JSON.parse(JSON.stringify(MbusFrame.toJson(frame))))).toEqual(frame);
      }),
    );
  });

  it("is 68 L L 68 C A CI, data, sum, 16", () => {
    const frame = { control: 0x53, address: 0xff, controlInformation: 0x10, userData: fromHex("0167aa") };
    expect(toHex(encodeFrame(frame))).toBe("6806066853ff100167aa7416");
    expect(MbusFrame.toJson(frame)).toEqual({
      layer: "mbus",
      frame: "long",
      control: 83,
      address: 255,
      controlInformation: 16,
      userData: "0167aa",
    });
  });

  it.each([
    ["6906066853ff100167aa7416", "bad-start"],
    ["6806076853ff100167aa7416", "bad-length"],
    ["6802026853ff5216", "bad-length"],
    ["6806066953ff100167aa7416", "bad-start"],
    ["6806066853ff100167aa74", "truncated"],
    ["6806066853ff100167aa7516", "mbus-checksum"],
    ["6806066853ff100167aa7417", "bad-stop"],
    ["6806066853ff100167aa741600", "trailing-octets"],
    ["", "truncated"],
  ])("%s is refused: %s", (hex, wanted) => {
    expect(code(() => decodeFrame(fromHex(hex)))).toBe(wanted);
  });

  it("tells an observer of its fields", () => {
    const steps: string[] = [];
    const observer = { enter: (step: string, at: number) => steps.push(`${step}@${at}`), leave: () => {} };
    MbusFrame.read(new Reader(fromHex("6806066853ff100167aa7416"), { observer }));
    expect(steps).toEqual(["control@4", "address@5", "controlInformation@6", "userData@7"]);
  });

  it("refuses to be written too long, or with fields past an octet", () => {
    const frame = { control: 0, address: 0, controlInformation: 0, userData: new Uint8Array(253) };
    expect(code(() => encodeFrame(frame))).toBe("frame-too-long");
    expect(code(() => encodeFrame({ ...frame, userData: new Uint8Array(0), control: 256 }))).toBe("out-of-range");
  });

  it.each([[{ layer: "hdlc" }], [{ frame: "short" }], [{ userData: 7 }], [{ control: "x" }], [{ more: 1 }]])(
    "%j is no JSON of one",
    (change) => {
      const json = { control: 1, address: 2, controlInformation: 3, userData: "" };
      expect(MbusFrame.fromJson(json)).toMatchObject({ address: 2 });
      expect(() => MbusFrame.fromJson({ ...json, ...change })).toThrow(Fault);
    },
  );
});

describe("segments", () => {
  it("of any APDU join to it again, through any cut of the stream, with noise between", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: 6, max: 255 }),
        fc.array(fc.nat(300)),
        fc.uint8Array({ maxLength: 5 }).map((noise) => noise.map((one) => one & 0x3f)),
        (apdu, longest, cuts, noise) => {
          const frames = framesOf(apdu, { ...push, longest });
          for (const frame of frames) expect(encodeFrame(frame)[1]).toBeLessThanOrEqual(longest);
          const stream = concat(...frames.flatMap((frame) => [noise, encodeFrame(frame)]));
          const splitter = new MbusSplitter();
          const joiner = new MbusJoiner();
          const joined = [];
          const all: Uint8Array[] = [];
          let at = 0;
          for (const cut of [...cuts, stream.length]) {
            for (const split of splitter.push(stream.subarray(at, at + cut))) {
              all.push(split.octets);
              if (split.frame !== undefined) joined.push(joiner.push(split.frame));
            }
            at += cut;
          }
          expect(joined.slice(0, -1).every(({ type }) => type === "held")).toBe(true);
          expect(joined.at(-1)).toEqual({ type: "received", pdu: apdu, ...push });
          expect(concat(...all, splitter.flush())).toEqual(stream);
          expect(joiner.held).toBe(0);
        },
      ),
    );
  });

  it("are those of control information 00 to 1F", () => {
    const frame = { control: 0x53, address: 0xff, controlInformation: 0x11, userData: fromHex("0167aa") };
    expect(segmentOf(frame)).toEqual({ sequence: 1, final: true, ...push, octets: fromHex("aa") });
    expect(segmentOf({ ...frame, controlInformation: 0x72 })).toBeUndefined();
    expect(segmentOf({ ...frame, userData: fromHex("01") })).toBeUndefined();
    const joined = new MbusJoiner().push({ ...frame, controlInformation: 0x72 });
    expect(joined).toMatchObject({ type: "dropped", fault: { code: "not-dlms" } });
  });

  it("that are missing are told, and the next APDU is read", () => {
    const frames = framesOf(new Uint8Array(600), push);
    const joiner = new MbusJoiner();
    expect(joiner.push(frames[0] as MbusFrame).type).toBe("held");
    expect(joiner.held).toBe(245);
    expect(joiner.push(frames[2] as MbusFrame)).toMatchObject({ type: "dropped", fault: { code: "missing-segment" } });
    expect(frames.map((frame) => joiner.push(frame).type)).toEqual(["held", "held", "received"]);
  });

  it("start anew with sequence 0, another address or another SAP", () => {
    const frames = framesOf(new Uint8Array(400), push);
    const joiner = new MbusJoiner();
    joiner.push(frames[0] as MbusFrame);
    expect(frames.map((frame) => joiner.push(frame).type)).toEqual(["held", "received"]);
    joiner.push(frames[0] as MbusFrame);
    const other = { ...(frames[1] as MbusFrame), address: 1 };
    expect(joiner.push(other)).toMatchObject({ fault: { code: "missing-segment" } });
  });

  it("are held up to a limit", () => {
    const joiner = new MbusJoiner(300);
    const types = framesOf(new Uint8Array(400), push).map((frame) => joiner.push(frame));
    expect(types).toMatchObject([{ type: "held" }, { type: "dropped", fault: { code: "pdu-too-long" } }]);
    expect(joiner.held).toBe(0);
  });

  it("refuse what an octet cannot hold", () => {
    expect(code(() => framesOf(new Uint8Array(1), { sourceSap: 256, destinationSap: 1 }))).toBe("out-of-range");
    expect(code(() => framesOf(new Uint8Array(1), { ...push, longest: 5 }))).toBe("out-of-range");
  });
});

describe("the splitter", () => {
  const frame = encodeFrame({ control: 0x53, address: 0xff, controlInformation: 0x10, userData: fromHex("0167aa") });

  it("takes any octets, and gives all of them", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(octet, fc.constant(0x68), fc.constant(0x03)), { maxLength: 100 }), (numbers) => {
        const octets = Uint8Array.from(numbers);
        const splitter = new MbusSplitter();
        const found = splitter.push(octets);
        expect(concat(...found.map((one) => one.octets), splitter.flush())).toEqual(octets);
        for (const one of found) if (one.frame !== undefined) decode(MbusFrame, one.octets);
      }),
      { numRuns: times(200) },
    );
  });

  it("finds a frame behind what only looks like one", () => {
    const broken = frame.slice();
    broken[broken.length - 2] = 0;
    const found = new MbusSplitter().push(concat(fromHex("e5"), broken, frame));
    expect(found.filter((one) => one.frame !== undefined)).toHaveLength(1);
    expect(found.flatMap((one) => (one.frame === undefined && one.fault ? [one.fault.code] : []))).toEqual([
      "mbus-checksum",
    ]);
  });

  it("waits for the rest of a frame, and no longer than its head allows", () => {
    const splitter = new MbusSplitter();
    for (const [at, one] of frame.entries()) {
      const found = splitter.push(Uint8Array.of(one));
      expect(found).toHaveLength(at === frame.length - 1 ? 1 : 0);
    }
    expect(splitter.held).toBe(0);
    for (const hex of ["6802", "680607", "68060669"]) {
      expect(splitter.push(fromHex(hex)).length).toBeGreaterThan(0);
      splitter.flush();
    }
    expect(splitter.push(fromHex("6806"))).toEqual([]);
    expect(splitter.flush()).toEqual(fromHex("6806"));
  });
});

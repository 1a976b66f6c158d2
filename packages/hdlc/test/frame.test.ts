import { decode, Fault, type Json, Reader, type ReadObserver, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressFromJson,
  type Control,
  decodeFrame,
  decodeNegotiation,
  decodeRejection,
  encodeFrame,
  encodeNegotiation,
  encodeRejection,
  Frame,
  FrameSplitter,
  frameFromJson,
  frameToJson,
  type HdlcAddress,
  hdlcAddress,
  lowerAddressOfSerial,
  negotiationFromJson,
  Primary,
  type Rejection,
  type RejectReason,
  Station,
  sameStation,
} from "../src/index.ts";
import { altered, client, command, frame, poll, server } from "./meter.ts";

const part = (high: number): fc.Arbitrary<number> => fc.nat({ max: high });
const address: fc.Arbitrary<HdlcAddress> = fc.oneof(
  part(0x7f).map((upper) => hdlcAddress({ upper, octets: 1 })),
  fc.tuple(part(0x7f), part(0x7f)).map(([upper, lower]) => hdlcAddress({ upper, lower, octets: 2 })),
  fc.tuple(part(0x3fff), part(0x3fff)).map(([upper, lower]) => hdlcAddress({ upper, lower, octets: 4 })),
);
const control: fc.Arbitrary<Control> = fc.oneof(
  fc.record({
    frame: fc.constantFrom("snrm", "disc", "ua", "dm", "frmr", "ui"),
    pollFinal: fc.boolean(),
  }),
  fc.record({ frame: fc.constant("i"), pollFinal: fc.boolean(), sendSequence: part(7), receiveSequence: part(7) }),
  fc.record({ frame: fc.constantFrom("rr", "rnr"), pollFinal: fc.boolean(), receiveSequence: part(7) }),
  fc.constant({ frame: "unknown", pollFinal: true, control: 0xff } as const),
);
const anyFrame: fc.Arbitrary<Frame> = fc
  .tuple(
    control,
    fc.record({
      destination: address,
      source: address,
      segmented: fc.boolean(),
      information: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(200).fill(0x7e))),
    }),
  )
  .map(([fields, envelope]) => ({ ...fields, ...envelope }));

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
  return "none";
};

function collect(splitter: FrameSplitter, pieces: Uint8Array[], now = 0): { frames: string[]; dropped: string[] } {
  const frames: string[] = [];
  const dropped: string[] = [];
  for (const piece of pieces) {
    for (const split of splitter.push(piece, now)) {
      if (split.frame === undefined) dropped.push(split.why);
      else frames.push(toHex(split.octets));
    }
  }
  return { frames, dropped };
}

const join = (...parts: (Uint8Array | number[])[]): Uint8Array => Uint8Array.from(parts.flatMap((one) => [...one]));
const never = Number.POSITIVE_INFINITY;

describe("the frame codec", () => {
  it("H37 is lossless in octets and in JSON, with and without an information field", () => {
    fc.assert(
      fc.property(anyFrame, (one) => {
        const octets = encodeFrame(one);
        expect(decodeFrame(octets)).toEqual(one);
        expect(decode(Frame, octets)).toEqual(one);
        expect(frameFromJson(JSON.parse(JSON.stringify(frameToJson(one))) as Json)).toEqual(one);
        const header = 2 + one.destination.octets + one.source.octets + 1;
        const extra = one.information.length === 0 ? 0 : one.information.length + 2;
        expect(octets).toHaveLength(header + extra + 2 + 2);
      }),
    );
  });

  it("is total: any octets, any changed frame, give a frame or a Fault", () => {
    const damaged = fc.tuple(anyFrame, fc.nat(), fc.nat({ max: 255 }), fc.nat()).map(([one, at, octet, cut]) => {
      const octets = encodeFrame(one);
      octets[at % octets.length] = octet;
      return octets.subarray(0, octets.length - (cut % 3));
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), damaged), (octets) => {
        codeOf(() => decodeFrame(octets));
        codeOf(() => decode(Frame, octets));
        codeOf(() => decodeNegotiation(octets));
        codeOf(() => decodeRejection(octets));
      }),
    );
  });

  it("names what is wrong and where", () => {
    const good = frame(poll.snrm);
    expect(codeOf(() => decodeFrame(good.subarray(1)))).toBe("no-opening-flag");
    expect(codeOf(() => decodeFrame(good.subarray(0, -1)))).toBe("no-closing-flag");
    expect(codeOf(() => decodeFrame(Uint8Array.of(0x7e, 0x7e)))).toBe("frame-too-short");
    expect(codeOf(() => decodeFrame(Uint8Array.of(0x7e, 0xa0, 2, 0x7e)))).toBe("frame-too-short");
    // Addresses that leave no room for the control octet; an information field of no octets.
    expect(codeOf(() => decodeFrame(Uint8Array.of(0x7e, 0xa0, 7, 0, 3, 3, 1, 1, 0x7e)))).toBe("frame-too-short");
    expect(codeOf(() => decodeFrame(Uint8Array.of(0x7e, 0xa0, 8, 3, 3, 0x93, 1, 1, 1, 0x7e)))).toBe("frame-too-short");
    expect(codeOf(() => decode(Frame, good.subarray(0, -3)))).toBe("truncated");
    expect(codeOf(() => decode(Frame, good.subarray(1)))).toBe("no-opening-flag");
    const zeroed = altered(good, (inner) => inner.splice(2, 1, 0), "none");
    expect(codeOf(() => decode(Frame, zeroed))).toBe("fcs-mismatch");
    expect(codeOf(() => encodeFrame({ ...decodeFrame(good), information: new Uint8Array(2040) }))).toBe(
      "frame-too-long",
    );
  });

  it("tells an observer where the fields lie", () => {
    const seen: string[] = [];
    const observer: ReadObserver = {
      enter: (step, offset) => seen.push(`${step}@${offset}`),
      leave: (offset) => seen.push(`${seen.pop()}-${offset}`),
    };
    Frame.read(new Reader(frame(poll.i(0, 0), { information: command("c0") }), { observer }));
    expect(seen.join(" ")).toBe("format@1-3 destination@3-5 source@5-6 control@6-7 hcs@7-9 information@9-13 fcs@13-15");
    seen.length = 0;
    Frame.read(new Reader(frame(poll.snrm), { observer }));
    expect(seen).toHaveLength(5);
  });

  it("reads JSON that people write, and refuses what is none", () => {
    const snrm = {
      frame: "snrm",
      destination: { upper: 1, lower: 17 },
      source: { upper: 16 },
      parameters: { windowSizeTransmit: 3 },
    };
    expect(frameToJson(frameFromJson(snrm))).toEqual({
      layer: "hdlc",
      frame: "snrm",
      destination: { upper: 1, lower: 17, octets: 2 },
      source: { upper: 16, octets: 1 },
      pollFinal: true,
      segmented: false,
      information: "818006070400000003",
      parameters: { windowSizeTransmit: 3 },
    });
    for (const wrong of [
      null,
      { ...snrm, frame: "sabm" },
      { ...snrm, frame: "rr" },
      { ...snrm, layer: "wrapper" },
      { ...snrm, surplus: 1 },
      { ...snrm, pollFinal: 1 },
      { ...snrm, information: 1 },
      { ...snrm, parameters: { window: 1 } },
      { ...snrm, parameters: { windowSizeTransmit: "1" } },
    ]) {
      expect(codeOf(() => frameFromJson(wrong as Json))).toBe("bad-json");
    }
    for (const wrong of [{}, { upper: 1, lower: "1" }, { upper: 1, octets: 3 }, { upper: 1, more: 1 }]) {
      expect(codeOf(() => addressFromJson(wrong as Json))).toBe("bad-json");
    }
    // A list of parameters that cannot be read is left as it is.
    const odd = frameToJson({ ...frameFromJson(snrm), information: Uint8Array.of(1) });
    expect(odd.parameters).toBeUndefined();
    expect(odd.information).toBe("01");
  });

  it("writes parameters and rejections that it reads", () => {
    const value = fc.option(fc.nat({ max: 0xffff }), { nil: undefined });
    fc.assert(
      fc.property(value, value, value, value, (a, b, c, d) => {
        const negotiation = {
          ...(a === undefined ? {} : { maxInfoFieldLengthTransmit: a }),
          ...(b === undefined ? {} : { maxInfoFieldLengthReceive: b }),
          ...(c === undefined ? {} : { windowSizeTransmit: c }),
          ...(d === undefined ? {} : { windowSizeReceive: d }),
        };
        expect(decodeNegotiation(encodeNegotiation(negotiation))).toEqual(negotiation);
        expect(negotiationFromJson(negotiation)).toEqual(negotiation);
      }),
    );
    const reasons: RejectReason[] = ["unknown-control", "information-too-long"];
    const rejection: Rejection = { control: 0x13, sendSequence: 5, receiveSequence: 3, response: true, reasons };
    expect(toHex(encodeRejection(rejection))).toBe("137a05");
    expect(decodeRejection(encodeRejection(rejection))).toEqual(rejection);
  });

  it("chooses the shortest address, and makes lower ones of serial numbers", () => {
    expect(hdlcAddress({ upper: 1 })).toEqual({ upper: 1, octets: 1 });
    expect(hdlcAddress({ upper: 200 })).toEqual({ upper: 200, lower: 0, octets: 4 });
    expect(hdlcAddress({ upper: 1, lower: 17 }).octets).toBe(2);
    expect(hdlcAddress({ upper: 1, lower: 128 }).octets).toBe(4);
    expect(codeOf(() => hdlcAddress({ upper: 1, octets: 3 as 4 }))).toBe("bad-address");
    expect(codeOf(() => hdlcAddress({ upper: 128, octets: 2 }))).toBe("out-of-range");
    expect(sameStation({ upper: 1, lower: 17, octets: 2 }, { upper: 1, lower: 17, octets: 4 })).toBe(true);
    expect(lowerAddressOfSerial("KFM1000100000002")).toBe(1002);
    expect(lowerAddressOfSerial("98765", 1000, 16)).toBe(781);
    expect(codeOf(() => lowerAddressOfSerial("none"))).toBe("bad-value");
    expect(codeOf(() => lowerAddressOfSerial("9999", 100_000, 10_000))).toBe("out-of-range");
  });
});

describe("the stream", () => {
  it("H31 a flag inside HCS, information and FCS does not end a frame", () => {
    let inCheck = 0;
    for (let octet = 0; octet < 0x4000 && inCheck < 4; octet++) {
      const information = Uint8Array.of(0x7e, octet & 0xff, octet >> 8, 0x7e);
      const one = frame(poll.i(octet & 7, 0), { information });
      if (!one.subarray(-3, -1).includes(0x7e)) continue;
      inCheck++;
      expect(collect(new FrameSplitter(never), [one]).frames).toEqual([toHex(one)]);
    }
    expect(inCheck).toBe(4);
    for (let at = 0; at < 0x7f * 8; at++) {
      const to = { upper: 1, lower: at >> 3 };
      const one = frame(poll.i(at & 7, 0), { information: Uint8Array.of(1), to });
      if (one.subarray(7, 9).includes(0x7e)) inCheck++;
      expect(collect(new FrameSplitter(never), [one]).frames).toEqual([toHex(one)]);
    }
    expect(inCheck).toBeGreaterThan(4);
  });

  it("H32 shared flags, idle flags, noise between", () => {
    const one = frame(poll.snrm);
    const hex = toHex(one);
    for (let idle = 1; idle <= 20; idle++) {
      const flags = new Array(idle).fill(0x7e) as number[];
      const { frames } = collect(new FrameSplitter(never), [join(flags, one, flags, one.subarray(1), one)]);
      expect(frames).toEqual([hex, hex, hex]);
    }
    const noisy = collect(new FrameSplitter(never), [join([1, 2, 0x7e, 3, 0x7e], one, [0x55, 0xff], one, [9])]);
    expect(noisy.frames).toEqual([hex, hex]);
    expect(noisy.dropped.every((why) => why === "frame-format-type")).toBe(true);
  });

  it("H33 any cut of any stream gives the same", () => {
    const sixty = frame(poll.i(0, 0), { information: new Uint8Array(48).fill(0x7e) });
    for (let cut = 0; cut <= sixty.length; cut++) {
      const pieces = [sixty.subarray(0, cut), sixty.subarray(cut)];
      expect(collect(new FrameSplitter(never), pieces).frames).toEqual([toHex(sixty)]);
    }
    const noise = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constant(Uint8Array.of(0x7e, 0xa0)));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyFrame.map(encodeFrame), noise), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        (parts, steps) => {
          const stream = join(...parts);
          const pieces: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const step = steps[turn % steps.length] as number;
            pieces.push(stream.subarray(at, at + step));
            at += step;
          }
          const whole = collect(new FrameSplitter(never), [stream]).frames;
          expect(collect(new FrameSplitter(never), pieces).frames).toEqual(whole);
        },
      ),
    );
  });

  it("finds the frame behind a damaged one", () => {
    const long = frame(poll.i(0, 0), { information: new Uint8Array(60).fill(0x7e) });
    const good = frame(poll.snrm);
    for (let at = 0; at < long.length; at++) {
      const damaged = long.slice();
      damaged[at] = (damaged[at] as number) ^ 0x41;
      const { frames } = collect(new FrameSplitter(never), [damaged, good, good]);
      expect(frames.slice(-1)).toEqual([toHex(good)]);
    }
  });

  it("holds one unfinished frame at most, and gives it up after silence", () => {
    const splitter = new FrameSplitter(100);
    expect(splitter.push(new Uint8Array(0), 0)).toEqual([]);
    for (let at = 0; at < 10_000; at++) splitter.push(new Uint8Array(50).fill(0xa7), at);
    expect(splitter.held).toBe(0);
    splitter.push(frame(poll.snrm).subarray(0, 5), 20_000);
    expect(splitter.held).toBe(5);
    expect(collect(splitter, [frame(poll.snrm)], 20_101)).toEqual({
      frames: [toHex(frame(poll.snrm))],
      dropped: ["inter-octet-timeout"],
    });
    expect(splitter.held).toBe(1);
    splitter.turned();
    expect(splitter.held).toBe(0);
    splitter.push(frame(poll.snrm).subarray(0, 5), 20_102);
    splitter.turned();
    expect(splitter.held).toBe(5);
    splitter.reset();
    expect(splitter.held).toBe(0);
  });

  it("reads hostile streams in linear time", () => {
    const octets = new Uint8Array(200_000);
    for (let at = 0; at < octets.length; at += 2) octets.set([0x7e, 0xa7], at);
    const splitter = new FrameSplitter(never);
    const start = process.cpuUsage();
    splitter.push(octets, 0);
    // The processor time of this process: other programs do not change it.
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000);
    expect(splitter.held).toBeLessThan(2050);
  });

  it("machines take any octets and never throw", () => {
    const speech = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      anyFrame.map(encodeFrame),
      fc
        .tuple(control, fc.uint8Array({ maxLength: 20 }), fc.boolean(), fc.boolean())
        .map(([fields, information, segmented, down]) =>
          encodeFrame({
            ...fields,
            source: hdlcAddress(down ? { upper: client } : server),
            destination: hdlcAddress(down ? server : { upper: client }),
            segmented,
            information,
          }),
        ),
    );
    fc.assert(
      fc.property(fc.array(speech, { maxLength: 30 }), (speeches) => {
        const station = new Station({ addresses: [server] });
        const primary = new Primary({ client, server });
        primary.connect(0);
        let now = 0;
        for (const octets of speeches) {
          now += 100;
          for (const machine of [station, primary]) {
            machine.receive(octets, now);
            for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
              if (output.type === "received") machine.send(output.pdu, now, output.address);
            }
            machine.expire(now);
          }
        }
        expect(station.links).toBeLessThanOrEqual(16);
      }),
    );
  });
});

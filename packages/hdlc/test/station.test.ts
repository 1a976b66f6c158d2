import { concat, fromHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type AddressLike,
  decodeNegotiation,
  decodeRejection,
  encodeNegotiation,
  type Negotiation,
  Station,
} from "../src/index.ts";
import { altered, command, frame, Meter, poll, short } from "./meter.ts";

const flagless = (octets: Uint8Array, open: boolean, close: boolean): Uint8Array =>
  octets.subarray(open ? 1 : 0, close ? -1 : undefined);

const big = { maxInfoSend: 2030, maxInfoReceive: 2030, windowSend: 7, windowReceive: 7 };
const propose = (negotiation: Negotiation): Uint8Array => encodeNegotiation(negotiation);

describe("frames", () => {
  it("H1 DISC, SNRM, RR, DISC, DISC", () => {
    const meter = new Meter();
    expect(meter.say(poll.disc)).toBe("dm!");
    expect(meter.say(poll.snrm)).toBe("ua!");
    expect(meter.say(poll.rr(0))).toBe("rr0!");
    expect(meter.say(poll.disc)).toBe("ua!");
    expect(meter.say(poll.disc)).toBe("dm!");
    expect(meter.events).toEqual(["connected", "disconnected disc"]);
  });

  it("H2 a frame cut short is given up after the inter-octet timeout", () => {
    const meter = new Meter({ interOctet: 25 }).connect();
    expect(meter.octets(frame(poll.disc).subarray(0, -2))).toEqual([]);
    meter.silent(0.026);
    expect(meter.say(poll.rr(0))).toBe("rr0!");
    expect(meter.dropped).toEqual(["inter-octet-timeout"]);
  });

  it("H3 silence ends the link, traffic keeps it, 0 means never", () => {
    const meter = new Meter({ inactivity: 10_000 }).connect();
    meter.silent(9);
    expect(meter.say(poll.rr(0))).toBe("rr0!");
    meter.silent(9);
    expect(meter.events).toEqual(["connected"]);
    expect(meter.station.deadline).toBe(19_000);
    meter.silent(1);
    expect(meter.events).toEqual(["connected", "disconnected timeout"]);
    expect(meter.disconnected).toBe(true);

    const late = new Meter({ inactivity: 10_000 }).connect();
    late.now += 11_000;
    expect(late.say(poll.rr(0))).toBe("dm!");

    const never = new Meter({ inactivity: 0 }).connect();
    expect(never.station.deadline).toBeUndefined();
    never.silent(1e9);
    expect(never.say(poll.rr(0))).toBe("rr0!");
    expect(new Meter().connect().station.deadline).toBe(120_000);
  });

  it("H33 a cut behind the opening flag of the next frame loses nothing, though the meter answers in between", () => {
    const meter = new Meter();
    const next = frame(poll.rr(0));
    expect(meter.octets(concat(frame(poll.snrm), next.subarray(0, 1))).map(short)).toEqual(["ua!"]);
    expect(meter.octets(next.subarray(1)).map(short)).toEqual(["rr0!"]);
    expect(meter.dropped).toEqual([]);
  });

  it("H4 SNRM without opening, closing, both flags", () => {
    for (const [open, close] of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const meter = new Meter();
      expect(meter.disconnected).toBe(true);
      expect(meter.octets(flagless(frame(poll.snrm), open, close))).toEqual([]);
      meter.silent(2);
      expect(meter.disconnected).toBe(true);
    }
  });

  it("H5 too short", () => {
    const meter = new Meter();
    const whole = frame(poll.snrm);
    for (let removed = 1; removed <= 6; removed++) {
      const short = altered(whole, (inner) => {
        inner.splice(inner.length - 2 - removed, removed);
        inner[1] = inner.length;
      });
      expect(meter.octets(short)).toEqual([]);
      meter.silent(2);
    }
    expect(meter.say(poll.snrm)).toBe("ua!");
  });

  it("H6 every other format type", () => {
    const meter = new Meter();
    for (let type = 0; type < 16; type++) {
      if (type === 10) continue;
      const other = altered(frame(poll.snrm), (inner) => {
        inner[0] = (type << 4) | ((inner[0] as number) & 0x0f);
      });
      expect(meter.octets(other)).toEqual([]);
      expect(meter.disconnected).toBe(true);
    }
  });

  it("H7 wrong lengths", () => {
    const real = frame(poll.snrm).length - 2;
    for (const length of [real + 1, real - 1, 0, 0x7ff]) {
      const meter = new Meter();
      const wrong = altered(frame(poll.snrm), (inner) => {
        inner[0] = 0xa0 | (length >> 8);
        inner[1] = length & 0xff;
      });
      expect(meter.octets(wrong)).toEqual([]);
      meter.silent(2);
      expect(meter.disconnected).toBe(true);
    }
  });

  it("H8 unknown control field", () => {
    const unknown = { frame: "unknown", pollFinal: true, control: 0xff } as const;
    const meter = new Meter();
    expect(meter.say(unknown)).toBe("dm!");
    meter.connect();
    const [answer] = meter.octets(frame(unknown));
    expect(answer?.frame).toBe("frmr");
    expect(decodeRejection(answer?.information as Uint8Array)).toEqual({
      control: 0xff,
      sendSequence: 0,
      receiveSequence: 0,
      response: false,
      reasons: ["unknown-control"],
    });
    expect(meter.say(poll.rr(0))).toBe("frmr!");
    expect(meter.say({ frame: "unknown", pollFinal: false, control: 0xef })).toBe("");
    expect(meter.say(poll.snrm)).toBe("ua!");
    expect(meter.say(poll.rr(0))).toBe("rr0!");
  });

  it("H9, H10 wrong HCS with right FCS; wrong FCS", () => {
    const meter = new Meter();
    const snrm = frame(poll.snrm, { information: propose({ windowSizeTransmit: 1 }) });
    const headerEnd = 2 + 2 + 1 + 1;
    expect(
      meter.octets(
        altered(
          snrm,
          (inner) => (inner[headerEnd] as number) ^ 1 && inner.splice(headerEnd, 1, (inner[headerEnd] as number) ^ 1),
        ),
      ),
    ).toEqual([]);
    expect(meter.disconnected).toBe(true);
    expect(meter.octets(altered(snrm, (inner) => inner.push((inner.pop() as number) ^ 1), "none"))).toEqual([]);
    expect(meter.disconnected).toBe(true);
    expect(meter.dropped).toEqual(["hcs-mismatch", "fcs-mismatch"]);
    expect(meter.octets(snrm).map(short)).toEqual(["ua!"]);
  });

  it("H36 2047 octets are a frame, one past what was negotiated is not taken", () => {
    const meter = new Meter(big).connect(
      propose({ maxInfoFieldLengthTransmit: 2030, maxInfoFieldLengthReceive: 2030 }),
    );
    meter.answer = () => Uint8Array.of(1);
    const long = (octets: number): Uint8Array => {
      const information = new Uint8Array(octets);
      information.set([0xe6, 0xe6, 0x00]);
      return information;
    };
    expect(meter.say(poll.i(0, 0), { information: long(2030) })).toBe("i01!");
    // 2047 octets in all: 10 around the information field.
    expect(frame(poll.i(1, 1), { information: long(2047 - 10) })).toHaveLength(2049);
    expect(meter.say(poll.i(1, 1), { information: long(2047 - 10) })).toBe("frmr!");
    expect(() => frame(poll.i(1, 1), { information: long(2048 - 10) })).toThrow("2048");
  });
});

describe("addresses", () => {
  it("H11 each declared form is answered in its width", () => {
    const forms: AddressLike[] = [
      { upper: 1, octets: 1 },
      { upper: 1, lower: 17, octets: 2 },
      { upper: 1, lower: 17, octets: 4 },
      { upper: 200, lower: 5001 },
    ];
    const meter = new Meter({ addresses: forms });
    for (const to of forms) {
      const [ua] = meter.octets(frame(poll.snrm, { to }));
      expect(ua?.frame).toBe("ua");
      expect(ua?.source).toMatchObject(to);
      expect(ua?.destination).toEqual({ upper: 16, octets: 1 });
    }
    // Two widths of one server and client are one data link.
    expect(meter.station.links).toBe(3);
  });

  it("H12 a client address of two octets", () => {
    const meter = new Meter({ addresses: () => true });
    expect(meter.octets(fromHex("7EA00B0002040100219361807E"))).toEqual([]);
    expect(meter.octets(frame(poll.snrm, { from: { upper: 16, lower: 1, octets: 2 } }))).toEqual([]);
    expect(meter.dropped.every((why) => why === "address" || why === "fcs-mismatch")).toBe(true);
  });

  it("H13 unknown upper, unknown lower, both; H14 another width", () => {
    const meter = new Meter({ addresses: [{ upper: 1, lower: 17 }] });
    for (const to of [{ upper: 2, lower: 17 }, { upper: 1, lower: 18 }, { upper: 2, lower: 18 }, { upper: 1 }]) {
      expect(meter.say(poll.snrm, { to })).toBe("");
      expect(meter.say(poll.disc, { to })).toBe("");
    }
    const two = new Meter({ addresses: [{ upper: 1, lower: 17, octets: 2 }] });
    expect(two.say(poll.snrm, { to: { upper: 1, lower: 17, octets: 4 } })).toBe("");
    expect(two.say(poll.snrm, { to: { upper: 1, lower: 17, octets: 2 } })).toBe("ua!");
  });

  it("H15 destinations of three and five octets", () => {
    const meter = new Meter({ addresses: () => true });
    for (const width of [3, 5]) {
      const odd = altered(frame(poll.snrm, { to: { upper: 1 } }), (inner) => {
        inner.splice(2, 1, ...new Array(width - 1).fill(2), 3);
        inner[1] = inner.length;
      });
      expect(meter.octets(odd)).toEqual([]);
    }
    expect(meter.dropped).toEqual(["bad-address", "bad-address"]);
  });

  it("H34 a SET to all stations is served and never answered", () => {
    // The first server in three forms: it is served once.
    const one = { upper: 1, lower: 17 };
    const addresses = [{ ...one, octets: 2 }, { ...one, octets: 4 }, { upper: 1 }, { upper: 2, lower: 17 }] as const;
    const meter = new Meter({ addresses });
    const ui = { frame: "ui", pollFinal: true } as const;
    const set = { information: command("c1") };
    const all = (upper: number, lower?: number): AddressLike => ({ upper, ...(lower === undefined ? {} : { lower }) });
    for (const [to, servers] of [
      [all(0x7f), ["1/17", "2/17"]],
      [all(0x3fff, 0x3fff), ["1/17", "2/17"]],
      [all(1, 0x7f), ["1/17"]],
      [all(0x7f, 17), ["1/17", "2/17"]],
    ] as const) {
      meter.served.length = 0;
      expect(meter.say(ui, { ...set, to })).toBe("");
      expect(meter.served).toEqual(servers.map((server) => `broadcast ${server} c1`));
    }
    expect(meter.say(poll.snrm, { to: all(0x7f, 0x7f) })).toBe("");
    expect(meter.say(poll.disc, { to: all(0x7f) })).toBe("");
    expect(meter.say(ui, { to: all(3, 0x7f), ...set })).toBe("");
    expect(meter.say(ui, { to: all(0x7f), information: Uint8Array.of(1, 2, 3, 4) })).toBe("");
    const deciding = new Meter({ addresses: () => true });
    deciding.say(ui, { ...set, to: all(0x3fff, 0x3fff) });
    expect(deciding.served).toEqual(["broadcast 16383/16383 c1"]);
  });

  it("H35 no-station and the calling device", () => {
    const meter = new Meter({ addresses: () => true });
    for (const to of [{ upper: 0 }, { upper: 0, lower: 17 }, { upper: 1, lower: 0x7e }, { upper: 1, lower: 0x3ffe }]) {
      expect(meter.say(poll.snrm, { to })).toBe("");
    }
    for (const upper of [0, 0x7f]) expect(meter.say(poll.snrm, { from: { upper } })).toBe("");
    expect(meter.dropped).toHaveLength(6);
  });

  it("keeps links of several clients apart, and no more than it may", () => {
    const meter = new Meter({
      addresses: [
        { upper: 1, lower: 17 },
        { upper: 2, lower: 17 },
      ],
      maxLinks: 2,
    });
    meter.connect();
    expect(meter.say(poll.snrm, { from: { upper: 1 } })).toBe("ua!");
    expect(meter.say(poll.snrm, { from: { upper: 2 } })).toBe("dm!");
    // A client that has a link may open it anew, though no link is free.
    expect(meter.say(poll.snrm)).toBe("ua!");
    expect(meter.say(poll.i(0, 0), { from: { upper: 1 }, information: command("c0") })).toBe("i01!");
    expect(meter.say(poll.rr(0))).toBe("rr0!");
    expect(meter.say(poll.disc)).toBe("ua!");
    expect(meter.station.links).toBe(1);
    expect(meter.say(poll.snrm, { from: { upper: 2 } })).toBe("ua!");
    meter.station.close(0);
    meter.drain();
    expect(meter.events.filter((event) => event === "disconnected closed")).toHaveLength(2);
    expect(meter.station.deadline).toBeUndefined();
    meter.station.send(Uint8Array.of(1), 0);
    meter.station.send(Uint8Array.of(1), 0, { client: 9, server: 9 });
    meter.drain();
    expect(meter.dropped.filter((why) => why === "not-connected")).toHaveLength(2);
  });
});

describe("negotiation", () => {
  const negotiated = (information: Uint8Array): Required<Negotiation> => {
    const [ua] = new Meter(big).octets(frame(poll.snrm, { information }));
    return decodeNegotiation(ua?.information as Uint8Array) as Required<Negotiation>;
  };

  it("H16 information field lengths", () => {
    for (const length of [undefined, 32, 128, 2030, 2031, 65535]) {
      const said = negotiated(
        propose(length === undefined ? {} : { maxInfoFieldLengthTransmit: length, maxInfoFieldLengthReceive: length }),
      );
      const wanted = Math.min(length ?? 128, 2030);
      expect(said.maxInfoFieldLengthTransmit).toBe(wanted);
      expect(said.maxInfoFieldLengthReceive).toBe(wanted);
    }
    expect(negotiated(new Uint8Array(0)).maxInfoFieldLengthReceive).toBe(128);
    // 100 in two octets.
    expect(negotiated(fromHex("81800405020064")).maxInfoFieldLengthReceive).toBe(100);
    const small = new Meter({ maxInfoSend: 64, maxInfoReceive: 90 }).octets(frame(poll.snrm))[0];
    expect(decodeNegotiation(small?.information as Uint8Array)).toMatchObject({
      maxInfoFieldLengthTransmit: 64,
      maxInfoFieldLengthReceive: 90,
    });
  });

  it("H17 windows", () => {
    for (const window of [undefined, 1, 4, 7, 8]) {
      const said = negotiated(
        propose(window === undefined ? {} : { windowSizeTransmit: window, windowSizeReceive: window }),
      );
      expect(said.windowSizeTransmit).toBe(Math.min(window ?? 1, 7));
      expect(said.windowSizeReceive).toBe(Math.min(window ?? 1, 7));
    }
  });

  it("H30 odd parameter lists", () => {
    const defaults = { maxInfoFieldLengthTransmit: 128, windowSizeReceive: 1 };
    for (const hex of ["8180030901ff", "8180020500", "8180ff0501", "81", "00", "818004050500", "8180020700"]) {
      expect(negotiated(fromHex(hex))).toMatchObject(defaults);
    }
    expect(negotiated(fromHex("8180030805"))).toMatchObject(defaults);
    expect(negotiated(fromHex("818003080105")).windowSizeTransmit).toBe(5);
    expect(negotiated(fromHex("81800a0508ffffffffffffffff")).maxInfoFieldLengthReceive).toBe(2030);
    expect(negotiated(fromHex("818003050100"))).toMatchObject(defaults);
  });

  it("a proposal of 0 octets or 0 frames counts as none: the defaults hold", () => {
    const none = {
      maxInfoFieldLengthTransmit: 128,
      maxInfoFieldLengthReceive: 128,
      windowSizeTransmit: 1,
      windowSizeReceive: 1,
    };
    for (const name of Object.keys(none) as (keyof typeof none)[]) {
      expect(negotiated(propose({ [name]: 0 })), name).toEqual(none);
    }
    // Each of the four is taken on its own.
    expect(negotiated(propose({ ...none, maxInfoFieldLengthReceive: 0, windowSizeReceive: 3 }))).toEqual({
      ...none,
      windowSizeTransmit: 3,
    });
  });

  it("after a proposal of 0 a response goes out in whole segments, none of them empty", () => {
    const meter = new Meter(big).connect(propose({ maxInfoFieldLengthReceive: 0, windowSizeReceive: 0 }));
    meter.answer = () => new Uint8Array(300);
    const frames = meter.octets(frame(poll.i(0, 0), { information: command("c001") }));
    for (let received = 1; frames.at(-1)?.segmented === true && received < 8; received++) {
      frames.push(...meter.octets(frame(poll.rr(received))));
    }
    expect(frames.map(({ information }) => information.length)).toEqual([128, 128, 47]);
  });

  it("SNRM without P is not answered, and opens no link", () => {
    const meter = new Meter();
    expect(meter.say({ frame: "snrm", pollFinal: false })).toBe("");
    expect(meter.dropped).toEqual(["no-poll"]);
    expect(meter.events).toEqual([]);
    expect(meter.disconnected).toBe(true);
    // On an open link it neither ends nor renews it.
    const open = new Meter().connect();
    expect(open.say(poll.i(0, 0), { information: command("c001") })).toBe("i01!");
    expect(open.say({ frame: "snrm", pollFinal: false })).toBe("");
    expect(open.say(poll.rr(1))).toBe("rr1!");
    expect(open.events).toEqual(["connected"]);
  });

  it("refuses options that cannot be", () => {
    expect(() => new Station({ addresses: [], maxInfoReceive: 2031 })).toThrow("2030");
    expect(() => new Station({ addresses: [{ upper: 1, lower: 2, octets: 1 }] })).toThrow("lower");
    const one = { addresses: [{ upper: 1, lower: 17 }] };
    expect(() => new Station({ ...one, windowSend: 8 })).toThrow("7");
  });
});

import { Fault, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type Control,
  decodeFrame,
  encodeNegotiation,
  encodeRejection,
  hdlcAddress,
  Primary,
  type PrimaryOptions,
} from "../src/index.ts";
import { poll, server } from "./meter.ts";
import { Reader, response } from "./reader.ts";

const ua = { frame: "ua", pollFinal: true } as const;

describe("opening and closing", () => {
  it("connects, sends, receives, disconnects", () => {
    const reader = new Reader().connect();
    expect(reader.send("c001")).toBe("i00!");
    expect(reader.hear(poll.i(0, 1), response("c401"))).toBe("");
    expect(reader.send("c002")).toBe("i11!");
    expect(reader.hear(poll.i(1, 2), response("c402"))).toBe("");
    expect(reader.received).toEqual(["c401", "c402"]);
    expect(reader.primary.deadline).toBeUndefined();
    reader.primary.close(reader.now);
    expect(reader.drain()).toBe("disc!");
    expect(reader.hear(ua)).toBe("");
    expect(reader.events).toEqual(["connected", "disc -"]);
    reader.primary.close(reader.now);
    expect(reader.send("c0")).toBe("");
    expect(reader.dropped).toEqual(["not-connected"]);
  });

  it("proposes what differs from the defaults, or always with the quirk", () => {
    const snrm = (options: Partial<PrimaryOptions>): string => {
      const primary = new Primary({ client: 16, server, ...options });
      primary.connect(0);
      primary.connect(0);
      const output = primary.poll();
      return output?.type === "transmit" ? toHex(decodeFrame(output.octets).information) : "";
    };
    expect(snrm({})).toBe("");
    expect(snrm({ quirks: ["snrm-with-parameters"] })).toBe("818012050180060180070400000001080400000001");
    expect(snrm({ maxInfoReceive: 512, windowReceive: 3 })).toBe("81801305018006020200070400000001080400000003");
  });

  it("H41 repeats SNRM and DISC, then gives up", () => {
    const reader = new Reader();
    reader.primary.connect(0);
    expect(reader.drain()).toBe("snrm!");
    expect(reader.after(999)).toBe("");
    expect(reader.after(1)).toBe("snrm!");
    expect(reader.after(1000)).toBe("snrm!");
    expect(reader.after(1000)).toBe("");
    expect(reader.events).toEqual(["no-answer no-answer"]);
    const leaving = new Reader().connect();
    leaving.primary.close(leaving.now);
    expect([leaving.drain(), leaving.after(1000), leaving.after(1000), leaving.after(1000)]).toEqual([
      "disc!",
      "disc!",
      "disc!",
      "",
    ]);
    expect(leaving.events).toEqual(["connected", "no-answer no-answer"]);
  });

  it("keeps what is sent while connecting, and takes that back when closed", () => {
    const reader = new Reader();
    reader.primary.connect(0);
    expect(reader.send("c001")).toBe("snrm!");
    expect(reader.hear(ua)).toBe("i00!");
    const closed = new Reader();
    closed.primary.connect(0);
    closed.primary.close(0);
    closed.drain();
    expect(closed.events).toEqual(["closed -"]);
  });

  it("H41 refusals: DM, FRMR, UA with more than proposed, UA that cannot be read", () => {
    const open = (hear: (reader: Reader) => void, options: Partial<PrimaryOptions> = {}): string[] => {
      const reader = new Reader(options);
      reader.primary.connect(0);
      reader.drain();
      hear(reader);
      return reader.events;
    };
    const more = encodeNegotiation({ maxInfoFieldLengthTransmit: 500, windowSizeReceive: 3 });
    expect(open((reader) => reader.hear({ frame: "dm", pollFinal: true }))).toEqual(["refused link-refused"]);
    expect(open((reader) => reader.hear({ frame: "frmr", pollFinal: true }))).toEqual(["refused link-refused"]);
    open((reader) => {
      reader.hear({ frame: "dm", pollFinal: true });
      expect(reader.messages).toEqual(["the meter refuses the data link (DM to SNRM)"]);
    });
    expect(open((reader) => expect(reader.hear(ua, more)).toBe("disc!"))).toEqual(["refused bad-parameters"]);
    expect(open((reader) => reader.hear(ua, fromHex("8180ff")))).toEqual(["refused bad-parameters"]);
    expect(open((reader) => reader.hear(ua, more), { quirks: ["ua-above-proposal"] })).toEqual(["connected"]);
  });

  it("llc-of-commands: responses of a jDLMS 1.7 server begin with E6 E6 00", () => {
    // A capture of the jDLMS 1.7.0 server on loopback.
    const aare = "612d80020780a109060760857405080101a203020100a305a103020100be10040e0800065f1f040018123dffff0007";
    const message = fromHex(`e6e600${aare}`);
    const heard = (options: Partial<PrimaryOptions>): Reader => {
      const reader = new Reader(options).connect();
      expect(reader.send("60")).toBe("i00!");
      reader.hear(poll.i(0, 1), message);
      return reader;
    };
    expect(heard({})).toMatchObject({ received: [], dropped: ["llc"] });
    expect(heard({ quirks: ["llc-of-commands"] })).toMatchObject({ received: [aare], dropped: [] });
  });

  it("a UA with 0 octets or 0 frames: the defaults hold, and nothing empty is sent", () => {
    const none = encodeNegotiation({
      maxInfoFieldLengthTransmit: 0,
      maxInfoFieldLengthReceive: 0,
      windowSizeTransmit: 0,
      windowSizeReceive: 0,
    });
    const reader = new Reader({ maxInfoSend: 512, maxInfoReceive: 512, windowSend: 7, windowReceive: 7 }).connect(none);
    expect(reader.primary.parameters).toEqual({
      maxInfoSend: 128,
      maxInfoReceive: 128,
      windowSend: 1,
      windowReceive: 1,
    });
    expect(reader.send("c0".repeat(200))).toBe("i00+!");
    expect(reader.hear(poll.rr(1))).toBe("i10!");
    expect(reader.hear(poll.i(0, 2), response("c401"))).toBe("");
    expect(reader.received).toEqual(["c401"]);
  });

  it("refuses a UA that says more than proposed in any one of its four values", () => {
    const proposed = { maxInfoSend: 200, maxInfoReceive: 200, windowSend: 3, windowReceive: 3 };
    const most = { maxInfoFieldLengthTransmit: 200, maxInfoFieldLengthReceive: 200 };
    for (const [value, limit] of Object.entries({ ...most, windowSizeTransmit: 3, windowSizeReceive: 3 })) {
      for (const above of [0, 1]) {
        const reader = new Reader(proposed);
        reader.primary.connect(0);
        reader.drain();
        reader.hear(ua, encodeNegotiation({ [value]: limit + above }));
        expect(reader.events, value).toEqual([above === 0 ? "connected" : "refused bad-parameters"]);
      }
    }
  });

  it("forgets what was sent on a link that is gone: the next link begins with nothing", () => {
    const reader = new Reader().connect();
    expect(reader.send("c001")).toBe("i00!");
    expect(reader.send("c002")).toBe("");
    reader.hear({ frame: "dm", pollFinal: true });
    reader.connect();
    expect(reader.send("c003")).toBe("i00!");
    expect(reader.hear(poll.i(0, 1), response("c403"))).toBe("");
    expect(reader.received).toEqual(["c403"]);
  });

  it("H41 losing the link: DM, FRMR", () => {
    const lost = (control: Control): string[] => {
      const reader = new Reader().connect();
      reader.send("c0");
      reader.hear(
        control,
        control.frame === "frmr"
          ? encodeRejection({
              control: 0x10,
              sendSequence: 0,
              receiveSequence: 0,
              response: false,
              reasons: ["unknown-control"],
            })
          : undefined,
      );
      expect(reader.primary.deadline).toBeUndefined();
      return reader.events;
    };
    expect(lost({ frame: "dm", pollFinal: true })).toEqual(["connected", "disc link-refused"]);
    expect(lost({ frame: "frmr", pollFinal: true })).toEqual(["connected", "refused frame-rejected"]);
  });

  it("refuses options that cannot be", () => {
    expect(() => new Primary({ client: 0, server })).toThrow(Fault);
    expect(() => new Primary({ client: 16, server, windowReceive: 8 })).toThrow(Fault);
    expect(() => new Primary({ client: 16, server: { upper: 1, lower: 20000 } })).toThrow(Fault);
  });
});

describe("a conversation", () => {
  it("collects segments with RR, numbers wrapping", () => {
    const reader = new Reader().connect();
    expect(reader.send("c001")).toBe("i00!");
    expect(reader.hear(poll.i(0, 1), response("00"), { segmented: true })).toBe("rr1!");
    for (let number = 1; number < 20; number++) {
      const next = (number + 1) & 7;
      expect(reader.hear(poll.i(number & 7, 1), Uint8Array.of(number), { segmented: true })).toBe(`rr${next}!`);
    }
    expect(reader.hear(poll.i(4, 1), Uint8Array.of(20))).toBe("");
    expect(reader.received[0]).toHaveLength(42);
  });

  it("sends segments, each acknowledged", () => {
    const reader = new Reader({ maxInfoSend: 4 }).connect();
    expect(reader.send("0102030405")).toBe("i00+!");
    expect(reader.hear(poll.rr(1))).toBe("i10!");
    expect(reader.hear(poll.i(0, 2), response("01"))).toBe("");
    expect(reader.received).toEqual(["01"]);
  });

  it("uses the negotiated window, and repeats what is not acknowledged", () => {
    const said = encodeNegotiation({
      maxInfoFieldLengthTransmit: 4,
      maxInfoFieldLengthReceive: 4,
      windowSizeTransmit: 3,
      windowSizeReceive: 3,
    });
    const reader = new Reader({ windowSend: 3, windowReceive: 3 }).connect(said);
    expect(reader.send("0102030405060708090a0b0c0d")).toBe("i00+ i10+ i20+!");
    expect(reader.hear(poll.rr(1))).toBe("i10+ i20+ i30!");
    expect(reader.hear(poll.rr(4))).toBe("");
    expect(reader.after(200)).toBe("rr0!");
    // The first of three is lost.
    expect(reader.hear(poll.i(1, 4, false), Uint8Array.of(1), { segmented: true })).toBe("");
    expect(reader.hear(poll.i(2, 4), Uint8Array.of(1))).toBe("rr0!");
    expect(reader.hear(poll.i(0, 4, false), response("99"), { segmented: true })).toBe("");
    expect(reader.hear(poll.i(1, 4, false), Uint8Array.of(1), { segmented: true })).toBe("");
    expect(reader.hear(poll.i(2, 4), Uint8Array.of(2))).toBe("");
    expect(reader.received).toEqual(["990102"]);
  });

  it("gives up on gaps without end", () => {
    const reader = new Reader({ windowReceive: 3, windowSend: 3 }).connect(
      encodeNegotiation({ windowSizeTransmit: 3, windowSizeReceive: 3 }),
    );
    reader.send("c0");
    let asked = 0;
    for (let at = 0; at < 20; at++) if (reader.hear(poll.i(1, 1), Uint8Array.of(1)) !== "") asked++;
    expect(asked).toBe(2);
    reader.after(1000);
    expect(reader.events).toEqual(["connected", "no-answer no-answer"]);
  });

  it("H41 frames of others, commands, N(R) of what was never sent: dropped, repeated, given up", () => {
    const reader = new Reader().connect();
    expect(reader.send("c001")).toBe("i00!");
    reader.hear(poll.i(0, 1), response("01"), { source: hdlcAddress({ upper: 2, lower: 17 }) });
    reader.hear(poll.i(0, 1), response("01"), { destination: hdlcAddress({ upper: 17 }) });
    reader.hear(poll.snrm);
    reader.hear(poll.rr(5));
    reader.hear(poll.i(0, 5), response("01"));
    expect(reader.dropped).toEqual(["address", "address", "frame-type", "sequence", "sequence"]);
    expect(reader.received).toEqual([]);
    expect([reader.after(1000), reader.after(1000), reader.after(1000)]).toEqual(["i00!", "i00!", ""]);
    expect(reader.events).toEqual(["connected", "no-answer no-answer"]);
  });

  it("H42 lost, repeated and late answers", () => {
    const reader = new Reader().connect();
    expect(reader.send("c001")).toBe("i00!");
    expect(reader.after(1000)).toBe("i00!");
    // The answer to the first try, late, then the one to the second.
    expect(reader.hear(poll.i(0, 1), response("01"))).toBe("");
    expect(reader.hear(poll.i(0, 1), response("01"))).toBe("");
    expect(reader.send("c002")).toBe("i11!");
    expect(reader.hear(poll.i(0, 1), response("01"))).toBe("");
    expect(reader.hear(poll.rr(1))).toBe("");
    expect(reader.hear(poll.i(1, 2), response("02"))).toBe("");
    expect(reader.received).toEqual(["01", "02"]);
    expect(reader.dropped).toEqual(["sequence", "sequence", "sequence"]);
    expect(reader.hear(poll.rr(2))).toBe("");
    expect(reader.hear(ua)).toBe("");
  });

  it("polls a server that has no answer yet, for a while", () => {
    const reader = new Reader({ pollFor: 1000 }).connect();
    expect(reader.send("c001")).toBe("i00!");
    expect(reader.hear(poll.rr(1))).toBe("");
    expect(reader.primary.deadline).toBe(200);
    expect(reader.after(200)).toBe("rr0!");
    expect(reader.hear(poll.rr(1))).toBe("");
    expect(reader.after(200)).toBe("rr0!");
    expect(reader.hear(poll.i(0, 1), response("01"))).toBe("");
    expect(reader.received).toEqual(["01"]);
    // Nothing is owed for this one: the polling ends, and the link stays.
    expect(reader.send("c002")).toBe("i11!");
    let polls = 0;
    reader.hear(poll.rr(2));
    while (reader.after(200) !== "") {
      polls++;
      reader.hear(poll.rr(2));
    }
    expect(polls).toBe(5);
    expect(reader.primary.mode).toBe("connected");
    expect(reader.primary.deadline).toBeUndefined();
  });

  it("waits for a busy server", () => {
    const reader = new Reader({ pollFor: 1000 }).connect();
    expect(reader.send("c001")).toBe("i00!");
    expect(reader.hear(poll.rnr(0))).toBe("");
    expect(reader.after(200)).toBe("rr0!");
    expect(reader.hear(poll.rr(0))).toBe("i00!");
    expect(reader.hear(poll.rnr(1))).toBe("");
    expect(reader.send("c002")).toBe("");
    let frames = "";
    for (let at = 0; at < 10; at++) {
      frames += reader.after(200);
      frames += reader.hear(poll.rnr(1));
    }
    expect(frames).toMatch(/^(rr0!)+disc!$/);
    expect(reader.events).toEqual(["connected", "no-answer no-answer"]);
  });

  it("ends a server that stops in the middle of a message, or never ends one", () => {
    const half = new Reader({ pollFor: 500 }).connect();
    half.send("c0");
    expect(half.hear(poll.i(0, 1), response("00"), { segmented: true })).toBe("rr1!");
    for (let at = 0; at < 5; at++) {
      half.hear(poll.rr(1));
      half.after(200);
    }
    expect(half.events).toEqual(["connected", "no-answer no-answer"]);

    const endless = new Reader({ maxMessage: 300 }).connect();
    endless.send("c0");
    for (let at = 0; at < 5; at++) endless.hear(poll.i(at, 1), new Uint8Array(128), { segmented: true });
    expect(endless.events).toEqual(["connected", "refused message-too-long"]);

    const large = new Reader().connect();
    large.send("c0");
    expect(large.hear(poll.i(0, 1), new Uint8Array(129))).toBe("disc!");
    expect(large.events).toEqual(["connected", "refused frame-too-long"]);
  });

  it("drops another LLC header and waits on", () => {
    const reader = new Reader().connect();
    reader.send("c0");
    expect(reader.hear(poll.i(0, 1), fromHex("e6e60001"))).toBe("");
    expect(reader.dropped).toEqual(["llc"]);
    expect(reader.after(200)).toBe("rr1!");
  });

  it("keeps the clock of an answer in several frames", () => {
    const reader = new Reader({ windowReceive: 2 }).connect(encodeNegotiation({ windowSizeTransmit: 2 }));
    reader.send("c0");
    reader.now = 900;
    expect(reader.hear(poll.i(0, 1, false), response("01"), { segmented: true })).toBe("");
    expect(reader.primary.deadline).toBe(1900);
    expect(reader.hear({ frame: "rr", pollFinal: false, receiveSequence: 1 })).toBe("");
    // The last frame is lost: N(R) tells what is still owed.
    expect(reader.after(1000)).toBe("rr1!");
  });

  it("takes pushed UI, in one frame or several", () => {
    const reader = new Reader();
    const ui = { frame: "ui", pollFinal: false } as const;
    reader.hear(ui, response("0f01"));
    const message = response("0f0203");
    reader.hear(ui, message.subarray(0, 4), { segmented: true });
    reader.hear(ui, message.subarray(4));
    reader.hear(ui, fromHex("000000ff"));
    expect(reader.received).toEqual(["0f01", "0f0203"]);
    expect(reader.dropped).toEqual(["llc"]);
    const small = new Reader({ maxMessage: 10 });
    small.hear(ui, new Uint8Array(100));
    expect(small.dropped).toEqual(["message-too-long"]);
    small.primary.sendUnnumbered(Uint8Array.of(1));
    expect(small.drain()).toBe("ui");
  });
});

describe("quirks", () => {
  it("echo: what the line gives back is passed over", () => {
    const reader = new Reader({ client: 3, server: { upper: 3 }, quirks: ["echo"] });
    reader.primary.connect(0);
    const first = reader.primary.poll();
    expect(first?.type === "transmit" && reader.octets(first.octets)).toBe("");
    expect(reader.dropped).toEqual(["echo"]);
    const both = { source: hdlcAddress({ upper: 3 }), destination: hdlcAddress({ upper: 3 }) };
    reader.hear(ua, undefined, both);
    reader.primary.send(fromHex("c0"), 0);
    const second = reader.primary.poll();
    if (second?.type === "transmit") reader.octets(second.octets);
    expect(reader.dropped).toEqual(["echo", "echo"]);
    reader.hear(poll.i(0, 1), response("01"), both);
    expect(reader.received).toEqual(["01"]);
  });

  it("ignore-sequence: a meter that does not count", () => {
    const reader = new Reader({ quirks: ["ignore-sequence"] }).connect();
    for (const answer of ["01", "02", "03"]) {
      reader.send("c0");
      expect(reader.hear(poll.i(0, 0), response(answer))).toBe("");
    }
    expect(reader.received).toEqual(["01", "02", "03"]);
    reader.send("c0");
    reader.hear(poll.rr(0));
    expect(reader.after(200)).toBe("rr3!");
  });
});

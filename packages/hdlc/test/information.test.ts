import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { decodeNegotiation, decodeRejection, encodeNegotiation, type Negotiation } from "../src/index.ts";
import { command, frame, Meter, poll, short } from "./meter.ts";

const big = { maxInfoSend: 2030, maxInfoReceive: 2030, windowSend: 7, windowReceive: 7 };
const propose = (negotiation: Negotiation): Uint8Array => encodeNegotiation(negotiation);

describe("information", () => {
  it("H18 a message in one frame, and in segments of four octets", () => {
    const meter = new Meter().connect();
    expect(meter.say(poll.i(0, 0), { information: command("60010203") })).toBe("i01!");
    const message = command("600102030405");
    let number = 1;
    for (let at = 0; at + 4 < message.length; at += 4) {
      const information = message.subarray(at, at + 4);
      const expected = `rr${(number + 1) & 7}!`;
      expect(meter.say(poll.i(number, 1), { information, segmented: true })).toBe(expected);
      number++;
    }
    expect(meter.say(poll.i(number, 1), { information: message.subarray(8) })).toBe("i14!");
    expect(meter.served).toEqual(["60010203", "600102030405"]);
  });

  it("H19 one octet past what was negotiated", () => {
    const meter = new Meter().connect();
    const [answer] = meter.octets(frame(poll.i(0, 0), { information: new Uint8Array(129) }));
    expect(decodeRejection(answer?.information as Uint8Array).reasons).toEqual(["information-too-long"]);
    expect(meter.say(poll.snrm)).toBe("ua!");
  });

  it("H20 N(R) of what was never sent", () => {
    const meter = new Meter().connect();
    const [answer] = meter.octets(frame(poll.rr(1)));
    expect(toHex(answer?.information as Uint8Array)).toBe("310008");
    expect(meter.say(poll.snrm)).toBe("ua!");
    const [other] = meter.octets(frame(poll.i(0, 3), { information: command("c0") }));
    expect(decodeRejection(other?.information as Uint8Array).reasons).toEqual(["bad-receive-sequence"]);
    expect(meter.served).toEqual([]);
    expect(meter.say(poll.disc)).toBe("ua!");
  });

  it("RR with an information field", () => {
    const [answer] = new Meter().connect().octets(frame(poll.rr(0), { information: Uint8Array.of(1) }));
    expect(decodeRejection(answer?.information as Uint8Array).reasons).toEqual(["information-not-permitted"]);
  });

  it("H21 N(S) that is not expected", () => {
    const meter = new Meter().connect();
    expect(meter.say(poll.i(1, 0), { information: command("c0") })).toBe("rr0!");
    expect(meter.served).toEqual([]);
    expect(meter.say(poll.snrm)).toBe("ua!");
  });

  it("H22 information while disconnected", () => {
    const meter = new Meter();
    expect(meter.say(poll.i(0, 0), { information: command("60") })).toBe("dm!");
    expect(meter.say(poll.i(0, 0, false), { information: command("60") })).toBe("");
    expect(meter.say(poll.rr(0))).toBe("dm!");
    expect(meter.disconnected).toBe(true);
    expect(meter.served).toEqual([]);
  });

  it("H23 the same frame twice is served once", () => {
    const meter = new Meter().connect();
    const action = { information: command("c3") };
    expect(meter.say(poll.i(0, 0), action)).toBe("i01!");
    expect(meter.say(poll.i(0, 0), action)).toBe("i01!");
    expect(meter.say(poll.i(1, 1), action)).toBe("i12!");
    expect(meter.served).toEqual(["c3", "c3"]);
  });

  it("H23 again, while the application still works", () => {
    const meter = new Meter().connect();
    meter.answer = () => undefined;
    const action = { information: command("c3") };
    expect(meter.say(poll.i(0, 0), action)).toBe("");
    expect(meter.say(poll.i(0, 0), action)).toBe("rr1!");
    expect(meter.served).toEqual(["c3"]);
    meter.station.send(Uint8Array.of(1), 0);
    expect(meter.drain()).toEqual([]);
    expect(meter.say(poll.rr(0))).toBe("i01!");
    expect(meter.say(poll.rr(1))).toBe("rr1!");
  });

  it("H24 a window of three is answered once", () => {
    const meter = new Meter(big).connect(propose({ windowSizeTransmit: 3, windowSizeReceive: 3 }));
    const segment = { information: command("c0"), segmented: true };
    expect(meter.say(poll.i(0, 0, false), segment)).toBe("");
    expect(meter.say(poll.i(1, 0, false), segment)).toBe("");
    expect(meter.say(poll.i(2, 0), segment)).toBe("rr3!");
  });

  /** A meter with an answer of `pieces` frames of 4 octets of information each. */
  const wordy = (pieces: number, window: number): Meter => {
    const meter = new Meter(big).connect(propose({ maxInfoFieldLengthReceive: 4, windowSizeReceive: window }));
    meter.answer = () => new Uint8Array(pieces * 4 - 3);
    return meter;
  };

  it("H25 sends again from N(R), never more than the window", () => {
    const meter = wordy(5, 2);
    expect(meter.say(poll.i(0, 0), { information: command("c0") })).toBe("i01+ i11+!");
    expect(meter.say(poll.rr(1))).toBe("i11+ i21+!");
    expect(meter.say(poll.rr(3))).toBe("i31+ i41!");
    expect(meter.say(poll.rr(5))).toBe("rr1!");
  });

  it("goes on with a long response when the next request comes in the midst of it", () => {
    const meter = wordy(2, 1);
    expect(meter.say(poll.i(0, 0), { information: command("c0") })).toBe("i01+!");
    expect(meter.say(poll.i(1, 1), { information: command("c1") })).toBe("i12!");
    expect(meter.say(poll.rr(2))).toBe("i22+!");
    expect(meter.served).toEqual(["c0", "c1"]);
  });

  it("H26 numbers wrap modulo 8 both ways", () => {
    const meter = wordy(20, 1);
    let answer = meter.say(poll.i(0, 0), { information: command("c0") });
    for (let number = 0; number < 20; number++) {
      expect(answer).toBe(`i${number & 7}1${number < 19 ? "+" : ""}!`);
      answer = meter.say(poll.rr((number + 1) & 7));
    }
    expect(answer).toBe("rr1!");
    const other = new Meter().connect();
    for (let number = 0; number < 20; number++) {
      const at = number & 7;
      expect(other.say(poll.i(at, at), { information: command("c0") })).toBe(`i${at}${(at + 1) & 7}!`);
    }
  });

  it("H27 RNR holds a long response, RR lets it go on", () => {
    const meter = wordy(3, 1);
    expect(meter.say(poll.i(0, 0), { information: command("c0") })).toBe("i01+!");
    expect(meter.say(poll.rnr(1))).toBe("rr1!");
    expect(meter.say(poll.rnr(1))).toBe("rr1!");
    expect(meter.say(poll.rr(1))).toBe("i11+!");
    expect(meter.say(poll.rr(2))).toBe("i21!");
  });

  it("H28 SNRM on an open link starts anew", () => {
    const meter = new Meter(big).connect(propose({ maxInfoFieldLengthTransmit: 500 }));
    expect(meter.say(poll.i(0, 0), { information: command("c0") })).toBe("i01!");
    const [ua] = meter.octets(frame(poll.snrm));
    expect(decodeNegotiation(ua?.information as Uint8Array).maxInfoFieldLengthReceive).toBe(128);
    expect(meter.events).toEqual(["connected", "disconnected disc", "connected"]);
    expect(meter.say(poll.i(0, 0), { information: command("c0") })).toBe("i01!");
    expect(meter.say({ frame: "snrm", pollFinal: false })).toBe("");
  });

  it("H29 DISC tells the layer above, a new link starts without it", () => {
    const meter = new Meter().connect();
    expect(meter.say(poll.disc)).toBe("ua!");
    expect(meter.say(poll.snrm)).toBe("ua!");
    expect(meter.events).toEqual(["connected", "disconnected disc", "connected"]);
  });

  it("H38 other LLC headers are not delivered", () => {
    const meter = new Meter().connect();
    ["e6e601c001", "e6e700c001", "e6e6", "e6e600"].forEach((hex, at) => {
      expect(meter.say(poll.i(at, 0), { information: fromHex(hex) })).toBe(`rr${at + 1}!`);
    });
    expect(meter.served).toEqual([]);
    expect(meter.say(poll.rr(0))).toBe("rr4!");
  });

  it("H39 SNRM in the middle of a message drops what there was", () => {
    const meter = new Meter().connect();
    meter.say(poll.i(0, 0), { information: command("c0"), segmented: true });
    meter.connect();
    meter.say(poll.i(0, 0), { information: command("c1") });
    expect(meter.served).toEqual(["c1"]);
  });

  it("H40 segments without end", () => {
    const meter = new Meter({ maxMessage: 1000 }).connect();
    const information = new Uint8Array(128);
    let answer = "";
    let frames = 0;
    while (answer !== "frmr!" && frames < 100) {
      answer = meter.say(poll.i(frames & 7, 0), { information, segmented: true });
      frames++;
    }
    expect(frames).toBe(8);
    expect(meter.say(poll.snrm)).toBe("ua!");
  });

  it("takes UI to itself, answers not, and pushes in UI", () => {
    const meter = new Meter();
    meter.answer = () => undefined;
    expect(meter.say({ frame: "ui", pollFinal: false }, { information: command("c0") })).toBe("");
    expect(meter.served).toEqual(["c0"]);
    expect(meter.say({ frame: "ui", pollFinal: false }, { information: new Uint8Array(129) })).toBe("");
    expect(meter.say({ frame: "ui", pollFinal: false }, { information: command("c0"), segmented: true })).toBe("");
    expect(meter.served).toEqual(["c0"]);
    meter.station.sendUnnumbered(new Uint8Array(200), { client: 103, server: 1, physical: 17 });
    expect(meter.drain().map(short)).toEqual(["ui+", "ui"]);
    meter.station.sendUnnumbered(Uint8Array.of(1), { client: 103, server: 1 });
    expect(meter.drain()[0]).toMatchObject({ source: { upper: 1, octets: 1 }, destination: { upper: 103 } });
    expect(meter.say({ frame: "ua", pollFinal: true })).toBe("");
    expect(meter.dropped).toContain("frame-type");
  });

  it("drops an answer that comes after the link went, or was rejected", () => {
    const meter = new Meter().connect();
    meter.answer = () => undefined;
    meter.say(poll.i(0, 0), { information: command("c0") });
    const address = { client: 16, server: 1, physical: 17 };
    expect(meter.say(poll.rr(5))).toBe("frmr!");
    meter.station.send(Uint8Array.of(1), 0, address);
    expect(meter.say(poll.disc)).toBe("ua!");
    meter.station.send(Uint8Array.of(1), 0, address);
    expect(meter.drain()).toEqual([]);
    expect(meter.dropped).toEqual(["not-connected", "not-connected"]);
  });
});

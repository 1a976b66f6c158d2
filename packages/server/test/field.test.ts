import { fromHex, toHex } from "@dlmskit/core";
import { type Control, decodeFrame, encodeFrame, hdlcAddress, Station, wrapLlc } from "@dlmskit/hdlc";
import { memoryPair } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { none } from "../src/index.ts";
import { Bench } from "./a-client.ts";
import { aMeter } from "./a-meter.ts";

/** A client on an HDLC line that sends what it is told, and shows what comes. */
class Line {
  readonly #bench: Bench;
  readonly #send: (octets: Uint8Array) => void;
  #sequence = 0;
  #seen = 0;
  frames: string[] = [];

  constructor(bench: Bench) {
    this.#bench = bench;
    const [near, far] = memoryPair({ clock: bench.clock });
    bench.server.accept(far, new Station({ addresses: [{ upper: 1, lower: 17 }] }));
    near.start({
      received: (octets) => {
        const frame = decodeFrame(octets);
        if (frame.frame === "i") this.#seen++;
        const pdu = frame.information.length > 3 ? ` ${toHex(frame.information.subarray(3))}` : "";
        this.frames.push(`${frame.frame}${frame.pollFinal ? "!" : ""}${frame.frame === "i" ? pdu : ""}`);
      },
      ended: () => undefined,
      closed: () => undefined,
    });
    this.#send = (octets) => near.send(octets);
  }

  async #frame(control: Control, information: Uint8Array = new Uint8Array(0)): Promise<string> {
    this.frames = [];
    const addresses = { destination: hdlcAddress({ upper: 1, lower: 17 }), source: hdlcAddress({ upper: 1 }) };
    this.#send(encodeFrame({ ...addresses, segmented: false, information, ...control }));
    await this.#bench.settle();
    return this.frames.join(" ");
  }

  connect(): Promise<string> {
    return this.#frame({ frame: "snrm", pollFinal: true });
  }

  /** What comes of an APDU in an I frame with P=1. */
  say(hex: string): Promise<string> {
    const [sendSequence, receiveSequence] = [this.#sequence++ & 7, this.#seen & 7];
    const control: Control = { frame: "i", pollFinal: true, sendSequence, receiveSequence };
    return this.#frame(control, wrapLlc(fromHex(hex), "command"));
  }
}

const aarq = "601da109060760857405080101be10040e01000000065f1f0400001c1f0000";
const set = "c101810001000060010aff02000901ff";

describe("over HDLC", () => {
  it("F05: each poll is answered at the link, whatever becomes of the APDU", async () => {
    const line = new Line(new Bench(aMeter().meter));
    expect(await line.connect()).toBe("ua!");
    expect(await line.say(aarq)).toMatch(/^i! 61/);
    expect(await line.say(set)).toBe("rr!");
    // What cannot be read, an ACTION, a release of nothing.
    expect(await line.say(set.slice(0, -2))).toBe("rr!");
    expect(await line.say("c301810046000060030aff0100")).toBe("rr!");
    expect(await line.say("c001c10001000060010aff0200")).toBe("i! c401c1000901ff");
    expect(await line.say("6200")).toMatch(/^i! 63/);
    expect(await line.say("6200")).toBe("rr!");
  });

  it("F05: also where the answer is dropped, or comes later", async () => {
    const { meter } = aMeter();
    const drop = new Line(
      new Bench(meter, {
        taps: [
          ({ at, way, octets }) =>
            at === "sealed" && way === "sent" && octets[0] === 0xc4 ? { do: "drop" } : undefined,
        ],
      }),
    );
    await drop.connect();
    await drop.say(aarq);
    expect(await drop.say("c001c10001000060010aff0200")).toBe("rr!");
    // A hook that takes its time: its answer has the turn, and no RR stands before it.
    const slow = new Line(new Bench(aMeter().meter));
    await slow.connect();
    await slow.say(aarq);
    expect(await slow.say("c001c10001000060010cff0200")).toBe("i! c401c100114d");
  });
});

describe("requests of service class 0", () => {
  it("F01: a GET is answered; SET and ACTION where the association says so", async () => {
    const associations = { open: { client: 1, security: none(), access: "full", unconfirmed: "answered" } } as const;
    const line = new Line(new Bench(aMeter({ associations }).meter));
    await line.connect();
    await line.say(aarq);
    expect(await line.say("c001810001000060010aff0200")).toBe("i! c4018100090101");
    expect(await line.say(set)).toBe("i! c5018100");
  });
});

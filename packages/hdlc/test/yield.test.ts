import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { command, Meter, poll } from "./meter.ts";

describe("a message that gets no answer", () => {
  it("F05: is acknowledged at the link, and the client has the turn", () => {
    const meter = new Meter({ addresses: [{ upper: 1, lower: 256, octets: 4 }] });
    const from = { upper: 32 };
    const to = { upper: 1, lower: 256, octets: 4 } as const;
    meter.say(poll.snrm, { from, to });
    meter.say(poll.i(0, 0), { from, to, information: command("c001") });
    meter.answer = () => undefined;
    const set = fromHex("7ea01f000204014132cb21e6e600c1018100080000010000ff030010fff4a5a67e");
    expect(meter.octets(set)).toEqual([]);
    meter.station.yield(0, { client: 32, server: 1, physical: 256 });
    const output = meter.station.poll();
    expect(output?.type === "transmit" && toHex(output.octets)).toBe("7ea00a4100020401510f117e");
  });

  it("once: what was answered, or acknowledged before, is not acknowledged again", () => {
    const meter = new Meter();
    meter.answer = () => undefined;
    meter.connect();
    expect(meter.say(poll.i(0, 0), { information: command("c101") })).toBe("");
    const link = { client: 16, server: 1, physical: 17 };
    meter.station.yield(0, link);
    expect(meter.drain().map(({ frame, pollFinal }) => `${frame} ${pollFinal}`)).toEqual(["rr true"]);
    meter.station.yield(0, link);
    expect(meter.drain()).toEqual([]);
    // An answer that comes after all waits for the next poll.
    meter.station.send(fromHex("c501"), 0, link);
    expect(meter.drain()).toEqual([]);
    expect(meter.say(poll.rr(0))).toBe("i01!");
    // No turn was given.
    meter.say(poll.i(1, 1, false), { information: command("c101") });
    meter.station.yield(0, link);
    expect(meter.drain()).toEqual([]);
    meter.station.yield(0, { client: 99, server: 1 });
    expect(meter.drain()).toEqual([]);
  });

  it("gives no turn to the next link of the same client", () => {
    const meter = new Meter();
    meter.answer = () => undefined;
    meter.connect();
    expect(meter.say(poll.i(0, 0), { information: command("c101") })).toBe("");
    meter.connect();
    meter.station.send(fromHex("c501"), 0, { client: 16, server: 1, physical: 17 });
    expect(meter.drain()).toEqual([]);
    expect(meter.say(poll.rr(0))).toBe("i00!");
  });
});

import type { LinkSettings } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { decodeNegotiation, encodeNegotiation } from "../src/index.ts";
import { frame, Meter, poll } from "./meter.ts";

/** A meter whose settings are asked for whenever a client connects. */
function following(first: LinkSettings | "later" | undefined) {
  const meter = new Meter();
  const told: { settings: LinkSettings | "later" | undefined; asked: number } = { settings: first, asked: 0 };
  meter.station.follow(() => {
    told.asked++;
    return told.settings;
  });
  return { meter, told };
}

const proposal = encodeNegotiation({ maxInfoFieldLengthTransmit: 2030, windowSizeTransmit: 7 });

describe("what a server says of its data link", () => {
  it("holds from the next SNRM on, not before", () => {
    const { meter, told } = following({ inactivity: 5000 });
    meter.say(poll.snrm);
    expect(meter.station.deadline).toBe(meter.now + 5000);
    told.settings = { inactivity: 9000 };
    meter.say(poll.rr(0));
    expect(meter.station.deadline).toBe(meter.now + 5000);
    meter.say(poll.snrm);
    expect(meter.station.deadline).toBe(meter.now + 9000);
    expect(told.asked).toBe(2);
  });

  it("is the most that is negotiated", () => {
    const { meter } = following({ maxInfoReceive: 300, windowReceive: 3 });
    const [ua] = meter.octets(frame(poll.snrm, { information: proposal }));
    // What the client transmits is what this end receives.
    expect(decodeNegotiation(ua?.information ?? new Uint8Array(0))).toEqual({
      maxInfoFieldLengthTransmit: 128,
      maxInfoFieldLengthReceive: 300,
      windowSizeTransmit: 1,
      windowSizeReceive: 3,
    });
  });

  it("keeps an SNRM waiting while it is not known, and answers it once it is", () => {
    const { meter, told } = following("later");
    expect(meter.octets(frame(poll.snrm))).toEqual([]);
    told.settings = { inactivity: 7000 };
    meter.station.settled(meter.now, { client: 16, server: 1, physical: 17 });
    const outputs = [];
    for (let one = meter.station.poll(); one !== undefined; one = meter.station.poll()) outputs.push(one.type);
    expect(outputs).toEqual(["connected", "transmit"]);
    expect(meter.station.deadline).toBe(meter.now + 7000);
    meter.station.settled(meter.now, { client: 16, server: 1, physical: 17 });
    expect(meter.station.poll()).toBeUndefined();
  });

  it("lets as many clients wait as data links may be open", () => {
    const { meter } = following("later");
    for (let client = 1; client <= 17; client++) meter.octets(frame(poll.snrm, { from: { upper: client } }));
    expect(meter.dropped).toEqual(["too-many-links"]);
  });

  it("ends an unfinished frame after the silence that the servers with a link allow", () => {
    const { meter } = following({ interOctet: 40 });
    const half = frame(poll.rr(0)).subarray(0, -2);
    meter.say(poll.snrm);
    meter.octets(half);
    meter.silent(0.041);
    meter.say(poll.rr(0));
    expect(meter.dropped).toEqual(["inter-octet-timeout"]);
    // Without a link the line is as it was.
    meter.say(poll.disc);
    meter.octets(half);
    meter.silent(0.3);
    expect(meter.octets(frame(poll.rr(0)).subarray(-2)).map((one) => one.frame)).toEqual(["dm"]);
    expect(meter.dropped).toEqual(["inter-octet-timeout"]);
  });
});

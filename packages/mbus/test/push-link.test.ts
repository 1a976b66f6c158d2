import { describe, expect, it } from "vitest";
import { MbusPushLink } from "../src/index.ts";

const pdu = (octets: number): Uint8Array => Uint8Array.from({ length: octets }, (_, at) => at & 0xff);

function octetsOf(link: MbusPushLink): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let output = link.poll(); output !== undefined; output = link.poll()) {
    if (output.type === "transmit") all.push(output.octets);
  }
  return all;
}

describe("pushes in M-Bus long frames", () => {
  it.each([0, 1, 245, 246, 5000])("%i octets go from the meter to the client, and an answer back", (octets) => {
    const meter = new MbusPushLink({ end: "server" });
    const client = new MbusPushLink();
    meter.send(pdu(octets), 0, { client: 103, server: 1, physical: 7 });
    const frames = octetsOf(meter);
    expect(frames).toHaveLength(Math.max(1, Math.ceil(octets / 245)));
    for (const frame of frames) {
      for (const octet of frame) client.receive(Uint8Array.of(octet), 0);
    }
    const address = { client: 103, server: 1, physical: 7 };
    expect(client.poll()).toEqual({ type: "received", pdu: pdu(octets), address });
    client.send(pdu(9), 0);
    for (const frame of octetsOf(client)) meter.receive(frame, 0);
    expect(meter.poll()).toEqual({ type: "received", pdu: pdu(9), address });
  });

  it("drops what is no frame and what misses a segment, and goes on; meters on one line are kept apart", () => {
    const client = new MbusPushLink();
    const frames = [3, 4].map((physical) => {
      const meter = new MbusPushLink({ end: "server" });
      meter.send(pdu(500), 0, { client: 1, server: 1, physical });
      return octetsOf(meter);
    });
    const [one, other] = frames as [Uint8Array[], Uint8Array[]];
    client.receive(Uint8Array.of(1, 2, 3), 0);
    client.receive(one[1] as Uint8Array, 0);
    for (let at = 0; at < 3; at++) {
      client.receive(one[at] as Uint8Array, 0);
      client.receive(other[at] as Uint8Array, 0);
    }
    const outputs = Array.from({ length: 5 }, () => client.poll());
    expect(outputs.map((output) => (output?.type === "dropped" ? output.why : output?.type))).toEqual([
      ...["no-frame", "missing-segment", "received", "received", undefined],
    ]);
  });
});

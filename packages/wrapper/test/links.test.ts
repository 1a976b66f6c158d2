import { type Link, type LinkOutput, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeWpdu, WrapperClientLink, WrapperDatagramLink, WrapperServerLink } from "../src/index.ts";

const wpdu = (source: number, destination: number, ...pdu: number[]): Uint8Array =>
  encodeWpdu({ source, destination, pdu: Uint8Array.from(pdu) });

/** All that a link has to say, short. */
function say(link: Link): string[] {
  const lines: string[] = [];
  for (let output = link.poll(); output !== undefined; output = link.poll()) lines.push(line(output));
  return lines;
}

function line(output: LinkOutput): string {
  switch (output.type) {
    case "received": {
      const { client, server } = output.address;
      return `received ${client}>${server} ${toHex(output.pdu)}${output.broadcast === true ? " broadcast" : ""}`;
    }
    case "transmit":
      return `transmit ${toHex(output.octets)}`;
    case "connected":
      return `connected ${output.maxPdu}`;
    case "baud-rate":
      return `${output.baudRate} baud`;
    case "dropped":
    case "disconnected":
    case "broken":
      return `${output.type} ${output.why}`;
  }
}

function hears(link: Link, octets: Uint8Array, now = 0): string[] {
  link.receive(octets, now);
  return say(link);
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("the server's end", () => {
  it("receives and answers, any client and logical device", () => {
    const link = new WrapperServerLink();
    expect(hears(link, wpdu(16, 1, 0xc0))).toEqual(["received 16>1 c0"]);
    link.send(Uint8Array.of(0xc4), 0);
    link.send(Uint8Array.of(0xc4), 0, { client: 32, server: 2 });
    expect(say(link)).toEqual(["transmit 0001000100100001c4", "transmit 0001000200200001c4"]);
    expect(() => new WrapperServerLink().send(Uint8Array.of(1), 0)).toThrow("the client's address is not known");
    link.close(0);
    link.close(0);
    link.send(Uint8Array.of(1), 0);
    expect(say(link)).toEqual(["disconnected closed", "dropped not-connected"]);
    expect(hears(link, wpdu(16, 1, 0xc0))).toEqual([]);
    link.expire(1e9);
    expect(link.deadline).toBeUndefined();
  });

  it("W1 another version breaks the stream, after what came before it", () => {
    const link = new WrapperServerLink();
    const octets = join(wpdu(16, 1, 0xc0), Uint8Array.of(0, 2), wpdu(16, 1, 0xc1));
    expect(hears(link, octets)).toEqual(["received 16>1 c0", "broken version"]);
    expect(hears(link, wpdu(16, 1, 0xc0))).toEqual([]);
    // Two octets are enough to see it.
    expect(hears(new WrapperServerLink(), Uint8Array.of(0x7e, 0xa0))).toEqual(["broken version"]);
    const slow = new WrapperServerLink();
    expect(hears(slow, Uint8Array.of(0))).toEqual([]);
    expect(hears(slow, Uint8Array.of(9))).toEqual(["broken version"]);
  });

  it("W2 a WPDU that stays incomplete breaks the stream, however slowly it goes on", () => {
    const link = new WrapperServerLink({ incomplete: 1000 });
    const octets = wpdu(16, 1, ...new Array(100).fill(1));
    let said: string[] = [];
    let now = 0;
    for (let at = 0; at < octets.length && said.length === 0; at++, now += 90) {
      said = hears(link, octets.subarray(at, at + 1), now);
    }
    expect(said).toEqual(["broken incomplete-timeout"]);
    expect(now).toBeLessThan(1200);
    const idle = new WrapperServerLink();
    hears(idle, octets.subarray(0, 20), 5);
    expect(idle.deadline).toBe(30_005);
    idle.expire(30_004);
    expect(say(idle)).toEqual([]);
    idle.expire(30_005);
    expect(say(idle)).toEqual(["broken incomplete-timeout"]);
    // A WPDU in time starts the time anew for the next.
    const lively = new WrapperServerLink({ incomplete: 1000 });
    hears(lively, octets.subarray(0, 20), 0);
    hears(lively, join(octets.subarray(20), octets.subarray(0, 5)), 900);
    expect(lively.deadline).toBe(1900);
    const patient = new WrapperServerLink({ incomplete: 0, inactivity: 0 });
    hears(patient, octets.subarray(0, 20), 0);
    expect(patient.deadline).toBeUndefined();
  });

  it("W3 nobody at the destination, no station as source", () => {
    const link = new WrapperServerLink({ accepts: (server) => server === 1 });
    expect(hears(link, wpdu(16, 2, 0xc0))).toEqual(["dropped address"]);
    expect(hears(link, wpdu(0, 1, 0xc0))).toEqual(["dropped address"]);
    expect(hears(link, wpdu(16, 0, 0xc0))).toEqual(["dropped address"]);
    expect(hears(link, wpdu(16, 0x7f, 0xc0))).toEqual(["received 16>127 c0 broadcast"]);
    expect(hears(link, wpdu(16, 1, 0xc0))).toEqual(["received 16>1 c0"]);
  });

  it("W4 no octets are ignored, too many break the stream at once", () => {
    const link = new WrapperServerLink({ maxPdu: 1024 });
    expect(hears(link, join(wpdu(16, 1), wpdu(16, 1, 1)))).toEqual(["dropped empty", "received 16>1 01"]);
    expect(hears(link, Uint8Array.of(0, 1, 0, 16, 0, 1, 0xff, 0xff))).toEqual(["broken pdu-too-long"]);
    const most = new WrapperServerLink({ maxPdu: 1024 });
    expect(hears(most, wpdu(16, 1, ...new Array(1024).fill(7)))).toHaveLength(1);
    expect(() => new WrapperServerLink({ maxPdu: 65536 })).toThrow("65535");
  });

  it("W5 two in one segment, one octet a segment", () => {
    const two = join(wpdu(16, 1, 1, 2), wpdu(16, 1, 3));
    const wanted = ["received 16>1 0102", "received 16>1 03"];
    expect(hears(new WrapperServerLink(), two)).toEqual(wanted);
    const link = new WrapperServerLink();
    expect([...two].flatMap((octet) => hears(link, Uint8Array.of(octet)))).toEqual(wanted);
  });

  it("W7 inactivity", () => {
    const link = new WrapperServerLink({}, 0);
    expect(link.deadline).toBe(180_000);
    hears(link, wpdu(16, 1, 1), 100_000);
    expect(link.deadline).toBe(280_000);
    // Octets that make no WPDU are no activity.
    hears(link, Uint8Array.of(0), 270_000);
    link.expire(279_999);
    expect(say(link)).toEqual([]);
    link.expire(280_000);
    expect(say(link)).toEqual(["disconnected timeout", "broken inactivity"]);
    expect(new WrapperServerLink({ inactivity: 0 }, 0).deadline).toBeUndefined();
  });

  it("as a listener's end takes what servers push", () => {
    const link = new WrapperServerLink({ end: "client" });
    expect(hears(link, wpdu(20, 16, 0x0f))).toEqual(["received 16>20 0f"]);
    link.send(Uint8Array.of(1), 0);
    expect(say(link)).toEqual(["transmit 000100100014000101"]);
  });
});

describe("the client's end", () => {
  it("connects, sends, receives, closes", () => {
    const link = new WrapperClientLink({ client: 16, server: 1 });
    link.connect(0);
    link.connect(0);
    link.send(Uint8Array.of(0xc0), 0);
    expect(say(link)).toEqual(["connected 65535", "transmit 0001001000010001c0"]);
    expect(hears(link, wpdu(1, 16, 0xc4))).toEqual(["received 16>1 c4"]);
    expect(link.deadline).toBeUndefined();
    link.close(0);
    link.send(Uint8Array.of(0xc0), 0);
    link.connect(0);
    expect(say(link)).toEqual(["disconnected closed", "dropped not-connected"]);
  });

  it("drops what others send, unless told otherwise", () => {
    const link = new WrapperClientLink({ client: 16, server: 1 });
    expect(hears(link, join(wpdu(2, 16, 1), wpdu(1, 17, 1)))).toEqual(["dropped address", "dropped address"]);
    const any = new WrapperClientLink({ client: 16, server: 1, quirks: ["any-wport"] });
    expect(hears(any, wpdu(103, 102, 1))).toEqual(["received 16>1 01"]);
  });

  it("is bound by the same times", () => {
    const link = new WrapperClientLink({ client: 16, server: 1, inactivity: 500 });
    link.connect(10);
    expect(link.deadline).toBe(510);
    link.expire(510);
    expect(say(link)).toEqual(["connected 65535", "disconnected timeout", "broken inactivity"]);
    const broken = new WrapperClientLink({ client: 16, server: 1 });
    expect(hears(broken, Uint8Array.of(1, 1))).toEqual(["broken version"]);
  });
});

describe("datagrams", () => {
  it("W10 one WPDU a datagram", () => {
    const link = new WrapperDatagramLink();
    expect(hears(link, wpdu(16, 1, 1))).toEqual(["received 16>1 01"]);
    link.send(Uint8Array.of(2), 0);
    expect(say(link)).toEqual(["transmit 000100010010000102"]);
    expect(hears(link, join(wpdu(16, 1, 1), wpdu(16, 1, 1)))).toEqual(["dropped trailing-octets"]);
    expect(hears(link, wpdu(16, 1, 1).subarray(0, 8))).toEqual(["dropped truncated"]);
    expect(hears(link, Uint8Array.of(0, 2))).toEqual(["dropped bad-version"]);
    expect(hears(link, wpdu(16, 1))).toEqual(["dropped empty"]);
    expect(hears(link, wpdu(16, 0, 1))).toEqual(["dropped address"]);
    expect(hears(link, wpdu(16, 0x7f, 1))).toEqual(["received 16>127 01 broadcast"]);
    expect(hears(new WrapperDatagramLink({ end: "client" }), wpdu(1, 16, 1))).toEqual(["received 16>1 01"]);
    expect(() => new WrapperDatagramLink().send(Uint8Array.of(1), 0)).toThrow("the client's address is not known");
    link.expire(0);
    link.close(0);
    expect(say(link)).toEqual(["disconnected closed"]);
  });
});

describe("any octets", () => {
  it("never make a link throw, and what follows a break is not read", () => {
    const speech = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .tuple(fc.nat({ max: 130 }), fc.nat({ max: 130 }), fc.uint8Array({ maxLength: 9 }))
        .map(([a, b, pdu]) => wpdu(a, b, ...pdu)),
    );
    fc.assert(
      fc.property(fc.array(speech, { maxLength: 20 }), (speeches) => {
        const links = [
          new WrapperServerLink({ maxPdu: 100 }),
          new WrapperClientLink({ client: 16, server: 1 }),
          new WrapperDatagramLink(),
        ];
        for (const link of links) {
          const said = speeches.flatMap((octets, at) => hears(link, octets, at * 1000));
          const broke = said.findIndex((one) => one.startsWith("broken"));
          if (broke >= 0) expect(broke).toBe(said.length - 1);
        }
      }),
    );
  });
});

describe("a process that was busy when a deadline came", () => {
  const whole = encodeWpdu({ source: 16, destination: 1, pdu: Uint8Array.of(1, 2, 3) });

  it("takes the rest of a WPDU that has arrived, and then a WPDU after the inactivity time", () => {
    const link = new WrapperServerLink({ incomplete: 100, inactivity: 1000 }, 0);
    link.receive(whole.subarray(0, 5), 0);
    link.receive(whole.subarray(5), 150);
    expect(link.poll()).toMatchObject({ type: "received" });
    link.receive(whole, 1200);
    expect(link.poll()).toMatchObject({ type: "received" });
    expect([link.poll(), link.deadline]).toEqual([undefined, 2200]);
  });

  it("breaks off what is still incomplete, and what says nothing", () => {
    const slow = new WrapperServerLink({ incomplete: 100 }, 0);
    slow.receive(whole.subarray(0, 5), 0);
    slow.receive(whole.subarray(5, 6), 150);
    expect(slow.poll()).toEqual({ type: "broken", why: "incomplete-timeout" });
    const silent = new WrapperServerLink({ inactivity: 1000 }, 0);
    silent.receive(whole.subarray(0, 1), 1000);
    expect(silent.poll()).toMatchObject({ type: "disconnected", why: "timeout" });
    silent.receive(whole, 1001);
    expect(silent.poll()).toEqual({ type: "broken", why: "inactivity" });
    expect(silent.poll()).toBeUndefined();
  });
});

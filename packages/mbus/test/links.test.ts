import { fromHex, type LinkAddress, type LinkOutput, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { MbusClientLink, MbusServerLink } from "../src/index.ts";

const pdu = (octets: number, first = 0): Uint8Array =>
  Uint8Array.from({ length: octets }, (_, at) => (at + first) & 0xff);

function outputs(link: { poll(): LinkOutput | undefined }): LinkOutput[] {
  const all: LinkOutput[] = [];
  for (let output = link.poll(); output !== undefined; output = link.poll()) all.push(output);
  return all;
}
const octetsOf = (all: readonly LinkOutput[]): string[] =>
  all.flatMap((one) => (one.type === "transmit" ? [toHex(one.octets)] : []));
const sent = (link: { poll(): LinkOutput | undefined }): string[] => octetsOf(outputs(link));
const others = (all: readonly LinkOutput[]): LinkOutput[] => all.filter(({ type }) => type !== "transmit");

const address: LinkAddress = { client: 16, server: 1, physical: 5, line: "mbus" };
const newClient = (more: Partial<ConstructorParameters<typeof MbusClientLink>[0]> = {}): MbusClientLink =>
  new MbusClientLink({ client: 16, server: 1, address: 5, ...more });
const newMeter = (more: Partial<ConstructorParameters<typeof MbusServerLink>[0]> = {}): MbusServerLink =>
  new MbusServerLink({ addresses: [5], ...more });

/** Frames of the client, by hand. */
const short = (control: number, to = 5): string => toHex(Uint8Array.of(0x10, control, to, (control + to) & 0xff, 0x16));
const long = (control: number, to: number, body: string): string => {
  const inner = fromHex(`${toHex(Uint8Array.of(control, to))}${body}`);
  const sum = inner.reduce((one, other) => (one + other) & 0xff, 0);
  return `68${toHex(Uint8Array.of(inner.length, inner.length))}68${toHex(inner)}${toHex(Uint8Array.of(sum))}16`;
};
const say = (link: MbusServerLink | MbusClientLink, hex: string, now = 0): LinkOutput[] => {
  link.receive(fromHex(hex), now);
  return outputs(link);
};

describe("the client's end of an M-Bus line", () => {
  it("resets the link, sends the PDU, polls for the answer, each with its own FCB", () => {
    const client = newClient();
    client.connect(0);
    expect(sent(client)).toEqual([short(0x40)]);
    expect(say(client, "e5")).toEqual([{ type: "connected", address }]);
    client.send(fromHex("c001"), 10);
    expect(sent(client)).toEqual([long(0x73, 5, "101001c001")]);
    expect(octetsOf(say(client, "e5", 20))).toEqual([short(0x7b)]);
    // Not ready: polled again after 200 ms.
    expect(say(client, "e5", 30)).toEqual([]);
    expect(client.deadline).toBe(230);
    client.expire(230);
    expect(sent(client)).toEqual([short(0x7b)]);
    say(client, "e5", 240);
    client.expire(440);
    expect(sent(client)).toEqual([short(0x5b)]);
    expect(say(client, long(0x08, 5, "100110c401"), 450)).toEqual([
      { type: "received", pdu: fromHex("c401"), address },
    ]);
    expect(client.deadline).toBeUndefined();
    client.send(fromHex("c002"), 500);
    expect(sent(client)).toEqual([long(0x53, 5, "101001c002")]);
  });

  it("repeats a frame with the same FCB, and reports a meter that does not answer", () => {
    const client = newClient({ timeout: 100, retries: 2 });
    client.connect(0);
    for (const at of [100, 200]) client.expire(at);
    expect(sent(client)).toEqual([short(0x40), short(0x40), short(0x40)]);
    client.expire(300);
    expect(outputs(client)).toMatchObject([{ type: "disconnected", why: "no-answer", fault: { code: "no-answer" } }]);
    client.connect(400);
    say(client, "e5", 410);
    client.send(fromHex("c001"), 410);
    client.expire(510);
    expect(sent(client)).toEqual([long(0x73, 5, "101001c001"), long(0x73, 5, "101001c001")]);
  });

  it("gives up polling after pollFor, and does not poll after yield", () => {
    const client = newClient({ pollFor: 500 });
    client.connect(0);
    say(client, "e5");
    client.send(fromHex("c001"), 0);
    say(client, "e5", 400);
    expect(say(client, "e5", 450)).toEqual([]);
    client.expire(650);
    outputs(client);
    expect(say(client, "e5", 660)).toMatchObject([{ type: "disconnected", why: "no-answer" }]);
    client.connect(1000);
    say(client, "e5", 1000);
    client.send(fromHex("c101"), 1000);
    client.yield();
    expect(sent(client)).toEqual([long(0x73, 5, "101001c101")]);
    expect(say(client, "e5", 1010)).toEqual([]);
    expect(client.deadline).toBeUndefined();
  });

  it("does not take a single character within a damaged frame for an acknowledgement", () => {
    const client = newClient({ timeout: 100 });
    client.connect(0);
    say(client, "e5");
    client.send(fromHex("c001"), 0);
    outputs(client);
    expect(others(say(client, "00e5", 10)).map((one) => one.type === "dropped" && one.why)).toEqual(["noise", "noise"]);
    client.expire(100);
    expect(sent(client)).toEqual([long(0x73, 5, "101001c001")]);
    expect(octetsOf(say(client, "e5", 110))).toEqual([short(0x7b)]);
  });

  it("drops the echo of its frames and the frames of other meters", () => {
    const client = newClient();
    client.connect(0);
    const why = (hex: string) => others(say(client, hex)).map((one) => one.type === "dropped" && one.why);
    expect(why(short(0x40))).toEqual(["echo"]);
    expect(why(long(0x08, 6, "100110c401"))).toEqual(["address"]);
    expect(say(client, "e5")).toMatchObject([{ type: "connected" }]);
    expect(why("e5")).toEqual(["unexpected"]);
  });

  it("polls an idle meter where asked to, and fetches all that a meter announces with ACD", () => {
    const client = newClient({ pollIdle: 1000 });
    client.connect(0);
    say(client, "e5", 0);
    client.expire(1000);
    expect(sent(client)).toEqual([short(0x7b)]);
    const first = say(client, long(0x28, 5, "1001100f01"), 1010);
    expect(first.map(({ type }) => type)).toEqual(["received", "transmit"]);
    const second = say(client, long(0x08, 5, "1001100f02"), 1020);
    expect(second).toEqual([{ type: "received", pdu: fromHex("0f02"), address }]);
    expect(client.deadline).toBe(2020);
  });

  it("takes two equal PDUs for two, and an answer that the line delivers twice for one", () => {
    const client = newClient({ pollIdle: 1000, timeout: 100 });
    client.connect(0);
    say(client, "e5", 0);
    client.expire(1000);
    const push = (control: number): string => long(control, 5, "1001100f01");
    expect(others(say(client, push(0x28), 1010))).toMatchObject([{ type: "received" }]);
    expect(others(say(client, push(0x28), 1011))).toMatchObject([{ type: "dropped", why: "repeated" }]);
    client.expire(1110);
    expect(sent(client)).toEqual([short(0x5b)]);
    expect(others(say(client, push(0x28), 1120))).toMatchObject([{ type: "received" }]);
    expect(others(say(client, push(0x08), 1130))).toMatchObject([{ type: "received" }]);
    expect(client.deadline).toBe(2130);
  });

  it("ends the link with SND_NKE", () => {
    const client = newClient();
    client.connect(0);
    say(client, "e5");
    client.close(0);
    expect(sent(client)).toEqual([short(0x40)]);
    expect(say(client, "e5")).toEqual([{ type: "disconnected", why: "closed", address }]);
    client.send(fromHex("00"), 0);
    expect(outputs(client)).toMatchObject([{ type: "dropped", why: "not-connected" }]);
  });

  it.each([{ client: 256 }, { server: 256 }, { address: 251 }, { address: 253 }, { address: 255 }])(
    "refuses %o",
    (wrong) => {
      expect(() => newClient(wrong)).toThrow(expect.objectContaining({ code: "out-of-range" }));
    },
  );
});

describe("the meters' end of an M-Bus line", () => {
  it("acknowledges each frame, executes a PDU once, and repeats an answer that was lost", () => {
    const meter = newMeter();
    expect(say(meter, short(0x40))).toEqual([{ type: "transmit", octets: fromHex("e5") }]);
    const request = long(0x73, 5, "101001c001");
    expect(others(say(meter, request))).toEqual([{ type: "received", pdu: fromHex("c001"), address }]);
    expect(say(meter, request)).toEqual([{ type: "transmit", octets: fromHex("e5") }]);
    expect(sent2(meter, short(0x7b))).toEqual(["e5"]);
    // "No data" was lost, and there is data by now.
    meter.send(fromHex("c401"), 0, address);
    const answer = long(0x08, 5, "100110c401");
    expect(sent2(meter, short(0x7b))).toEqual([answer]);
    expect(sent2(meter, short(0x7b))).toEqual([answer]);
    expect(sent2(meter, short(0x5b))).toEqual(["e5"]);
    // The same PDU with the other FCB is a new one.
    expect(others(say(meter, long(0x53, 5, "101001c001")))).toMatchObject([{ type: "received" }]);
  });

  it("understands masters with one FCB for all frames, and masters without FCB", () => {
    const meter = newMeter();
    const received = (hex: string): number => others(say(meter, hex)).filter(({ type }) => type === "received").length;
    expect(received(long(0x73, 5, "101001c001"))).toBe(1);
    meter.send(fromHex("c401"), 0, address);
    expect(sent2(meter, short(0x5b))).toEqual([long(0x08, 5, "100110c401")]);
    expect(received(long(0x73, 5, "101001c001"))).toBe(1);
    expect(received(long(0x43, 5, "101001c001"))).toBe(1);
    expect(received(long(0x43, 5, "101001c001"))).toBe(1);
  });

  it("divides what is too long, and says with ACD that there is more", () => {
    const meter = newMeter({ longest: 15 });
    say(meter, long(0x73, 5, "101001c001"));
    meter.send(pdu(25), 0, address);
    expect(sent2(meter, short(0x7b))).toEqual([long(0x28, 5, `000110${toHex(pdu(10))}`)]);
    expect(sent2(meter, short(0x5b))).toEqual([long(0x28, 5, `010110${toHex(pdu(10, 10))}`)]);
    expect(sent2(meter, short(0x7b))).toEqual([long(0x08, 5, `120110${toHex(pdu(5, 20))}`)]);
  });

  it("answers only its own addresses; 254 reaches the only meter; a PDU to all is not answered", () => {
    const bus = newMeter({ addresses: [5, 6] });
    expect(octetsOf(say(bus, short(0x40, 6)))).toEqual(["e5"]);
    for (const other of [7, 253, 254, 251]) expect(octetsOf(say(bus, short(0x40, other)))).toEqual([]);
    expect(say(bus, long(0x53, 255, "101001c101"))).toEqual([
      { type: "received", pdu: fromHex("c101"), address, broadcast: true },
      { type: "received", pdu: fromHex("c101"), address: { ...address, physical: 6 }, broadcast: true },
    ]);
    expect(octetsOf(say(bus, short(0x7b, 255)))).toEqual([]);
    const one = newMeter();
    expect(octetsOf(say(one, short(0x40, 254)))).toEqual(["e5"]);
    expect(others(say(one, long(0x73, 254, "101001c001")))).toMatchObject([{ type: "received", address }]);
  });

  it("SND_NKE and silence end the associations of a meter, and what waits for it", () => {
    const meter = newMeter({ inactivity: 1000 });
    say(meter, long(0x73, 5, "101001c001"), 0);
    meter.send(fromHex("c401"), 0, address);
    expect(others(say(meter, short(0x40), 10))).toEqual([{ type: "disconnected", why: "disc", address }]);
    expect(sent2(meter, short(0x7b))).toEqual(["e5"]);
    say(meter, long(0x53, 5, "101001c001"), 500);
    expect(meter.deadline).toBe(1500);
    meter.expire(1500);
    expect(outputs(meter)).toEqual([{ type: "disconnected", why: "timeout", address }]);
    expect(meter.deadline).toBeUndefined();
  });

  it("SND_NKE to all ends the associations of all meters, without an answer", () => {
    const bus = newMeter({ addresses: [5, 6] });
    for (const to of [5, 6]) say(bus, long(0x73, to, "101001c001"));
    bus.send(fromHex("c401"), 0, address);
    expect(say(bus, short(0x40, 255))).toEqual([
      { type: "disconnected", why: "disc", address },
      { type: "disconnected", why: "disc", address: { ...address, physical: 6 } },
    ]);
    expect(sent2(bus, short(0x7b))).toEqual(["e5"]);
  });

  it("has 64 clients at most, and says which one it no longer has", () => {
    const meter = newMeter();
    const body = (client: number): string => `10${client.toString(16).padStart(2, "0")}01c001`;
    const ask = (client: number) => others(say(meter, long(0x43, 5, body(client))));
    for (let client = 16; client < 80; client++) expect(ask(client)).toMatchObject([{ type: "received" }]);
    expect(ask(80)).toMatchObject([
      { type: "disconnected", address },
      { type: "received", address: { client: 80 } },
    ]);
    expect(others(say(meter, short(0x40)))).toHaveLength(64);
  });

  it("keeps unsolicited PDUs until it is polled, and none for a client that has not spoken", () => {
    const meter = newMeter();
    const left: string[] = [];
    const unasked = (name: string) => ({ pdus: () => [fromHex("0f01")], left: () => void left.push(name) });
    meter.notify(unasked("early"), 0, address);
    say(meter, long(0x73, 5, "101001c001"));
    meter.notify(unasked("one"), 0, address);
    expect(left).toEqual([]);
    expect(sent2(meter, short(0x7b))).toEqual([long(0x08, 5, "1001100f01")]);
    expect(left).toEqual(["one"]);
  });

  it("does not acknowledge requests of a master that never polls", () => {
    const meter = newMeter();
    say(meter, long(0x73, 5, "101001c001"));
    for (let at = 0; at < 3; at++) meter.send(pdu(65_000), 0, address);
    const answered = say(meter, long(0x53, 5, "101001c002"));
    expect(answered).toMatchObject([{ type: "dropped", why: "not-polled" }]);
  });

  it("drops other frames: M-Bus data, of slaves, other functions; a frame that stays incomplete", () => {
    const meter = newMeter({ interOctet: 100 });
    const why = (hex: string, now = 0): (string | false)[] =>
      say(meter, hex, now).map((one) => one.type === "dropped" && one.why);
    expect(why(long(0x73, 5, "5101"))).toEqual(["not-dlms"]);
    expect(why(long(0x08, 5, "101001c001"))).toEqual(["echo"]);
    expect(why("e5")).toEqual(["noise"]);
    expect(why(short(0x49))).toEqual(["function"]);
    expect(why("68ffff68", 0)).toEqual([]);
    expect(why("ff", 100)).toEqual(["incomplete", "noise"]);
    expect(octetsOf(say(meter, short(0x40), 101))).toEqual(["e5"]);
    meter.close(0);
    expect(outputs(meter)).toEqual([{ type: "disconnected", why: "closed" }]);
    meter.send(fromHex("00"), 0, address);
    expect(outputs(meter)).toMatchObject([{ type: "dropped", why: "not-connected" }]);
  });
});

function sent2(link: MbusServerLink, hex: string): string[] {
  return octetsOf(say(link, hex));
}

describe("a meter whose answer has no end", () => {
  it.each([
    ["empty segments", ""],
    ["segments out of order", "c4"],
    ["segments beyond the longest PDU", "c4".repeat(200)],
  ])("is given up after pollFor: %s", (kind, body) => {
    const client = newClient({ pollFor: 1000, maxPdu: 2000 });
    client.connect(0);
    say(client, "e5");
    client.send(fromHex("c001"), 0);
    let answered = say(client, "e5");
    let now = 0;
    let sequence = 0;
    while (answered.every(({ type }) => type !== "disconnected") && now < 60_000) {
      now += 10;
      const ci = kind === "segments out of order" ? 5 + (sequence & 1) : sequence & 0x0f;
      sequence++;
      answered = say(client, long(0x08, 5, `${toHex(Uint8Array.of(ci))}0110${body}`), now);
    }
    expect(answered).toContainEqual(expect.objectContaining({ type: "disconnected", why: "no-answer" }));
    expect(now).toBeLessThan(2000);
  });
});

describe("endless octets that look like frames", () => {
  it.each([0x68, 0x10, 0xe5, 0x00, 0xff])("are one drop a piece, of 0x%s too", (octet) => {
    const meter = newMeter();
    let drops = 0;
    for (let piece = 0; piece < 128; piece++) {
      meter.receive(new Uint8Array(512).fill(octet), 0);
      drops += outputs(meter).length;
    }
    expect(drops).toBeLessThanOrEqual(128);
    expect(octetsOf(say(meter, short(0x40), 1000))).toEqual(["e5"]);
  });
});

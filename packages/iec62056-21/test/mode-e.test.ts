import { fromAscii, type Link, type LinkOutput, toHex, toLatin1 } from "@dlmskit/core";
import { Primary, Station } from "@dlmskit/hdlc";
import { type Duplex, type DuplexHandlers, LinkPump, memoryPair, VirtualClock } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { serialListen, serialOpen } from "@dlmskit/transport/serial";
import { describe, expect, it } from "vitest";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import {
  decodeDataMessage,
  encodeOptionSelect,
  encodeRequest,
  type Identification,
  ModeEClient,
  type ModeEClientOptions,
  ModeEServer,
  type ModeEServerOptions,
  withoutParity,
  withParity,
} from "../src/index.ts";
import { faultOf } from "./arbitraries.ts";

const identification: Identification = { manufacturer: "XXX", baudRate: "5", enhanced: "2", identification: "METER" };
const readout = () => [{ address: "1.8.0", values: [{ value: "000123.4", unit: "kWh" }] }];
const primary = () => new Primary({ client: 16, server: { upper: 1 }, timeout: 300, retries: 2 });
const client = (options: Partial<ModeEClientOptions> = {}) => new ModeEClient({ link: primary(), ...options });
const meter = (options: Partial<ModeEServerOptions> = {}) =>
  new ModeEServer({
    link: new Station({ addresses: [{ upper: 1 }] }),
    identification,
    deviceAddress: "12345",
    readout,
    ...options,
  });

/** A line in memory whose ends understand one another at the same baud rate only. */
function line(clock: VirtualClock): { near: Duplex; far: Duplex; rates: () => number[] } {
  const ends = memoryPair({ clock, latency: 1 });
  const rates = [300, 300];
  const at = (index: 0 | 1): Duplex => {
    const end = ends[index];
    return {
      remote: end.remote,
      get bufferedOctets() {
        return end.bufferedOctets;
      },
      // The rate that the octets leave at is not for the receiver to see, but what comes out is.
      send: (octets) => end.send(rates[index] === rates[1 - index] ? octets : octets.map((octet) => octet ^ 0xa5)),
      changeBaudRate(baudRate) {
        rates[index] = baudRate;
      },
      end: () => end.end(),
      destroy: () => end.destroy(),
      start: (handlers: DuplexHandlers) => end.start(handlers),
    };
  };
  return { near: at(0), far: at(1), rates: () => [...rates] };
}

/** Both ends on a line in virtual time, and what they told. */
function joined(clientOptions: Partial<ModeEClientOptions> = {}, serverOptions: Partial<ModeEServerOptions> = {}) {
  const clock = new VirtualClock();
  const { near, far, rates } = line(clock);
  const events: string[] = [];
  const nearLink = client(clientOptions);
  const ours = new LinkPump({ link: nearLink, duplex: near, clock });
  const theirs = new LinkPump<Link>({ link: meter(serverOptions), duplex: far, clock });
  ours.start({
    connected: () => void events.push("connected"),
    disconnected: (why, _, fault) => void events.push(`${why} ${fault?.code ?? ""}`),
    received: (pdu) => void events.push(`answer ${toHex(pdu)}`),
    closed: () => undefined,
  });
  theirs.start({
    received: (pdu, address) => theirs.send(pdu.slice().reverse(), address),
    closed: () => undefined,
  });
  return { clock, ours, theirs, events, rates, nearLink };
}

describe("H43 mode E", () => {
  it("H43 signs on at 300 baud, changes the rate, and goes on as HDLC", () => {
    const { clock, ours, events, rates, nearLink } = joined();
    ours.connect();
    clock.advance(3000);
    expect(events).toEqual(["connected"]);
    expect(rates()).toEqual([9600, 9600]);
    expect(nearLink.identification).toEqual(identification);
    ours.send(fromAscii("hello"));
    clock.advance(1000);
    expect(events.at(-1)).toBe(`answer ${toHex(fromAscii("olleh"))}`);
  });

  it("H43 both are back at 300 baud after the link, and can sign on again", () => {
    const { clock, ours, events, rates } = joined();
    ours.connect();
    clock.advance(3000);
    ours.link.close(clock.now());
    ours.send(new Uint8Array(0));
    clock.advance(2000);
    expect(events.at(-1)).toMatch(/^(disc|closed)/);
    expect(rates()[1]).toBe(300);
    ours.connect();
    clock.advance(3000);
    expect(events.at(-1)).toBe("connected");
    expect(rates()).toEqual([9600, 9600]);
  });

  it("H43 SNRM on an open link, sent again since UA was late, does not end mode E", () => {
    const { clock, ours, theirs, events, rates } = joined();
    ours.connect();
    clock.advance(3000);
    const [snrm] = [Uint8Array.from([0x7e, 0xa0, 0x07, 0x03, 0x21, 0x93, 0x0f, 0x01, 0x7e])];
    theirs.link.receive(snrm as Uint8Array, clock.now());
    // The pump takes what the link has to say, and goes on.
    theirs.send(new Uint8Array(0));
    clock.advance(1000);
    expect(events[0]).toBe("connected");
    expect(rates()).toEqual([9600, 9600]);
  });

  it("H43 a meter that hears nothing after the change falls back to 300 baud", () => {
    const clock = new VirtualClock();
    const link = meter({ silence: 5000 });
    const outputs = drive(link);
    link.receive(withParity(encodeRequest({ deviceAddress: "" }), "even"), clock.now());
    expect(outputs(199)).toEqual([]);
    expect(outputs(200)).toEqual(["/XXX5\\2METER\r\n"]);
    link.receive(withParity(encodeOptionSelect({ protocol: 2, baudRate: "5", mode: 2 }), "even"), 300);
    expect(outputs(500)).toEqual(["\u0006252\r\n", "9600 baud"]);
    expect(outputs(5499)).toEqual([]);
    expect(outputs(5500)).toEqual(["300 baud"]);
    // And answers a request again.
    link.receive(withParity(encodeRequest({ deviceAddress: "0012345" }), "even"), 6000);
    expect(outputs(6200)).toEqual(["/XXX5\\2METER\r\n"]);
  });

  it("H43 a client whose meter does not follow the change gives up, and begins at 300 baud again", () => {
    const { clock, ours, events, rates } = joined(
      {},
      { identification: { ...identification, baudRate: "5" }, silence: 1 },
    );
    ours.connect();
    clock.advance(10_000);
    expect(events).toEqual(["no-answer no-answer"]);
    expect(rates()).toEqual([9600, 300]);
    ours.connect();
    expect(rates()[0]).toBe(300);
  });

  it("the highest rate of the client counts", () => {
    const { clock, ours, events, rates } = joined({ highestBaudRate: 2400 });
    ours.connect();
    clock.advance(3000);
    expect(events).toEqual(["connected"]);
    expect(rates()).toEqual([2400, 2400]);
  });

  it("nobody there, another address, no mode E: each has its Fault", () => {
    const ask = (clientOptions: Partial<ModeEClientOptions>, serverOptions: Partial<ModeEServerOptions>): string[] => {
      const { clock, ours, events } = joined(clientOptions, serverOptions);
      ours.connect();
      clock.advance(20_000);
      return events;
    };
    expect(ask({ deviceAddress: "999" }, {})).toEqual(["no-answer no-answer"]);
    expect(ask({ deviceAddress: "0012345" }, {})).toEqual(["connected"]);
    expect(ask({ deviceAddress: "7" }, { deviceAddress: (address) => address === "7" })).toEqual(["connected"]);
    const plain = { identification: { ...identification, enhanced: "" } };
    expect(ask({}, plain)).toEqual(["refused mode-not-offered"]);
  });

  it("a port of 7E1 needs no parity of ours", () => {
    const { clock, ours, events } = joined({ sevenBits: true }, { sevenBits: true });
    ours.connect();
    clock.advance(3000);
    expect(events).toEqual(["connected"]);
  });

  it("an echo of the optical head, noise and a damaged identification are passed over", () => {
    const link = client();
    const outputs = drive(link);
    link.connect(0);
    const request = encodeRequest({ deviceAddress: "" });
    expect(outputs(0)).toEqual(["300 baud", toLatin1(request)]);
    link.receive(withParity(request, "even"), 100);
    link.receive(Uint8Array.of(0xff, 0x00, 0x41), 200);
    link.receive(withParity(fromAscii("\r\n/XX\r\n"), "even"), 300);
    expect(outputs(400)).toEqual([]);
    link.receive(withParity(fromAscii("/XXX4\\2METER\r\n"), "even"), 500);
    expect(outputs(500)).toEqual(["\u0006242\r\n", "4800 baud"]);
    link.close(600);
    expect(outputs(600)).toEqual(["disconnected closed"]);
  });

  it("the Fault of an identification that cannot be read is told after the last try", () => {
    const link = client({ retries: 0 });
    const outputs = drive(link);
    link.connect(0);
    outputs(0);
    link.receive(withParity(fromAscii("/12\r\n"), "even"), 100);
    expect(outputs(10_000)).toEqual(["disconnected no-answer bad-message"]);
  });

  it("options that cannot be are refused at once", () => {
    expect(faultOf(() => client({ deviceAddress: "/" })).code).toBe("bad-value");
    expect(faultOf(() => client({ highestBaudRate: 5000 })).code).toBe("bad-baud-rate");
    expect(faultOf(() => meter({ identification: { ...identification, manufacturer: "" } })).code).toBe("bad-value");
  });
});

describe("a meter of mode C", () => {
  const signedOn = (options: Partial<ModeEServerOptions> = {}) => {
    const link = meter(options);
    const outputs = drive(link);
    link.receive(withParity(encodeRequest({ deviceAddress: "" }), "even"), 0);
    outputs(200);
    return { link, outputs };
  };
  const block = [{ address: "1.8.0", values: [{ value: "000123.4", unit: "kWh" }] }];

  it("sends its data message at the rate that is selected, and again after NAK", () => {
    const { link, outputs } = signedOn();
    link.receive(withParity(encodeOptionSelect({ protocol: 0, baudRate: "4", mode: 0 }), "even"), 300);
    const [rate, message] = outputs(500);
    expect(rate).toBe("4800 baud");
    expect(decodeDataMessage(fromAscii(message as string))).toEqual(block);
    link.receive(Uint8Array.of(0x95), 600);
    expect(outputs(600)).toEqual([message]);
    expect(outputs(20_000)).toEqual(["300 baud"]);
  });

  it("sends it at 300 baud where nothing is selected", () => {
    const { outputs } = signedOn();
    const [message] = outputs(5000);
    expect(decodeDataMessage(fromAscii(message as string))).toEqual(block);
  });

  it("sends nothing where it has no data message, or another mode is selected", () => {
    const none = meter();
    const outputs = drive(none);
    none.receive(withParity(encodeRequest({ deviceAddress: "999" }), "even"), 0);
    expect(outputs(10_000)).toEqual([]);
    const { link, outputs: said } = signedOn();
    link.receive(withParity(encodeOptionSelect({ protocol: 0, baudRate: "5", mode: 1 }), "even"), 300);
    expect(said(20_000)).toEqual([]);
  });
});

/** What a link does up to a time, each output as text. */
function drive(link: Link): (now: number) => string[] {
  return (now) => {
    if (link.deadline !== undefined && link.deadline <= now) link.expire(now);
    const texts: string[] = [];
    for (let output = link.poll(); output !== undefined; output = link.poll()) texts.push(textOf(output));
    return texts;
  };
}

function textOf(output: LinkOutput): string {
  if (output.type === "transmit") return toLatin1(withoutParity(output.octets, "even"));
  if (output.type === "baud-rate") return `${output.baudRate} baud`;
  if (output.type === "disconnected") return `${output.type} ${output.why} ${output.fault?.code ?? ""}`.trim();
  return output.type;
}

describe.skipIf(noPty !== undefined)("H43 on a pseudo-terminal", () => {
  it("H43 sign-on with parity, then HDLC at 9600 baud", async () => {
    const pair = await ptyPair();
    const listener = await serialListen(pair.far, {
      baudRate: 300,
      accept(duplex) {
        const pump = new LinkPump<Link>({ link: meter(), duplex, clock: systemClock });
        pump.start({ received: (pdu, address) => pump.send(pdu, address), closed: () => undefined });
      },
    });
    const duplex = await serialOpen(pair.near, { baudRate: 300 });
    const pump = new LinkPump({ link: client(), duplex, clock: systemClock });
    const answer = await new Promise<string>((resolve, reject) => {
      pump.start({
        connected: () => pump.send(fromAscii("over a line")),
        received: (pdu) => resolve(toLatin1(pdu)),
        disconnected: (_, __, fault) => reject(fault),
        closed: reject,
      });
      pump.connect();
    });
    expect(answer).toBe("over a line");
    pump.close();
    await listener.close();
    await pair.close();
  });
});

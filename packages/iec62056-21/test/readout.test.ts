import type { ClientLink, Link } from "@dlmskit/core";
import { Station } from "@dlmskit/hdlc";
import { LinkPump, type LinkTap, memoryPair, VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import {
  type DataSet,
  type Identification,
  ModeEServer,
  type ModeEServerOptions,
  ReadoutClient,
  type ReadoutClientOptions,
  TelegramClient,
  TelegramServer,
} from "../src/index.ts";
import { faultOf } from "./arbitraries.ts";

const dataSets: readonly DataSet[] = [
  { address: "1-0:1.8.0*255", values: [{ value: "000123.4", unit: "kWh" }] },
  { address: "0-0:96.1.0*255", values: [{ value: "12345" }] },
];
const named = (baudRate: string, enhanced = ""): Identification => ({
  manufacturer: "XXX",
  baudRate,
  enhanced,
  identification: "METER",
});

/** Client and meter on a line in virtual time, and what the client told. */
function joined<L extends ClientLink>(link: L, meter: Link, tap?: LinkTap) {
  const clock = new VirtualClock();
  const [near, far] = memoryPair({ clock, latency: 1 });
  const rates: number[] = [];
  near.changeBaudRate = (rate: number) => void rates.push(rate);
  const events: string[] = [];
  const ours = new LinkPump<ClientLink>({ link, duplex: near, clock, ...(tap === undefined ? {} : { tap }) });
  const theirs = new LinkPump<Link>({ link: meter, duplex: far, clock });
  ours.start({
    disconnected: (why, _, fault) => void events.push(`${why} ${fault?.code ?? ""}`.trim()),
    received: () => void events.push("received"),
    closed: () => undefined,
  });
  theirs.start({ received: () => undefined, closed: () => undefined });
  ours.connect();
  return { clock, events, rates };
}

const server = (options: Partial<ModeEServerOptions> = {}) =>
  new ModeEServer({
    link: new Station({ addresses: [{ upper: 1 }] }),
    identification: named("5"),
    deviceAddress: "12345",
    readout: () => dataSets,
    ...options,
  });
const read = (client: Partial<ReadoutClientOptions>, meter: Partial<ModeEServerOptions>, tap?: LinkTap) => {
  const link = new ReadoutClient(client);
  return { link, ...joined(link, server(meter), tap) };
};

describe("the readout of a data block", () => {
  it.each([
    ["A", "@", []],
    ["B", "D", [4800]],
    ["C", "5", [9600]],
  ] as const)("in mode %s", (mode, z, changes) => {
    const { clock, link, events, rates } = read({}, { identification: named(z) });
    clock.advance(10_000);
    expect(events).toEqual(["received", "closed"]);
    expect(link.result).toEqual({ identification: named(z), mode, dataSets });
    expect(rates.slice(0, 1 + changes.length)).toEqual([300, ...changes]);
    expect(rates.at(-1)).toBe(300);
  });

  it("of a meter that offers mode E too, at the highest rate of the client", () => {
    const { clock, link, rates } = read({ highestBaudRate: 2400 }, { identification: named("6", "2") });
    clock.advance(10_000);
    expect(link.result?.dataSets).toEqual(dataSets);
    expect(rates).toEqual([300, 2400, 300]);
  });

  it("with values that the meter takes time to read", () => {
    const asked: string[] = [];
    let tries = 0;
    const { clock, link } = read(
      { deviceAddress: "77" },
      {
        deviceAddress: (address) => asked.push(address) > 0,
        readout: () => (++tries < 5 ? undefined : dataSets),
      },
    );
    clock.advance(10_000);
    expect(asked).toEqual(["77"]);
    expect(tries).toBe(5);
    expect(link.result?.dataSets).toEqual(dataSets);
  });

  it("whose values never come: the meter is silent, and the client says so", () => {
    const { clock, events } = read({}, { readout: () => undefined });
    clock.advance(60_000);
    expect(events).toEqual(["no-answer no-answer"]);
  });

  it("is asked for again when it is damaged, and given up in the end", () => {
    const damaged = (often: number): LinkTap => {
      let left = often;
      return {
        receive: (octets) =>
          octets.length < 40 || left-- <= 0 ? [octets] : [octets.map((one, at) => (at === 9 ? one ^ 0x81 : one))],
      };
    };
    const once = read({}, {}, damaged(1));
    once.clock.advance(20_000);
    expect(once.events).toEqual(["received", "closed"]);
    expect(once.link.result?.dataSets).toEqual(dataSets);
    const always = read({}, {}, damaged(99));
    always.clock.advance(60_000);
    expect(always.events).toEqual(["no-answer bcc-mismatch"]);
  });

  it("of nobody, and of one that is too long", () => {
    const nobody = read({ deviceAddress: "9" }, {});
    nobody.clock.advance(60_000);
    expect(nobody.events).toEqual(["no-answer no-answer"]);
    const long = read({ maxMessage: 20 }, {});
    long.clock.advance(60_000);
    expect(long.events).toEqual(["refused bad-message"]);
  });
});

describe("telegrams that a meter sends by itself", () => {
  const telegram = { identification: named("5"), dataSets, crc: true };

  it.each([false, true])("come again and again; parity %s", (parity) => {
    const link = new TelegramClient({ parity });
    const { clock, events } = joined(link, new TelegramServer({ telegram: () => telegram, every: 1000, parity }));
    clock.advance(2500);
    expect(events).toEqual(["received", "received", "received"]);
    expect(link.result).toEqual({ identification: named("5"), mode: "D", dataSets });
  });

  it("that never come, or are damaged, have a Fault", () => {
    const never = joined(new TelegramClient(), new TelegramServer({ telegram: () => undefined }));
    never.clock.advance(31_000);
    expect(never.events).toEqual(["no-answer no-answer"]);
    const tap: LinkTap = { receive: (octets) => [octets.map((one) => (one === 0x31 ? 0x32 : one))] };
    const damaged = joined(new TelegramClient(), new TelegramServer({ telegram: () => telegram, every: 5000 }), tap);
    damaged.clock.advance(31_000);
    expect(damaged.events).toEqual(["no-answer crc-mismatch"]);
  });

  it("cannot be sent without a time between them", () => {
    expect(faultOf(() => new TelegramServer({ telegram: () => telegram, every: 0 })).code).toBe("bad-value");
  });
});

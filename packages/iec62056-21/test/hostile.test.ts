// A peer that sends without end: the client gives up, the meter sends little, and no octet costs more than another.
import { concat, fromAscii, type LinkOutput, toHex } from "@dlmskit/core";
import { Station } from "@dlmskit/hdlc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { encodeIdentification, encodeRequest, ModeEServer, ReadoutClient, TelegramSplitter } from "../src/index.ts";

const identification = { manufacturer: "XXX", baudRate: "5", enhanced: "2", identification: "METER" };
const outputs = (link: { poll(): LinkOutput | undefined }): LinkOutput[] => {
  const all: LinkOutput[] = [];
  for (let output = link.poll(); output !== undefined; output = link.poll()) all.push(output);
  return all;
};

describe("a client on a line with endless noise", () => {
  it.each([
    ["instead of an identification", undefined],
    ["instead of the data message", encodeIdentification(identification)],
  ])("ends %s", (_, first) => {
    const client = new ReadoutClient({ sevenBits: true });
    client.connect(0);
    if (first !== undefined) client.receive(first, 0);
    let ended: LinkOutput | undefined;
    let now = 0;
    for (; now < 600_000 && ended === undefined; now += 100) {
      client.receive(fromAscii("7"), now);
      client.expire(now);
      ended = outputs(client).find(({ type }) => type === "disconnected");
    }
    expect(ended).toMatchObject({ type: "disconnected", why: "no-answer", fault: { code: "no-answer" } });
    expect(now).toBeLessThan(60_000);
  });
});

/** A meter that has just begun to send its data message. */
function readingOut(): ModeEServer {
  const meter = new ModeEServer({
    link: new Station({ addresses: [{ upper: 1 }] }),
    ...{ identification, deviceAddress: "1", sevenBits: true },
    readout: () => [{ address: "1-0:1.8.0*255", values: [{ value: "1" }] }],
  });
  meter.receive(encodeRequest({ deviceAddress: "1" }), 0);
  meter.expire(200);
  meter.expire(meter.deadline ?? 0);
  outputs(meter);
  return meter;
}

it("a meter has time to send its data message again, and hears when it is asked once more", () => {
  const meter = readingOut();
  const nak = Uint8Array.of(0x15);
  const end = meter.deadline as number;
  meter.receive(nak, end - 1);
  expect(outputs(meter).map(({ type }) => type)).toEqual(["transmit"]);
  meter.expire(end);
  meter.receive(nak, end + 1);
  expect(outputs(meter).map(({ type }) => type)).toEqual(["transmit"]);
});

it("a meter repeats its data message three times at most, however often it is asked", () => {
  const meter = readingOut();
  meter.receive(new Uint8Array(500).fill(0x15), 10_000);
  expect(outputs(meter).filter(({ type }) => type === "transmit")).toHaveLength(3);
});

describe("the splitter of telegrams", () => {
  const parts = ["/", "/XXX5M\r\n", "!", "!\r\n", "\n", "\n!AB12\r\n", "\u0080", "a"].map((text) =>
    Uint8Array.from(Buffer.from(text, "latin1")),
  );

  it("finds the same telegrams in any pieces, however often one begins and does not end", () => {
    const telegrams = (splitter: TelegramSplitter, pieces: readonly Uint8Array[]): string[] =>
      pieces
        .flatMap((piece) => splitter.push(piece))
        .filter(({ kind }) => kind !== "noise")
        .map(({ octets }) => toHex(octets));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 60 }), (pieces) => {
        const whole = telegrams(new TelegramSplitter(), [concat(...pieces)]);
        const octets = [...concat(...pieces)].map((octet) => Uint8Array.of(octet));
        expect(telegrams(new TelegramSplitter(), pieces)).toEqual(whole);
        expect(telegrams(new TelegramSplitter(), octets)).toEqual(whole);
      }),
      { numRuns: times(300) },
    );
  });

  it.each(["/", "/\n", "/a", "/\n!"])("holds little of endless %j, and finds the telegram after it", (part) => {
    const splitter = new TelegramSplitter();
    const octets = fromAscii(part.repeat(1000));
    for (let time = 0; time < 200; time++) splitter.push(octets);
    expect(splitter.held).toBeLessThanOrEqual(0x4000);
    const found = [...splitter.push(fromAscii("\n/XXX5METER\r\n\r\n1-0:1.8.0(1)\r\n!\r\n"))];
    expect(found.at(-1)?.kind).toBe("plain");
  });
});

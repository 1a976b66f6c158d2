// F38: packet captures, built here as tcpdump and Wireshark write them.
import { concat, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { explainCapture, recordJson } from "../src/explain.ts";
import { readCapture } from "../src/read.ts";

const number = (value: number, octets: number, little = false): Uint8Array => {
  const made = Uint8Array.from({ length: octets }, (_, at) => (value / 2 ** (8 * (octets - 1 - at))) & 0xff);
  return little ? made.reverse() : made;
};
const request = fromHex("000100100001000dc001c100030100010800ff0200");
const response = fromHex("0001000100100007c401c1001200e6");

interface Segment {
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly back?: boolean;
  readonly ports?: readonly [number, number];
  readonly flags?: number;
}

function ethernet({ sequence, payload, back = false, ports = [50_000, 4059], flags = 0x18 }: Segment): Uint8Array {
  const [from, to] = back ? [...ports].reverse() : ports;
  const tcp = concat(
    number(from as number, 2),
    number(to as number, 2),
    number(sequence, 4),
    number(0, 4),
    Uint8Array.of(0x50, flags),
    new Uint8Array(6),
    payload,
  );
  const addresses = ["0a000001", "0a000002"].map(fromHex);
  const ip = concat(
    Uint8Array.of(0x45, 0),
    number(20 + tcp.length, 2),
    new Uint8Array(4),
    Uint8Array.of(64, 6, 0, 0),
    ...(back ? addresses.reverse() : addresses),
    tcp,
  );
  // Padding of a short frame, which is no payload.
  return concat(new Uint8Array(12), fromHex("0800"), ip, new Uint8Array(6));
}

function pcap(segments: readonly Segment[], little = true): Uint8Array {
  const header = concat(
    number(0xa1b2c3d4, 4, little),
    number(2, 2, little),
    number(4, 2, little),
    new Uint8Array(8),
    number(65_535, 4, little),
    number(1, 4, little),
  );
  const packets = segments
    .map(ethernet)
    .map((octets, at) =>
      concat(
        number(1_767_225_600 + at, 4, little),
        number(500_000, 4, little),
        number(octets.length, 4, little),
        number(octets.length, 4, little),
        octets,
      ),
    );
  return concat(header, ...packets);
}

function pcapng(segments: readonly Segment[]): Uint8Array {
  const block = (type: number, body: Uint8Array): Uint8Array => {
    const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
    return concat(
      number(type, 4, true),
      number(padded.length + 12, 4, true),
      padded,
      number(padded.length + 12, 4, true),
    );
  };
  const section = block(
    0x0a0d0d0a,
    concat(number(0x1a2b3c4d, 4, true), number(1, 2, true), number(0, 2, true), new Uint8Array(8).fill(0xff)),
  );
  const device = block(1, concat(number(1, 2, true), number(0, 2, true), number(65_535, 4, true)));
  const time = 1_767_225_600_500_000;
  const packets = segments
    .map(ethernet)
    .map((octets) =>
      block(
        6,
        concat(
          number(0, 4, true),
          number(Math.floor(time / 2 ** 32), 4, true),
          number(time % 2 ** 32, 4, true),
          number(octets.length, 4, true),
          number(octets.length, 4, true),
          octets,
        ),
      ),
    );
  return concat(section, device, ...packets);
}

const hexes = (file: Uint8Array) => readCapture(file).map(({ octets }) => toHex(octets));

describe("F38: a capture of a TCP connection", () => {
  const session: readonly Segment[] = [
    { sequence: 999, payload: new Uint8Array(0), flags: 0x02 },
    { sequence: 1000, payload: request },
    { sequence: 7000, payload: response, back: true },
  ];
  it.each([
    ["pcap", pcap(session)],
    ["pcap of the other order", pcap(session, false)],
    ["pcapng", pcapng(session)],
  ])("%s", (_, file) => {
    const documents = explainCapture(file).flatMap(recordJson);
    expect(documents).toMatchObject([
      {
        layer: "wrapper",
        pdu: { apdu: "get-request-normal" },
        packet: { from: "10.0.0.1:50000", to: "10.0.0.2:4059" },
      },
      {
        layer: "wrapper",
        pdu: { apdu: "get-response-normal" },
        packet: { from: "10.0.0.2:4059", to: "10.0.0.1:50000" },
      },
    ]);
    expect(JSON.stringify(documents[0])).toMatch(/"time":"2026-01-01T00:00:0\d\.500000Z"/);
  });

  it("segments out of order, sent again, cut anywhere, two PDUs in one", () => {
    const stream = concat(request, request, request);
    const part = (from: number, to: number): Segment => ({ sequence: 1000 + from, payload: stream.subarray(from, to) });
    const file = pcap([part(0, 5), part(30, 63), part(5, 30), part(0, 30), part(10, 40)]);
    expect(hexes(file).join("")).toBe(toHex(stream));
    expect(explainCapture(file).flatMap(({ items }) => items)).toHaveLength(3);
  });

  it("other protocols are left out, which is said", () => {
    const http = {
      sequence: 1,
      payload: new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
      ports: [50_001, 80] as const,
    };
    const records = readCapture(pcap([http, { sequence: 1000, payload: request }]));
    expect(records.map(({ octets }) => toHex(octets))).toEqual([toHex(request)]);
    expect(records[0]?.guesses.join()).toContain("1 connection of other protocols left out");
    // On a port that says nothing the octets do.
    expect(hexes(pcap([{ sequence: 1, payload: request, ports: [50_001, 5000] }]))).toEqual([toHex(request)]);
  });

  it("a file that is cut gives what is there", () => {
    const file = pcap(session);
    for (let length = 24; length < file.length; length += 7) readCapture(file.subarray(0, length));
    const ng = pcapng(session);
    for (let length = 12; length < ng.length; length += 7) readCapture(ng.subarray(0, length));
  });
});

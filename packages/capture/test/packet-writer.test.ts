import { concat, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { packetsOf } from "../src/file/packet-file.ts";
import { PacketFlow, packetFileHeader, readCapture } from "../src/index.ts";

const request = fromHex("000100100001000dc001c100030100010800ff0200");
const response = fromHex("0001000100100007c401c1001200e6");
const at = Date.UTC(2026, 4, 4, 10, 0, 0, 250);

describe("the packets of a connection", () => {
  it.each([
    ["127.0.0.1", "192.0.2.7", false, "127.0.0.1:50000", "192.0.2.7:4059"],
    ["127.0.0.1", "192.0.2.7", true, "127.0.0.1:50000", "192.0.2.7:4059"],
    ["::1", "2001:db8::7", false, "[0:0:0:0:0:0:0:1]:50000", "[2001:db8:0:0:0:0:0:7]:4059"],
    ["::1", "192.0.2.7", true, "[0:0:0:0:0:0:0:1]:50000", "[0:0:0:0:0:ffff:c000:207]:4059"],
    ["meter.example", "192.0.2.7", false, "0.0.0.0:50000", "192.0.2.7:4059"],
  ])("%s to %s, datagrams %s: are read again", (near, far, datagrams, from, to) => {
    const flow = new PacketFlow({ near: { host: near, port: 50_000 }, far: { host: far, port: 4059 }, datagrams });
    const file = concat(
      packetFileHeader(),
      flow.packets("out", request, at),
      flow.packets("in", response, at + 10),
      flow.packets("out", request, at + 20),
    );
    expect(readCapture(file).map(({ octets, flow: of, time }) => [toHex(octets), of, time])).toEqual([
      [toHex(request), `${from} > ${to}`, "2026-05-04T10:00:00.250000Z"],
      [toHex(response), `${to} > ${from}`, "2026-05-04T10:00:00.260000Z"],
      [toHex(request), `${from} > ${to}`, "2026-05-04T10:00:00.270000Z"],
    ]);
  });

  it("a part longer than a packet is written as several, in order", () => {
    const flow = new PacketFlow({ near: { host: "::1", port: 1 }, far: { host: "::1", port: 4059 } });
    const long = concat(fromHex("0001000100107000"), new Uint8Array(0x7000));
    const octets = concat(long, long, long, long);
    const file = concat(packetFileHeader(), flow.packets("in", octets, at));
    expect(packetsOf(file)?.packets).toHaveLength(4);
    expect(readCapture(file).map((one) => toHex(one.octets))).toEqual([toHex(octets)]);
  });

  it("have the checksums of RFC 1071", () => {
    for (const datagrams of [false, true]) {
      const flow = new PacketFlow({
        near: { host: "10.0.0.1", port: 7 },
        far: { host: "10.0.0.2", port: 9 },
        datagrams,
      });
      const { packets = [] } = packetsOf(concat(packetFileHeader(), flow.packets("out", request, at))) ?? {};
      const packet = packets.at(-1)?.octets as Uint8Array;
      // With its checksum in it, a sum is all ones.
      const sum = (octets: Uint8Array): number => {
        let total = 0;
        for (const [place, octet] of octets.entries()) total += octet * (place % 2 === 0 ? 256 : 1);
        return total % 0xffff || 0xffff;
      };
      expect(sum(packet.subarray(0, 20))).toBe(0xffff);
      const transport = packet.subarray(20);
      const pseudo = concat(packet.subarray(12, 20), Uint8Array.of(0, packet[9] as number, 0, transport.length));
      expect(sum(concat(pseudo, transport))).toBe(0xffff);
    }
  });
});

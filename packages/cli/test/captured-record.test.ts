import { PacketFlow, packetFileHeader } from "@dlmskit/capture";
import { concat, fromHex, toHex } from "@dlmskit/core";
import { replayRecord } from "@dlmskit/simulator";
import { describe, expect, it } from "vitest";
import { capturedRecord } from "../src/record/captured-record.ts";
import { wayOf } from "../src/record/way-of.ts";

const aarq = "601da109060760857405080101be10040e01000000065f1f0400001e1dffff";
const aare = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04000007";
const get = "c001c100030100010800ff0200";
const got = "c401c1000600000001";

/** A wrapper PDU in hex. */
const wpdu = (source: number, destination: number, pdu: string): Uint8Array => {
  const header = [1, source, destination, pdu.length / 2].map((one) => one.toString(16).padStart(4, "0"));
  return fromHex(header.join("") + pdu);
};

/** What a client of SAP `client` and the logical device 1 of the meter at `host` say. */
function said(host: string, client: number): Uint8Array {
  const flow = new PacketFlow({ near: { host: "192.0.2.1", port: 50_000 }, far: { host, port: 4059 } });
  return concat(
    ...[
      [aarq, aare],
      [get, got],
      ["6200", "6300"],
    ].flatMap(([asked = "", answered = ""], at) => [
      flow.packets("out", wpdu(client, 1, asked), 1000 * at),
      flow.packets("in", wpdu(1, client, answered), 1000 * at + 1),
    ]),
  );
}

describe("a record of a packet capture", () => {
  it.each([1, 16])("has the way of each APDU, and the short ones of a release, of client %i", (client) => {
    const [session, ...more] = capturedRecord(concat(packetFileHeader(), said("192.0.2.2", client)), undefined);
    expect(more).toEqual([]);
    expect(session).toMatchObject({ client, meter: "192.0.2.2:4059" });
    expect(session?.apdus.map(({ way, pdu }) => [way, toHex(pdu)])).toEqual(
      [aarq, aare, get, got, "6200", "6300"].map((pdu, at) => [at % 2 === 0 ? "received" : "sent", pdu]),
    );
  });

  it("names the meters, of which one is to be chosen", () => {
    const octets = concat(packetFileHeader(), said("192.0.2.2", 16), said("192.0.2.3", 16));
    const record = capturedRecord(octets, undefined);
    expect(record.map(({ meter }) => meter)).toEqual(["192.0.2.2:4059", "192.0.2.3:4059"]);
    const clock = { now: () => 0, monotonic: () => 0 };
    expect(() => replayRecord(record, { clock } as never)).toThrow("the record has 2 meters");
  });

  it("tells the way of an APDU by its kind, ciphered or not", () => {
    expect(["60", "c0", "c8", "d0", "05"].map((tag) => wayOf(fromHex(tag)))).toEqual(Array(5).fill("received"));
    expect(["61", "c4", "cc", "d4", "c2", "0f"].map((tag) => wayOf(fromHex(tag)))).toEqual(Array(6).fill("sent"));
    expect(["db", "e0"].map((tag) => wayOf(fromHex(tag)))).toEqual([undefined, undefined]);
  });
});

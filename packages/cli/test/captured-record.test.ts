import { PacketFlow, packetFileHeader } from "@dlmskit/capture";
import { connect } from "@dlmskit/client";
import { concat, fromHex, toHex } from "@dlmskit/core";
import { encodeFrame, type HdlcAddress } from "@dlmskit/hdlc";
import { type RecordedSession, replayRecord } from "@dlmskit/simulator";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
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

/** An HDLC frame in hex; `physical` is the lower address of the meter. */
const frame = (physical: number, way: "out" | "in", sequence: number, pdu: string): Uint8Array => {
  const meter: HdlcAddress = { upper: 1, lower: physical, octets: 2 };
  const client: HdlcAddress = { upper: 16, octets: 1 };
  const [source, destination] = way === "out" ? [client, meter] : [meter, client];
  const information = concat(fromHex(way === "out" ? "e6e600" : "e6e700"), fromHex(pdu));
  const numbers = { sendSequence: sequence, receiveSequence: sequence };
  return encodeFrame({ frame: "i", source, destination, pollFinal: true, segmented: false, information, ...numbers });
};

/** A client on one connection to two ends of the meter's side, whose APDUs alternate. */
function interleaved(wrap: (end: number, way: "out" | "in", sequence: number, pdu: string) => Uint8Array): Uint8Array {
  const flow = new PacketFlow({
    near: { host: "192.0.2.1", port: 50_000 },
    far: { host: "192.0.2.2", port: 4059 },
  });
  const said = (at: number, end: number) => (at === 1 ? [get, got.replace(/01$/, `0${end}`)] : [aarq, aare]);
  return concat(
    packetFileHeader(),
    ...[0, 1].flatMap((at) =>
      [1, 2].flatMap((end) => {
        const [asked = "", answered = ""] = said(at, end);
        const time = 1000 * (2 * at + end);
        return [
          flow.packets("out", wrap(end, "out", at, asked), time),
          flow.packets("in", wrap(end, "in", at, answered), time + 1),
        ];
      }),
    ),
  );
}
const answers = (session: RecordedSession | undefined) => session?.apdus.map(({ pdu }) => toHex(pdu)).at(-1);

describe("a record of a packet capture", () => {
  it("keeps the logical devices of a meter apart, and a replay serves each", async () => {
    const record = capturedRecord(
      interleaved((device, way, _, pdu) => (way === "out" ? wpdu(16, device, pdu) : wpdu(device, 16, pdu))),
      undefined,
    );
    expect(record).toMatchObject([
      { client: 16, device: 1, meter: "192.0.2.2:4059" },
      { client: 16, device: 2, meter: "192.0.2.2:4059" },
    ]);
    expect(record.map(({ apdus }) => apdus.length)).toEqual([4, 4]);
    expect(record.map(answers)).toEqual(["c401c1000600000001", "c401c1000600000002"]);
    const clock = new VirtualClock({ epoch: 0 });
    const replay = replayRecord(record, { clock });
    expect(replay.clients).toEqual([16]);
    for (const device of [2, 1, 2]) {
      const [near, far] = memoryPair();
      replay.server.accept(far, new WrapperServerLink({ inactivity: 0 }));
      const link = new WrapperClientLink({ client: 16, server: device });
      await using session = await connect({ duplex: near, link }, { clock });
      const reference = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 } as const;
      expect(await session.get(reference)).toMatchObject({ value: device });
    }
    const [near, far] = memoryPair();
    replay.server.accept(far, new WrapperServerLink({ inactivity: 0 }));
    const unknown = new WrapperClientLink({ client: 16, server: 3 });
    const opened = connect({ duplex: near, link: unknown }, { clock, timeout: 1000 });
    await Promise.all([expect(opened).rejects.toMatchObject({ code: "timeout" }), clock.advance(1000)]);
  });

  it("names the meters of an HDLC line by their physical addresses", () => {
    const record = capturedRecord(
      interleaved((end, ...rest) => frame(16 + end, ...rest)),
      undefined,
    );
    expect(record).toMatchObject([
      { client: 16, device: 1, meter: "192.0.2.2:4059/17" },
      { client: 16, device: 1, meter: "192.0.2.2:4059/18" },
    ]);
    expect(record.map(answers)).toEqual(["c401c1000600000001", "c401c1000600000002"]);
  });

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

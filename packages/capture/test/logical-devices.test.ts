// Several logical devices behind one address: each association has its own system titles, dedicated key and segments.
import { type Apdu, decodeApdu, encodeApdu, withGatewayPrefix } from "@dlmskit/apdu";
import { concat, encode, fromHex } from "@dlmskit/core";
import { encodeFrame, type Frame } from "@dlmskit/hdlc";
import { CounterGuard, CounterLedger, noble, Protection } from "@dlmskit/security";
import { Wpdu } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { Decoder } from "../src/index.ts";

const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const clientTitle = fromHex("4845530000000001");
const titles = [fromHex("4d4d4d0000000001"), fromHex("4d4d4d0000000002")];
const dedicated = [new Uint8Array(16).fill(0xa1), new Uint8Array(16).fill(0xb2)];
const get = fromHex("c001c100030100010800ff0200");
const got = fromHex("c401c1000600000001");

const counters = () => {
  const ledger = new CounterLedger({ start: 1 });
  ledger.reserved(100);
  return ledger;
};
const of = (list: readonly Uint8Array[], device: number): Uint8Array => list[device - 1] as Uint8Array;
const sealing = (title: Uint8Array, peer: Uint8Array, key: Uint8Array) =>
  new Protection({
    ...{ provider: noble, suite: 0, keys, systemTitle: title, peerSystemTitle: peer, counters: counters() },
    ...{ replay: new CounterGuard(), dedicated: { key, counters: counters(), replay: new CounterGuard() } },
  });
const sealed = (apdu: Uint8Array, device: number, from: "client" | "server", form: "glo" | "ded") => {
  const ends: [Uint8Array, Uint8Array] = [clientTitle, of(titles, device)];
  const [own, peer] = from === "client" ? ends : [ends[1], ends[0]];
  return sealing(own, peer, of(dedicated, device)).seal(apdu, { form, authenticated: true, encrypted: true });
};

const aarq = decodeApdu(fromHex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff"));
const aare = decodeApdu(
  fromHex("6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04000007"),
);
const initiate = decodeApdu(fromHex("01000000065f1f0400001e1dffff"));
const opening = (device: number): readonly Uint8Array[] => {
  const userInformation = encodeApdu({ ...initiate, dedicatedKey: of(dedicated, device) } as Apdu);
  return [
    encodeApdu({ ...aarq, callingApTitle: clientTitle, userInformation } as Apdu),
    encodeApdu({ ...aare, respondingApTitle: of(titles, device) } as Apdu),
  ];
};

it("have their own system titles and dedicated keys", () => {
  const decoder = new Decoder({ keys });
  const wpdu = (source: number, destination: number, pdu: Uint8Array) =>
    decoder.decode(encode(Wpdu, { source, destination, pdu }));
  for (const device of [1, 2]) {
    const [asked, answered] = opening(device) as [Uint8Array, Uint8Array];
    wpdu(16, device, asked);
    wpdu(device, 16, answered);
  }
  for (const form of ["glo", "ded"] as const) {
    for (const device of [1, 2, 1]) {
      for (const [item] of [
        wpdu(16, device, sealed(get, device, "client", form)),
        wpdu(device, 16, sealed(got, device, "server", form)),
      ]) {
        expect(item?.pduFault ?? item?.fault, `${form} ${device}`).toBeUndefined();
        expect(item?.json?.pdu, `${form} ${device}`).toMatchObject({ verified: true });
      }
    }
  }
});

it("are kept apart behind a gateway, with the blocks of each", () => {
  const decoder = new Decoder({ keys });
  // All meters have the wPort of the gateway; the physical device address tells which one it is.
  const through = (device: number, way: "request" | "response", pdu: Uint8Array) => {
    const [source, destination] = way === "request" ? [16, 1] : [1, 16];
    const address = { networkId: 3, physicalDeviceAddress: Uint8Array.of(0x30, device) };
    const [item] = decoder.decode(
      encode(Wpdu, { source, destination, pdu: withGatewayPrefix(way, address, pdu) } as Wpdu),
    );
    return { fault: item?.pduFault ?? item?.fault, content: (item?.json?.pdu as { contentPdu?: unknown })?.contentPdu };
  };
  for (const device of [1, 2]) {
    const [asked, answered] = opening(device) as [Uint8Array, Uint8Array];
    through(device, "request", asked);
    through(device, "response", answered);
  }
  for (const form of ["glo", "ded"] as const) {
    for (const device of [1, 2, 1]) {
      for (const { fault, content } of [
        through(device, "request", sealed(get, device, "client", form)),
        through(device, "response", sealed(got, device, "server", form)),
      ]) {
        expect([form, device, fault]).toEqual([form, device, undefined]);
        expect(content, `${form} ${device}`).toMatchObject({ verified: true });
      }
    }
  }
  const block = (number: number, last: boolean, data: string) =>
    fromHex(`c402c1${last ? "01" : "00"}0000000${number}00${(data.length / 2).toString(16).padStart(2, "0")}${data}`);
  for (const [number, last] of [
    [1, false],
    [2, true],
  ] as const) {
    for (const [device, parts] of [
      [1, ["0600", "000001"]],
      [2, ["0600", "000002"]],
    ] as const) {
      const { fault, content } = through(device, "response", block(number, last, parts[number - 1] as string));
      expect(fault).toBeUndefined();
      if (last) expect(content).toMatchObject({ joined: { data: { type: "double-long-unsigned", value: device } } });
    }
  }
});

it("keep the segments of a message when the client connects to another one", () => {
  const decoder = new Decoder();
  const [one, two] = [17, 18].map((lower) => ({ upper: 1, lower, octets: 2 as const }));
  const client = { upper: 16, octets: 1 as const };
  const frames = (...list: readonly object[]) =>
    decoder.decode(concat(...list.map((frame) => encodeFrame({ source: client, ...frame } as unknown as Frame))));
  const parameters = fromHex("8180140502008006020080070400000001080400000001");
  const pdu = concat(fromHex("e6e600"), get);
  const part = { frame: "i", destination: one, pollFinal: true, receiveSequence: 0 };
  frames({ ...part, sendSequence: 0, segmented: true, information: pdu.subarray(0, 8) });
  frames({ frame: "snrm", destination: two, pollFinal: true, segmented: false, information: parameters });
  const [last] = frames({ ...part, sendSequence: 1, segmented: false, information: pdu.subarray(8) });
  expect(last?.json?.pdu).toMatchObject({ apdu: "get-request-normal" });
});

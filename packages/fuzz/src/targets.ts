import { readdirSync, readFileSync } from "node:fs";
import {
  apduFromJson,
  apduFromXml,
  apduToJson,
  apduToXml,
  Data,
  decodeApdu,
  encodeApdu,
  explainApdu,
  T,
} from "@dlmskit/apdu";
import { Decoder, type DecoderOptions, encodeXml, explainCapture, itemJson, treeText } from "@dlmskit/capture";
import { type Codec, concat, decode, encode, Fault, fromHex, sameOctets, toHex, toLatin1 } from "@dlmskit/core";
import { decodeFrame, encodeFrame, FrameSplitter, frameFromJson, frameToJson, Station } from "@dlmskit/hdlc";
import {
  decodeCommand,
  decodeDataMessage,
  decodeIdentification,
  decodeOptionSelect,
  decodeTelegram,
  encodeDataMessage,
  TelegramSplitter,
} from "@dlmskit/iec62056-21";
import { MbusFrame, MbusJoiner, MbusSplitter } from "@dlmskit/mbus";
import { WpduSplitter, WrapperServerLink } from "@dlmskit/wrapper";
import type { Target } from "./engine.ts";

/** The published octets of a layer, to start from. */
function vectors(file: string): Uint8Array[] {
  const path = new URL(`../../../test-vectors/${file}.json`, import.meta.url);
  const { vectors } = JSON.parse(readFileSync(path, "utf8")) as { vectors: { hex: string }[] };
  return vectors.map(({ hex }) => fromHex(hex)).filter((octets) => octets.length <= 4096);
}

/** A Fault is an answer; any other error is a finding. */
function orFault<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** What was decoded encodes, and decodes to the same again: once more encoded, the octets stand still. */
function stable<T>(octets: Uint8Array, read: (octets: Uint8Array) => T, write: (value: T) => Uint8Array): void {
  const value = orFault(() => read(octets));
  if (value === undefined) return;
  const once = write(value);
  const twice = write(read(once));
  if (!sameOctets(once, twice)) throw new Error("encoding what was decoded is not stable");
}

function codecTarget<T>(name: string, codec: Codec<T>, seeds: readonly Uint8Array[]): Target {
  return {
    name,
    seeds,
    run(octets) {
      stable(
        octets,
        (given) => decode(codec, given),
        (value) => encode(codec, value),
      );
      const value = orFault(() => decode(codec, octets));
      if (value === undefined) return;
      const again = codec.fromJson(codec.toJson(value));
      if (!sameOctets(encode(codec, value), encode(codec, again))) throw new Error("the JSON form loses something");
    },
  };
}

const data = vectors("axdr-data");
const apdus = [...vectors("xdlms"), ...vectors("acse")];
const frames = vectors("hdlc");
const wpdus = vectors("wrapper");
const mbusFrames = vectors("push-captures").filter((octets) => octets[0] === 0x68);
const telegrams = vectors("p1");
const texts = apdus.flatMap((octets) => {
  const apdu = orFault(() => decodeApdu(octets));
  return apdu === undefined ? [] : [new TextEncoder().encode(apduToXml(apdu))];
});

// A profile's rows, read straight into typed values.
const rows = T.array(T.structure({ clock: T.octetString, energy: T.doubleLongUnsigned, status: T.unsigned }));

/** A machine takes any octets at any time without an error, and what it gives is bounded. */
function machine(
  name: string,
  seeds: readonly Uint8Array[],
  make: () => Pick<Station, "receive" | "expire" | "poll">,
): Target {
  return {
    name,
    seeds,
    run(octets) {
      const link = make();
      const cut = octets.length === 0 ? 0 : (octets[0] as number) % octets.length;
      link.receive(octets.subarray(0, cut), 0);
      link.receive(octets.subarray(cut), 1);
      link.expire(100_000);
      let outputs = 0;
      while (link.poll() !== undefined) if (++outputs > octets.length + 16) throw new Error("more outputs than octets");
    },
  };
}

const notations = readdirSync(new URL("../../../test-vectors/forms/", import.meta.url)).map((name) =>
  Uint8Array.from(readFileSync(new URL(`../../../test-vectors/forms/${name}`, import.meta.url))),
);
const openings: readonly DecoderOptions[] = [
  {},
  { keys: { encryptionKey: new Uint8Array(16), systemTitles: [new Uint8Array(8).fill(1)] } },
];

export const targets: readonly Target[] = [
  codecTarget("data", Data as Codec<Data>, data),
  codecTarget("typed-rows", rows as Codec<unknown>, data),
  {
    name: "apdu",
    seeds: apdus,
    run(octets) {
      stable(octets, decodeApdu, encodeApdu);
      const value = orFault(() => decodeApdu(octets));
      if (value === undefined) return;
      if (!sameOctets(encodeApdu(value), encodeApdu(apduFromJson(apduToJson(value))))) {
        throw new Error("the JSON form loses something");
      }
    },
  },
  {
    name: "apdu-xml",
    seeds: apdus,
    run(octets) {
      explainApdu(octets);
      const value = orFault(() => decodeApdu(octets));
      if (value === undefined) return;
      if (!sameOctets(encodeApdu(value), encodeApdu(apduFromXml(apduToXml(value))))) {
        throw new Error("the XML form loses something");
      }
    },
  },
  {
    // Octets as the text of an APDU in XML: whatever stands there, a value or a Fault.
    name: "xml",
    seeds: texts,
    run: (octets) => void orFault(() => apduFromXml(toLatin1(octets))),
  },
  {
    name: "iec62056-21-message",
    seeds: [
      ...["/ABC5\\2METER\r\n", "\u0006252\r\n", "\u0001B0\u0003q"].map((text) => new TextEncoder().encode(text)),
      encodeDataMessage([{ address: "1.8.0", values: [{ value: "12", unit: "kWh" }] }]),
    ],
    run(octets) {
      const decoders = [decodeIdentification, decodeOptionSelect, decodeCommand, decodeDataMessage, decodeTelegram];
      for (const read of decoders) orFault(() => read(octets));
    },
  },
  {
    name: "p1-stream",
    seeds: telegrams,
    run(octets) {
      const splitter = new TelegramSplitter();
      const found = splitter.push(octets);
      for (const { kind, octets: one } of found) if (kind === "plain") orFault(() => decodeTelegram(one));
      const length = found.reduce((sum, one) => sum + one.octets.length, splitter.held);
      if (length !== octets.length) throw new Error(`of ${octets.length} octets ${length} came out`);
    },
  },
  codecTarget("mbus-frame", MbusFrame, mbusFrames),
  {
    name: "mbus-stream",
    seeds: mbusFrames,
    run(octets) {
      const splitter = new MbusSplitter();
      const joiner = new MbusJoiner();
      const found = splitter.push(octets);
      for (const { frame } of found) if (frame !== undefined) joiner.push(frame);
      const whole = [...found.map((split) => split.octets), splitter.flush()];
      if (!sameOctets(concat(...whole), octets)) throw new Error("octets are lost");
    },
  },
  {
    name: "hdlc-frame",
    seeds: frames,
    run(octets) {
      const frame = orFault(() => decodeFrame(octets));
      if (frame === undefined) return;
      const again = encodeFrame(frameFromJson(frameToJson(frame)));
      if (!sameOctets(again, encodeFrame(frame))) throw new Error("the JSON form loses something");
    },
  },
  {
    name: "hdlc-stream",
    seeds: frames,
    run(octets) {
      const found = new FrameSplitter(500).push(octets, 0);
      const half = octets.length >> 1;
      const splitter = new FrameSplitter(500);
      const cut = [...splitter.push(octets.subarray(0, half), 0), ...splitter.push(octets.subarray(half), 1)];
      const frames = (splits: typeof cut): string =>
        splits.flatMap((one) => (one.frame ? [toHex(one.octets)] : [])).join();
      if (frames(found) !== frames(cut)) throw new Error("a cut of the stream changes what is found in it");
    },
  },
  {
    name: "wrapper-stream",
    seeds: wpdus,
    run(octets) {
      const found = new WpduSplitter(1024).push(octets);
      const splitter = new WpduSplitter(1024);
      let cut = 0;
      for (let at = 0; at < octets.length; at++) cut += splitter.push(octets.subarray(at, at + 1)).length;
      if (cut !== found.length) throw new Error("a cut of the stream changes what is found in it");
    },
  },
  {
    // Whatever a capture holds is explained or a Fault in its place, with and without keys, as one piece and as two.
    name: "capture",
    seeds: [...frames, ...wpdus, ...mbusFrames, ...apdus, ...data, ...vectors("push-captures")],
    run(octets) {
      const half = octets.length >> 1;
      for (const options of openings) {
        const decoder = new Decoder(options);
        for (const part of [octets, octets.subarray(0, half), octets.subarray(half)]) {
          for (const item of decoder.decode(part)) {
            if (item.json === undefined && item.fault === undefined) throw new Error("an item says nothing");
            if (item.node !== undefined) treeText([item.node]);
            JSON.stringify(itemJson(item));
            item.xml?.();
          }
        }
      }
    },
  },
  {
    // Text or a file of any octets: records with octets or a Fault, whatever stands there.
    name: "capture-text",
    seeds: [...notations, ...texts],
    run(octets) {
      for (const input of [octets, toLatin1(octets)]) {
        for (const { record, items } of explainCapture(input)) {
          if (record.octets.length === 0 && record.fault === undefined) throw new Error("a record says nothing");
          if (items.length === 0) throw new Error("a record without an answer");
        }
      }
    },
  },
  {
    name: "capture-xml",
    seeds: texts,
    run: (octets) => void orFault(() => encodeXml(toLatin1(octets))),
  },
  machine("hdlc-station", frames, () => new Station({ addresses: [{ upper: 1 }] })),
  machine("wrapper-server", wpdus, () => new WrapperServerLink()),
];

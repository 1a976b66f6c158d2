// What people met in the field, by the id of their report: each input of test-vectors/field.json with its right value.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeApdu, encodeApdu, T } from "@dlmskit/apdu";
import {
  type DecoderOptions,
  encodeJson,
  encodeXmlDocument,
  explainCapture,
  itemJson,
  treeText,
} from "@dlmskit/capture";
import { connect } from "@dlmskit/client";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import { clock, dataObject, profileGeneric } from "@dlmskit/cosem-objects";
import { Station } from "@dlmskit/hdlc";
import { lls, meter, none, Server, serve } from "@dlmskit/server";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";

interface Input {
  readonly id: string;
  readonly kind: "explain" | "encode" | "session";
  readonly hex?: string;
  readonly text?: string;
  readonly file?: string;
  readonly xml?: string;
  readonly decimal?: boolean;
  readonly refused?: string;
  readonly guessed?: boolean;
  readonly keys?: { readonly encryptionKey: string; readonly authenticationKey?: string };
  readonly unverified?: boolean;
  readonly quirks?: NonNullable<DecoderOptions["quirks"]>;
  readonly decoded?: readonly object[];
  readonly says?: readonly string[];
  readonly plaintext?: string;
  readonly link?: "wrapper" | "hdlc";
  readonly exchange?: readonly (readonly [sent: string, answered: string])[];
}

const root = join(import.meta.dirname, "..");
const vectors = join(root, "test-vectors");
const { vectors: inputs } = JSON.parse(readFileSync(join(vectors, "field.json"), "utf8")) as {
  vectors: readonly Input[];
};
const of = (kind: Input["kind"]): readonly Input[] => inputs.filter((input) => input.kind === kind);
const file = (name: string): string => readFileSync(join(vectors, "field", name), "utf8");

/** Every id that was collected. */
const ids = "01 04 05 06 08 10 11 13 14 16 17 19 21 22 24 25 26 27 28 29 30 31 33 34 35 36 37 38 44 45".split(" ");

it("each id has an input here or a test of its own name", () => {
  const named = globSync(["packages/*/test/**/*.test.ts", "test/*.test.ts"], { cwd: root })
    .flatMap((path) => readFileSync(join(root, path), "utf8").match(/(?<=(?:it|describe)\("F)\d\d(?=: )/g) ?? [])
    .concat(inputs.map(({ id }) => id.slice(1, 3)));
  expect([...new Set(named)].sort()).toEqual(ids);
});

describe("explained", () => {
  it.each(of("explain"))("$id", ({ hex, text, file: name, keys, decoded, says = [], plaintext, ...more }) => {
    const options: DecoderOptions = {
      ...(keys === undefined
        ? {}
        : {
            keys: {
              encryptionKey: fromHex(keys.encryptionKey),
              ...(keys.authenticationKey === undefined ? {} : { authenticationKey: fromHex(keys.authenticationKey) }),
            },
          }),
      ...(more.unverified === undefined ? {} : { unverified: more.unverified }),
      ...(more.quirks === undefined ? {} : { quirks: more.quirks }),
    };
    const items = explainCapture(hex ?? text ?? file(name as string), options).flatMap((found) => found.items);
    // biome-ignore lint/suspicious/noExplicitAny: documents of any form
    const documents: any[] = items.map(itemJson);
    expect(documents).toMatchObject(decoded as object[]);
    const printed = items
      .map(({ node, fault }) => (node === undefined ? "" : treeText([node])) + (fault?.hint ?? ""))
      .join("");
    for (const said of says) expect(printed + JSON.stringify(documents)).toContain(said);
    if (plaintext !== undefined) expect(toHex(encodeJson(documents[0].pdu.plaintext))).toBe(plaintext);
  });

  it("F11 has 13 values", () => {
    const found = explainCapture(file("gbtlines.txt")).flatMap(({ items }) => items.map(itemJson));
    expect(found[2]).toMatchObject({ pdu: { joined: { body: { value: { length: 13 } } } } });
  });
});

describe("encoded", () => {
  it.each(of("encode"))("$id", ({ xml, file: name, decimal = false, hex, refused, guessed = false }) => {
    const encode = () => encodeXmlDocument(xml ?? file(name as string), { decimal });
    if (refused !== undefined) {
      expect(encode).toThrow(Fault);
      expect(encode).toThrow(expect.objectContaining({ code: refused }));
      return;
    }
    const { encoded, notes } = encode();
    expect(encoded.map(toHex)).toEqual([hex]);
    expect(notes.some((note) => note.includes("taken as decimal"))).toBe(guessed);
    expect(toHex(encodeDecoded(encoded[0] as Uint8Array))).toBe(hex);
  });
});

/** An APDU stays the same when it is decoded; Data is none. */
function encodeDecoded(octets: Uint8Array): Uint8Array {
  return (octets[0] as number) < 0x20 && octets[0] !== 0x0f ? octets : encodeApdu(decodeApdu(octets));
}

describe("answered", () => {
  const made = () =>
    meter({
      name: "TST1",
      objects: [
        clock(),
        dataObject("0.0.96.1.0.255", { type: T.octetString, value: new TextEncoder().encode("12345678") }),
        dataObject("0.0.96.1.1.255", { type: T.octetString, value: new Uint8Array(700) }),
      ],
      associations: {
        public: { client: 16, security: none(), access: "read" },
        hand: { client: 32, security: none(), access: "full" },
        reader: { client: 48, security: lls("12345678"), access: "read" },
      },
    });

  it.each(of("session"))("$id", async ({ link, exchange = [] }) => {
    const machine = new VirtualClock({ epoch: Date.UTC(2026, 0, 1) });
    const [near, far] = memoryPair({ clock: machine });
    const server = new Server({ meters: made(), clock: machine });
    server.accept(
      far,
      link === "hdlc" ? new Station({ addresses: [{ upper: 1, lower: 256, octets: 4 }] }) : new WrapperServerLink(),
    );
    let came = "";
    near.start({
      received: (octets) => {
        came += toHex(octets);
      },
      ended: () => undefined,
      closed: () => undefined,
    });
    for (const [sent, answered] of exchange) {
      came = "";
      near.send(fromHex(sent));
      for (let ms = 0; ms < 20; ms++) {
        machine.advance(1);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(came).toMatch(new RegExp(`^${answered.replaceAll("*", "[0-9a-f]*")}$`));
    }
  });
});

it("F37: a meter on a VirtualClock captures and tells the time of that clock", async () => {
  const machine = new VirtualClock({ epoch: Date.UTC(2026, 0, 1) });
  const time = clock();
  const load = profileGeneric("1-0:99.1.0", { capture: [time], period: 900, entries: 100 });
  const associations = { open: { client: 16, security: none(), access: "read" } } as const;
  await using served = await serve(meter({ name: "TST1", objects: [time, load], associations }), {
    on: {},
    clock: machine,
  });
  machine.advance(4 * 3_600_000);
  const [near, far] = memoryPair({ clock: machine });
  served.server.accept(far, new WrapperServerLink());
  // Whatever waits goes on with the clock.
  const going = setInterval(() => machine.advance(1), 1);
  try {
    await using session = await connect(
      { duplex: near, link: new WrapperClientLink({ client: 16, server: 1 }) },
      { clock: machine },
    );
    const told = await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 });
    expect(told).toMatchObject({ type: "octet-string" });
    expect(toHex((told as { value: Uint8Array }).value)).toMatch(/^07ea010104040000/);
    expect((await session.profile("1.0.99.1.0.255")).rows).toHaveLength(16);
  } finally {
    clearInterval(going);
  }
});

// Every APDU that has a codec, and whether the server and the client speak it: seen, not said.
import { readdirSync, readFileSync } from "node:fs";
import * as apdus from "@dlmskit/apdu";
import type { ChoiceCodec } from "@dlmskit/core";
import { Fault, fromHex } from "@dlmskit/core";
import type { CipheredForm } from "@dlmskit/security";
import { Bottle, requests, shortNameRequests } from "./bottle.ts";
import { table, yes } from "./table.ts";
import { throughGateway } from "./through-gateway.ts";

const gatewayApdus = await throughGateway();

interface Form {
  readonly name: string;
  readonly tag: number;
}

const { ApduTag, apduFromJson, DedTag, decodeApdu, encodeApdu, GloTag } = apdus;
const hex = (octet: number): string => octet.toString(16).padStart(2, "0");

/** The forms of every APDU: the arms of the codecs, or the tag alone where there is only one form. */
function formsOf(tags: Readonly<Record<string, number>>): readonly Form[] {
  const choices = Object.values(apdus as Record<string, unknown>).filter(
    (one): one is ChoiceCodec<unknown> => typeof one === "object" && one !== null && "tags" in one && "has" in one,
  );
  const arms = [...new Set(choices.flatMap((choice) => Object.keys(choice.tags)))];
  return Object.entries(tags).flatMap(([name, tag]) => {
    const forms = arms.filter((arm) => arm.startsWith(`${name}-`) && !(arm in tags));
    return (forms.length === 0 ? [name] : forms).map((form) => ({ name: form, tag }));
  });
}

/** How many published octets of each APDU there are in test-vectors; each decodes to its name and encodes to the same octets. */
function published(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const folder = new URL("../../test-vectors/", import.meta.url);
  for (const file of readdirSync(folder).sort()) {
    if (file !== "xdlms.json" && file !== "acse.json") continue;
    const { vectors } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { vectors: { hex: string }[] };
    for (const vector of vectors) {
      const name = roundTrip(vector.hex);
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

function roundTrip(text: string): string | undefined {
  try {
    const apdu = decodeApdu(fromHex(text));
    return decodeApdu(encodeApdu(apdu)).apdu === apdu.apdu ? apdu.apdu : undefined;
  } catch {
    return undefined;
  }
}

/** What passes between our client and our server in every request, in every way that it can be protected. */
function traffic(): { readonly served: ReadonlySet<string>; readonly used: ReadonlySet<string> } {
  const served = new Set<string>(gatewayApdus);
  for (const setting of settings) {
    const bottle = new Bottle({ ...setting, mechanism: 3, size: 128 });
    if (bottle.open() !== undefined) throw new Error("the association was not opened");
    const shortNames = setting.context === "short-name";
    for (const request of shortNames ? shortNameRequests : requests) {
      const fault = bottle.ask(request);
      if (fault !== undefined) throw fault;
    }
    // Never answered, so in no blocks either.
    if (shortNames) bottle.ask(unconfirmedWrite, { confirmed: false });
    bottle.client.release(0);
    bottle.run();
    for (const end of ["client", "server"] as const) for (const name of bottle.sent[end]) served.add(name);
  }
  const used = new Set([...served, ...takenUnasked()]);
  // A service that was not negotiated: how the server says so.
  const bottle = new Bottle({});
  bottle.open();
  bottle.server.receive(fromHex("0500"), 0);
  bottle.run();
  const shortNames = new Bottle({ context: "short-name" });
  shortNames.open();
  shortNames.server.receive(fromHex("0500"), 0);
  shortNames.run();
  for (const { sent } of [bottle, shortNames]) for (const name of sent.server) served.add(name);
  return { served, used };
}

const settings = [false, true].flatMap((ciphered) =>
  (["glo", "general-glo"] as const).flatMap((form) =>
    (ciphered ? [false, true] : [false]).flatMap((dedicatedKey) =>
      (["logical-name", "short-name"] as const).map((context) => ({ ciphered, form, dedicatedKey, context })),
    ),
  ),
);

const unconfirmedWrite: Parameters<Bottle["ask"]>[0] = {
  service: "write",
  items: [{ variable: { variableName: 0x2008 }, value: { type: "null-data" } }],
};

const unasked = {
  "data-notification": "0f000000010000",
  "event-notification-request": "c20000010000600100ff0200",
  "confirmed-service-error": "0e050602",
  "exception-response": "d80101",
  "information-report-request": "1800010220080100",
} as const;

/** What the client makes something of when the server sends it: a notification, or the failure of a request. */
function takenUnasked(): readonly string[] {
  const taken = new Set<string>();
  for (const [name, plain] of Object.entries(unasked)) {
    const shortNames = name === "information-report-request";
    for (const form of [undefined, "glo", "ded", "general-glo", "general-ded"] as const) {
      const dedicatedKey = form?.endsWith("ded") ?? false;
      const context = shortNames ? "short-name" : "logical-name";
      const bottle = new Bottle({ ciphered: form !== undefined, dedicatedKey, context });
      bottle.open();
      // A request that is not answered yet, for an error to be about.
      const item = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };
      if (!shortNames) bottle.client.request({ service: "get", items: [item] }, {}, 0);
      const pdu = form === undefined ? fromHex(plain) : sealed(bottle, plain, form);
      if (pdu === undefined) continue;
      bottle.client.receive(pdu, 0);
      for (let output = bottle.client.poll(); output !== undefined; output = bottle.client.poll()) {
        if (output.type === "notification" || output.type === "failed") taken.add(decodeApdu(pdu).apdu);
      }
    }
  }
  return [...taken];
}

/** Undefined where the APDU has no such form. */
function sealed(bottle: Bottle, plain: string, form: CipheredForm): Uint8Array | undefined {
  try {
    return bottle.sealed(fromHex(plain), form);
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** Whether there is a codec of that name, as JSON needs it: what has one decodes and encodes. */
function declared(apdu: string): boolean {
  try {
    apduFromJson({ apdu });
    return true;
  } catch (caught) {
    return caught instanceof Fault && caught.code !== "unknown-apdu" && caught.code !== "unknown-choice";
  }
}

/** Tables of the APDUs. */
export function servicesTable(): string {
  const counts = published();
  const { served, used } = traffic();
  const rows = (forms: readonly Form[]): string =>
    table(
      ["APDU", "tag", "decode", "encode", "published octets", "served", "used"],
      forms.map(({ name, tag }) => [
        `\`${name}\``,
        hex(tag),
        yes(declared(name)),
        yes(declared(name)),
        String(counts.get(name) ?? 0),
        yes(served.has(name)),
        yes(used.has(name)),
      ]),
    );
  return [
    "### Plain\n",
    rows(formsOf(ApduTag)),
    "### Ciphered under the global key, service-specific\n",
    rows(formsOf(GloTag)),
    "### Ciphered under the dedicated key, service-specific\n",
    rows(formsOf(DedTag)),
  ].join("\n");
}

import { type Apdu, apduToJson, decodeApdu } from "@dlmskit/apdu";
import { Fault, fromHex, type Json, toHex } from "@dlmskit/core";
import { z } from "zod";
import { InstantText, instantOfText } from "../instant-text.ts";
import { checkedJson, parsedJson } from "../json-file.ts";

/** One APDU of a recorded session. */
export interface RecordedApdu {
  /** ms since 1970 UTC. */
  readonly at: number;
  /** From the meter's end: `received` from the client, or `sent` to it. */
  readonly way: "received" | "sent";
  /** As it was on the link: ciphered if it was. */
  readonly pdu: Uint8Array;
  /** In plain; the same octets if it was not ciphered. Undefined: it could not be deciphered. */
  readonly plain: Uint8Array | undefined;
}

/** What one client said to one logical device of a meter, from an AARQ to the next. */
export interface RecordedSession {
  readonly session: number;
  readonly client: number;
  /** The serial number of the meter, if the record has it. */
  readonly meter?: string;
  /** The SAP of the logical device, if the record has it. */
  readonly device?: number;
  readonly apdus: readonly RecordedApdu[];
}

const recordVersion = 1;

/** The first line of a record. */
export const recordHead = (started: number): string =>
  `${JSON.stringify({ record: recordVersion, started: new Date(started).toISOString() })}\n`;

/** A line of a record before it is written. `octets` has them under the name of what they are. */
export interface LineOf {
  readonly session: number;
  readonly at: number;
  readonly way: "received" | "sent";
  readonly client: number;
  readonly meter: string | undefined;
  readonly device: number | undefined;
  readonly octets: { readonly pdu: Uint8Array } | { readonly plain: Uint8Array };
  /** Whether the line shows the APDU decoded. */
  readonly decoded: boolean;
}

export function recordLine({ session, at, way, client, meter, device, octets, decoded }: LineOf): string {
  const [[name, value]] = Object.entries(octets) as [[string, Uint8Array]];
  const shown = decoded ? decodedOf(value) : undefined;
  return `${JSON.stringify({
    ...{ session, at: new Date(at).toISOString(), way, client },
    ...(meter === undefined ? {} : { meter }),
    ...(device === undefined ? {} : { device }),
    [name]: toHex(value),
    ...(shown === undefined ? {} : { decoded: shown }),
  })}\n`;
}

/** The APDU in JSON; undefined if the octets are none. */
function decodedOf(octets: Uint8Array): Json | undefined {
  const apdu = apduOf(octets);
  return apdu && apduToJson(apdu);
}

export function apduOf(octets: Uint8Array): Apdu | undefined {
  try {
    return decodeApdu(octets);
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/i, "expected octets in hex");
const line = z.object({
  session: z.int().min(1),
  at: InstantText,
  way: z.enum(["received", "sent"]),
  client: z.int().min(0).max(0xffff),
  meter: z.string().optional(),
  device: z.int().min(0).max(0xffff).optional(),
  pdu: hex.optional(),
  plain: hex.optional(),
});
const head = z.object({ record: z.literal(recordVersion, `expected version ${recordVersion}`) });

const bad =
  (number: number) =>
  (message: string, path: readonly string[]): Fault => {
    const fault = new Fault(
      "bad-record",
      `line ${number}${path.length === 0 ? "" : `, ${path.join(".")}`}: ${message}`,
      {
        layer: "simulator",
        hint: "give a file that --record wrote, or a packet capture",
      },
    );
    fault.path.push(String(number), ...path);
    return fault;
  };

/**
 * The sessions of a record, in the order of their first APDUs. The last line may be cut off, as by a crash. Faults `bad-record`, whose path
 * has the line.
 */
export function parseRecord(text: string): readonly RecordedSession[] {
  const sessions = new Map<number, RecordedSession & { readonly apdus: Mutable[] }>();
  const lines = text.split("\n");
  for (const [at, one] of lines.entries()) {
    if (one.trim() === "") continue;
    const form = { bad: bad(at + 1), secret: true };
    // A process that was stopped can leave half a line.
    if (at === lines.length - 1 && !one.trimEnd().endsWith("}")) break;
    const json = parsedJson(one, form);
    if (at === 0) {
      checkedJson(head, json, form);
      continue;
    }
    const { session, client, meter, device, way, pdu, plain, at: time } = checkedJson(line, json, form);
    let known = sessions.get(session);
    if (known === undefined) {
      known = {
        ...{ session, client, apdus: [] },
        ...(meter === undefined ? {} : { meter }),
        ...(device === undefined ? {} : { device }),
      };
      sessions.set(session, known);
    }
    take(known.apdus, { at: instantOfText(time, 0) as number, way, pdu, plain });
  }
  return [...sessions.values()].map((one) => ({
    ...one,
    apdus: one.apdus.map(({ pdu, plain, ...apdu }) => ({
      ...apdu,
      pdu: pdu ?? plain ?? nothing,
      plain: plain ?? openOf(pdu),
    })),
  }));
}

const nothing = new Uint8Array(0);

interface Mutable {
  readonly at: number;
  readonly way: "received" | "sent";
  pdu: Uint8Array | undefined;
  plain: Uint8Array | undefined;
}

/** A received APDU is written as it came, then deciphered; a sent one in plain, then as it went. */
function take(
  apdus: Mutable[],
  {
    at,
    way,
    pdu,
    plain,
  }: { at: number; way: "received" | "sent"; pdu?: string | undefined; plain?: string | undefined },
): void {
  const last = apdus.at(-1);
  const sameWay = last?.way === way;
  if (pdu !== undefined && sameWay && last.pdu === undefined) last.pdu = fromHex(pdu);
  else if (plain !== undefined && pdu === undefined && way === "received" && sameWay && last.plain === undefined) {
    last.plain = fromHex(plain);
  } else {
    const one = {
      pdu: pdu === undefined ? undefined : fromHex(pdu),
      plain: plain === undefined ? undefined : fromHex(plain),
    };
    apdus.push({ at, way, ...one });
  }
}

/** An APDU that is not ciphered is its own plain form. */
function openOf(pdu: Uint8Array | undefined): Uint8Array | undefined {
  const apdu = pdu && apduOf(pdu);
  return apdu === undefined || "ciphertext" in apdu ? undefined : pdu;
}

import { type Aare, decodeApdu } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import type { Client } from "../a-client.ts";

// Octets as they are on the wire, made without our own encoder: what a case asks for, it would often not make.

const octet = (value: number): string => value.toString(16).padStart(2, "0");

/** A BER tag, its length in the short form, and what is in it. */
export function tlv(tag: string, ...contents: readonly string[]): string {
  const body = contents.join("");
  return `${tag}${octet(body.length / 2)}${body}`;
}

export interface RawInitiate {
  readonly dedicatedKey?: string;
  readonly responseAllowed?: boolean;
  readonly qualityOfService?: string;
  readonly version?: number;
  readonly conformance?: string;
  readonly pduSize?: number;
}

/** An InitiateRequest. It asks for GET, SET, ACTION, selective access, lists and blocks unless told otherwise. */
export function initiateRequest(more: RawInitiate = {}): string {
  const { dedicatedKey, responseAllowed, qualityOfService, version = 6, conformance = "005e1f", pduSize = 1024 } = more;
  return [
    "01",
    dedicatedKey === undefined ? "00" : `01${octet(dedicatedKey.length / 2)}${dedicatedKey}`,
    responseAllowed === false ? "0100" : "00",
    qualityOfService === undefined ? "00" : `01${qualityOfService}`,
    octet(version),
    `5f1f0400${conformance}`,
    pduSize.toString(16).padStart(4, "0"),
  ].join("");
}

const nameOf = (kind: string, number: string): string => `6085740508${kind}${number}`;

export interface RawAarq {
  /** The first fields, as they are. */
  readonly before?: string;
  /** The number of the application context: 01 logical names, 02 short names, 03 and 04 with ciphering; or a whole object identifier. */
  readonly context?: string;
  /** Between the context and the authentication. */
  readonly titles?: string;
  readonly requirements?: string;
  readonly mechanism?: string;
  /** A whole calling-authentication-value. */
  readonly value?: string;
  readonly userInformation?: string;
}

export const contextField = (number: string): string =>
  tlv("a1", tlv("06", number.length === 2 ? nameOf("01", number) : number));
export const asksForAuthentication = "8a020780";
export const mechanismField = (number: string): string => tlv("8b", nameOf("02", number));
/** A calling-authentication-value, as a charstring. */
export const valueField = (value: string): string => tlv("ac", tlv("80", value));

export function rawAarq(more: RawAarq = {}): string {
  const { before = "", context = "01", titles = "", requirements = "", mechanism = "", value = "" } = more;
  const information = tlv("be", tlv("04", more.userInformation ?? initiateRequest()));
  return tlv("60", before, contextField(context), titles, requirements, mechanism, value, information);
}

/** The octets that came for these, "" if none did. */
export const say = async (client: Client, hex: string): Promise<string> =>
  toHex((await client.raw(fromHex(hex.replaceAll(" ", "")))) ?? new Uint8Array());

export interface AareFacts {
  readonly result: string;
  readonly diagnostic: string;
  readonly source: string;
  readonly context: string;
  readonly userInformation: string;
  readonly aare: Aare;
}

/** Sends an AARQ and gives what its AARE says; `undefined` where there is none. */
export async function asked(client: Client, aarq: string): Promise<AareFacts | undefined> {
  const answer = await say(client, aarq);
  if (!answer.startsWith("61")) return undefined;
  const aare = decodeApdu(fromHex(answer)) as Aare;
  return {
    ...{ aare, result: aare.result, context: aare.applicationContextName },
    ...{ source: aare.resultSourceDiagnostic.source, diagnostic: aare.resultSourceDiagnostic.diagnostic },
    userInformation: aare.userInformation === undefined ? "" : toHex(aare.userInformation),
  };
}

/** "accepted", or the diagnostic of the refusal. */
export async function outcome(client: Client, aarq: string): Promise<string> {
  const facts = await asked(client, aarq);
  if (facts === undefined) return "no AARE";
  return facts.result === "accepted" ? "accepted" : facts.diagnostic;
}

import { securitySuite } from "@dlmskit/security";
import { contentIn, lengthOctets } from "../lengths.ts";
import { transactionIdLength } from "./channel.ts";
import { formOf, type Sealing } from "./sealing.ts";

const tagLength = 12;
const securityHeader = 5;
const titleField = 9;
const dateTimeField = 13;

/** Maximum length of a plain APDU that has at most `limit` octets after sealing; a limit of 0 means no limit. */
export function plainRoom(limit: number, sealing?: Sealing, suite = 0): number {
  if (limit === 0) return Number.POSITIVE_INFINITY;
  if (sealing === undefined) return limit;
  const { signed } = sealing;
  if (signed === undefined) return cipheredRoom(limit, sealing, suite);
  if (signed === "outside") return cipheredRoom(signedRoom(limit, sealing, suite), sealing, suite);
  return signedRoom(cipheredRoom(limit, sealing, suite), sealing, suite);
}

/** The tag, the transaction-id, both titles, date-time and other-information. */
function generalHeader({ dateTime, otherInformation, ...sealing }: Sealing, transactionId = sealing.transactionId) {
  const id = transactionId?.length ?? transactionIdLength;
  const time = dateTime === undefined ? 1 : dateTimeField;
  const other = otherInformation?.length ?? 0;
  return 1 + lengthOctets(id) + id + 2 * titleField + time + lengthOctets(other) + other;
}

function signedRoom(limit: number, sealing: Sealing, suite: number): number {
  const header = generalHeader(sealing, sealing.signedTransactionId);
  return contentIn(limit - header - 1 - signatureLength(suite));
}

function cipheredRoom(limit: number, sealing: Sealing, suite: number): number {
  const { authenticated, encrypted } = sealing;
  if (!authenticated && !encrypted) return limit;
  return contentIn(limit - before(formOf(sealing), sealing, suite)) - securityHeader - (authenticated ? tagLength : 0);
}

/** Octets before the length of the security header, ciphertext and tag. */
function before(form: Sealing["form"], sealing: Sealing, suite: number): number {
  switch (form) {
    case "glo":
    case "ded":
      return 1;
    case "general-glo":
    case "general-ded":
      return 1 + titleField;
    case "general-ciphering":
      return generalHeader(sealing) + keyInfo(sealing.key, suite);
  }
}

/** key-info: the octet for its presence, its choice, and its fields. */
function keyInfo(key: Sealing["key"], suite: number): number {
  switch (key) {
    case "wrapped-key":
      return 2 + 1 + 1 + securitySuite(suite).wrappedKeyLength;
    case "one-pass-diffie-hellman": {
      const data = 2 * signatureLength(suite);
      return 2 + 2 + lengthOctets(data) + data;
    }
    case "static-unified-model":
      return 2 + 2 + 1;
    default:
      return 2 + 1;
  }
}

/** r ‖ s; a public key, x ‖ y, has the same length. */
function signatureLength(suite: number): number {
  return suite === 2 ? 96 : 64;
}

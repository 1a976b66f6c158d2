import { ApduTag, type ApplicationContextName, Mechanism, type MechanismName } from "@dlmskit/apdu";
import { nameOf } from "@dlmskit/core";
import type { MechanismId } from "../offer.ts";
import type { Referencing } from "../services/service.ts";

const contexts = {
  "logical-name": {
    plain: "logical-name-referencing-no-ciphering",
    ciphered: "logical-name-referencing-with-ciphering",
  },
  "short-name": { plain: "short-name-referencing-no-ciphering", ciphered: "short-name-referencing-with-ciphering" },
} as const;

/** The application context name of COSEM. */
export function contextName(referencing: Referencing, ciphered: boolean): ApplicationContextName {
  return contexts[referencing][ciphered ? "ciphered" : "plain"];
}

/** The xDLMS version of the standard. */
export const dlmsVersion = 6;
/** The VAA name of the server; with short names it is the base name of the current Association SN. */
export const vaaNames: { readonly [R in Referencing]: number } = { "logical-name": 0x0007, "short-name": 0xfa00 };
/** The smallest maximum APDU size that a peer may request; 0 requests no limit. */
export const leastPduSize = 12;
/** The object whose method completes mechanisms 2 to 7: the current association. */
export const currentAssociation = "0.0.40.0.0.255";
export const associationClass = 15;
export const replyToHlsAuthentication = 1;
/** The short name of this method in the current Association SN, for every version of the class. */
export const replyToHlsShortName = 0xfa58;

export function mechanismName(mechanism: MechanismId): MechanismName {
  return nameOf(Mechanism, mechanism) as MechanismName;
}

/**
 * Minimum number of octets of a secret. A password (mechanism 1) has at least 4, a secret of high level security (2, 3, 4, 6) at least
 * 8, which is also the minimum length of a challenge. 0: the mechanism has no secret.
 */
export function leastSecretLength(mechanism: number): number {
  return mechanism === 1 ? 4 : mechanism === 6 || (mechanism >= 2 && mechanism <= 4) ? 8 : 0;
}

/** Whether system titles are used: in ciphered contexts, and in mechanisms 5, 6 and 7. */
export function needsTitles(ciphered: boolean, mechanism: MechanismId): boolean {
  return ciphered || mechanism >= 5;
}

const neverProtected: readonly (number | undefined)[] = [
  ApduTag.aare,
  ApduTag.rlre,
  ApduTag["exception-response"],
  ApduTag["confirmed-service-error"],
];

/** Whether an APDU of the server with that tag is never protected as a whole. */
export function isNeverProtected(tag: number | undefined): boolean {
  return neverProtected.includes(tag);
}

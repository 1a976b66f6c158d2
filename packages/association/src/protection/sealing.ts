import type { CosemDateTime } from "@dlmskit/core";
import type { CipheredForm, GeneralKey } from "@dlmskit/security";

/** How an APDU is protected when it is sent. */
export interface Sealing {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  /** The form of ciphering, if the APDU is authenticated or encrypted. */
  readonly form: CipheredForm | "general-ciphering";
  /** The key of general-ciphering; the global unicast key by default. */
  readonly key?: GeneralKey;
  /** The APDU is protected with the broadcast key. */
  readonly broadcast?: true;
  readonly compressed?: true;
  /** Digitally signed: `"inside"` before ciphering, `"outside"` after ciphering. */
  readonly signed?: "inside" | "outside";
  /** The transaction-id of general-ciphering and general-signing; a response has that of its request. Absent: a new transaction-id. */
  readonly transactionId?: Uint8Array;
  /** The transaction-id of general-signing if it differs from that of general-ciphering. */
  readonly signedTransactionId?: Uint8Array;
  /** Further fields of the headers of general-ciphering and general-signing. */
  readonly dateTime?: CosemDateTime;
  readonly otherInformation?: Uint8Array;
  /** No response is expected. */
  readonly answered?: false;
}

/** How a received APDU was protected, according to its verified protection. */
export interface ProtectionSeen {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly signed: boolean;
}

/** The minimum protection of a response, in addition to that of the policy and of the request. */
export type ResponseProtection = Partial<ProtectionSeen>;

export const unprotected: ProtectionSeen = { authenticated: false, encrypted: false, signed: false };

/** The form of the sent APDU: an APDU that is signed inside has no service-specific ciphering, only the general form. */
export function formOf({ form, signed }: Sealing): Sealing["form"] {
  return signed === "inside" ? generalForm(form) : form;
}

function generalForm(form: Sealing["form"]): Sealing["form"] {
  return form === "glo" ? "general-glo" : form === "ded" ? "general-ded" : form;
}

/** The same for an APDU that has no service-specific ciphering. */
export function inGeneralForm(sealing: Sealing | undefined): Sealing | undefined {
  return sealing === undefined ? undefined : { ...sealing, form: generalForm(sealing.form) };
}

/** The protection that all blocks of a request have: the complete request is protected as its weakest block. */
export function weaker(one: ProtectionSeen, other: ProtectionSeen): ProtectionSeen {
  return {
    authenticated: one.authenticated && other.authenticated,
    encrypted: one.encrypted && other.encrypted,
    signed: one.signed && other.signed,
  };
}

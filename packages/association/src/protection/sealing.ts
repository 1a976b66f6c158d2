import type { CipheredForm, GeneralKey } from "@dlmskit/security";

/** How an APDU leaves. */
export interface Sealing {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  /** Of what is authenticated or encrypted. */
  readonly form: CipheredForm | "general-ciphering";
  /** The key of general-ciphering; the global unicast key by default. */
  readonly key?: GeneralKey;
  /** Under the broadcast key. */
  readonly broadcast?: true;
  readonly compressed?: true;
  /** Digitally signed: `"inside"` before it is ciphered, `"outside"` after. */
  readonly signed?: "inside" | "outside";
  /** Of general-ciphering and general-signing: that of the request in its response. Absent: a new one. */
  readonly transactionId?: Uint8Array;
}

/** How an APDU was protected when it came, as far as its verified protection goes. */
export interface ProtectionSeen {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly signed: boolean;
}

/** What a response must have at least, beyond what policy and request ask for. */
export type ResponseProtection = Partial<ProtectionSeen>;

export const unprotected: ProtectionSeen = { authenticated: false, encrypted: false, signed: false };

/** The form that it travels in: what is signed inside has no service-specific ciphering, it is in the general one. */
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

/** What all blocks of a request had in common: the whole is protected no better than its weakest block. */
export function weaker(one: ProtectionSeen, other: ProtectionSeen): ProtectionSeen {
  return {
    authenticated: one.authenticated && other.authenticated,
    encrypted: one.encrypted && other.encrypted,
    signed: one.signed && other.signed,
  };
}

import type { CipheredForm, OpenedApdu, Protection } from "@dlmskit/security";
import { contentIn } from "./blocks.ts";
import { refusal } from "./refusals.ts";
import type { ProtectionSeen } from "./services.ts";

/** How an APDU leaves. */
export interface Sealing {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly form: CipheredForm;
  /** Under the broadcast key. */
  readonly broadcast?: true;
  /** Digitally signed: `"inside"` before it is ciphered, `"outside"` after. */
  readonly signed?: "inside" | "outside";
}

export interface Opened {
  readonly apdu: Uint8Array;
  readonly seen: ProtectionSeen;
  /** Absent: it came as it is. */
  readonly sealing?: Sealing;
  /** The lowest acceptable counter of the global key before it came; absent where that key was not used. */
  readonly lowest?: number;
}

export const unprotected: ProtectionSeen = { authenticated: false, encrypted: false, signed: false };

const tagLength = 12;
const securityHeader = 5;

/** Whether the tag is one of a ciphered APDU: glo-*, ded-*, general-glo-ciphering and its kin (Green Book 9.5). */
export function isCiphered(tag: number): boolean {
  return (tag >= 0x21 && tag <= 0x5f) || (tag >= 0xc8 && tag <= 0xd7) || (tag >= 0xdb && tag <= 0xdf);
}

/** The octets of the largest plain APDU that is no longer than `limit` once it is sealed; 0 means no limit there. */
export function plainRoom(limit: number, sealing?: Sealing): number {
  if (limit === 0) return Number.POSITIVE_INFINITY;
  if (sealing === undefined) return limit;
  // tag, in the general forms the system title with its length, then length, security header, ciphertext, tag
  const before = sealing.form === "general-glo" || sealing.form === "general-ded" ? 1 + 1 + 8 : 1;
  return contentIn(limit - before) - securityHeader - (sealing.authenticated ? tagLength : 0);
}

/** Opens and seals what passes: through a Protection, or, where there is none, as it is. */
export class Channel {
  /** Replaced when the keys change. */
  protection: Protection | undefined;
  /** Forms that were negotiated: the general ones ask for the conformance bit general-protection. */
  readonly #general: boolean;

  constructor(protection: Protection | undefined, general: boolean) {
    this.protection = protection;
    this.#general = general;
  }

  /** The APDU within. Faults of the Protection, `service-not-supported` for a form that was not negotiated. */
  open(pdu: Uint8Array): Opened {
    const tag = pdu[0] as number;
    if (!isCiphered(tag)) return { apdu: pdu, seen: unprotected };
    if (this.protection === undefined) throw refusal("service-not-supported", "the association is not a ciphered one");
    if (tag >= 0xdb && !this.#general) {
      throw refusal("service-not-supported", "general protection was not negotiated");
    }
    const { apdu, protection }: OpenedApdu = this.protection.open(pdu);
    const { authenticated, encrypted, form, broadcast } = protection;
    return {
      apdu,
      seen: { authenticated, encrypted, signed: false },
      sealing: { authenticated, encrypted, form, ...(broadcast ? { broadcast: true as const } : {}) },
      ...((form === "glo" || form === "general-glo") && !broadcast ? { lowest: protection.lowest } : {}),
    };
  }

  seal(apdu: Uint8Array, sealing?: Sealing): Uint8Array {
    if (sealing === undefined || this.protection === undefined) return apdu;
    return this.protection.seal(apdu, sealing);
  }
}

import { Fault, toHex } from "@dlmskit/core";
import {
  type AppliedLayer,
  type KeyGuards,
  type Layer,
  noble,
  openLayers,
  type Random,
  sealLayers,
} from "@dlmskit/security";
import { refusal } from "../refusals.ts";
import type { Protections } from "./protections.ts";
import { formOf, type ProtectionSeen, type Sealing, unprotected } from "./sealing.ts";
import { sealingOf } from "./sealing-of.ts";

export interface Opened {
  readonly apdu: Uint8Array;
  readonly seen: ProtectionSeen;
  /** Absent: the APDU was not protected. */
  readonly sealing?: Sealing;
  /** The lowest acceptable counter of the global key before the APDU was received; absent if that key was not used. */
  readonly lowest?: number;
}

/** Whether the tag is that of a ciphered or signed APDU: glo-*, ded-*, general-glo-ciphering and the others (Green Book 9.5). */
export function isCiphered(tag: number): boolean {
  return (tag >= 0x21 && tag <= 0x5f) || (tag >= 0xc8 && tag <= 0xd7) || (tag >= 0xdb && tag <= 0xdf);
}

/** The name under which a transaction-id is stored. A transaction-id may have any length; its name has a limited length. */
function nameOf(transactionId: Uint8Array): string {
  return toHex(transactionId.length < 32 ? transactionId : noble.hash("sha256", transactionId));
}

/**
 * Length of this end's own transaction-ids, octets: a counter, so that the peer can tell new from old, and random octets that do not
 * repeat.
 */
export const transactionIdLength = 12;
const counterLength = 4;
const noOctets = new Uint8Array(0);

/** Opens received APDUs and seals sent APDUs with the protections; without protections they stay unchanged. */
export class Channel {
  /** Replaced when the keys change. */
  protected protections: Protections | undefined;
  /** The negotiated forms: the general forms need the conformance bit general-protection. */
  readonly #general: boolean;
  readonly #random: Random;
  readonly #guards: KeyGuards;
  /** Shared by the channels of one association. */
  readonly #own: { transactions: number };
  /** The transaction-id of the APDU that was sealed last; absent: it had none. */
  #sealed: Uint8Array | undefined;

  /** `guards`: for APDUs that are signed only. `before`: the channel with which the association was opened. */
  constructor(
    protections: Protections | undefined,
    general: boolean,
    random: Random,
    guards: KeyGuards,
    before?: Channel,
  ) {
    this.protections = protections;
    this.#general = general;
    this.#random = random;
    this.#guards = guards;
    this.#own = before === undefined ? { transactions: 0 } : before.#own;
  }

  /** The transaction-id of the APDU that was sealed last, if it had one. */
  get sealedTransactionId(): Uint8Array | undefined {
    return this.#sealed;
  }

  get ciphered(): boolean {
    return this.protections !== undefined;
  }

  /** Uses other keys from now on. */
  protect(protections: Protections): void {
    this.protections = protections;
  }

  /**
   * Returns the inner APDU. Faults of the protections, `service-not-supported` for a form that was not negotiated, `replayed` for an
   * APDU that is signed only and was received before.
   */
  open(pdu: Uint8Array): Opened {
    const tag = pdu[0] as number;
    if (!isCiphered(tag)) return { apdu: pdu, seen: unprotected };
    if (this.protections === undefined) throw refusal("service-not-supported", "the association is not ciphered");
    if (tag >= 0xdb && !this.#general) {
      throw refusal("service-not-supported", "general protection was not negotiated");
    }
    const { lowest } = this.protections.replay;
    const { apdu, layers, protection } = openLayers(pdu, this.protections);
    this.#checkTransaction(layers);
    const opened = { apdu, seen: protection, sealing: sealingOf(layers) };
    return layers.some(isGlobal) ? { ...opened, lowest } : opened;
  }

  seal(apdu: Uint8Array, sealing?: Sealing): Uint8Array {
    if (sealing === undefined || this.protections === undefined) return apdu;
    return sealLayers(apdu, this.#layers(sealing), this.protections);
  }

  /** If no layer has a counter, the transaction-id distinguishes a new APDU from a replayed one. */
  #checkTransaction(layers: readonly AppliedLayer[]): void {
    const [signature] = layers;
    if (signature?.form !== "general-signing" || layers.some(({ form }) => form !== "general-signing")) return;
    const { transactionId } = signature.header;
    const guard = this.#guards.guard(`signed ${nameOf(transactionId)}`, transactionId);
    if (transactionId.length === 0 || !guard.check(0)) {
      throw new Fault("replayed", "the transaction-id of a signed APDU is missing or was used before", {
        layer: "security",
      });
    }
    guard.accept(0);
  }

  #transactionId(): Uint8Array {
    this.#own.transactions++;
    const id = new Uint8Array(transactionIdLength);
    new DataView(id.buffer).setUint32(0, this.#own.transactions);
    id.set(this.#random(transactionIdLength - counterLength), counterLength);
    return id;
  }

  #layers(sealing: Sealing): Layer[] {
    const { authenticated, encrypted, key = "global-unicast-encryption-key", broadcast, signed } = sealing;
    const { dateTime, otherInformation, answered } = sealing;
    const form = formOf(sealing);
    const compressed = sealing.compressed === true ? { compressed: true } : {};
    const general = signed !== undefined || form === "general-ciphering";
    const transactionId = sealing.transactionId ?? (general ? this.#transactionId() : noOctets);
    this.#sealed = general ? transactionId : undefined;
    // Before the AARE the server's title may be unknown. Agreed keys need it.
    const agreed = key === "one-pass-diffie-hellman" || key === "static-unified-model";
    const unknown = this.protections?.association.peerSystemTitle === undefined && !agreed;
    const recipient = unknown ? { recipientSystemTitle: noOctets } : {};
    const more = { ...recipient, ...(dateTime && { dateTime }), ...(otherInformation && { otherInformation }) };
    const layers: Layer[] = [];
    if (authenticated || encrypted) {
      layers.push(
        form === "general-ciphering"
          ? {
              form,
              authenticated,
              encrypted,
              key,
              ...compressed,
              transactionId,
              ...more,
              ...(answered === false ? { answered } : {}),
            }
          : { form, authenticated, encrypted, ...compressed, ...(broadcast === true ? { broadcast } : {}) },
      );
    }
    if (signed !== undefined) {
      const own = sealing.signedTransactionId ?? transactionId;
      const signature: Layer = { form: "general-signing", transactionId: own, ...more };
      if (signed === "inside") layers.unshift(signature);
      else layers.push(signature);
    }
    return layers;
  }
}

/** Whether the counter of the global unicast key was used. */
function isGlobal(layer: AppliedLayer): boolean {
  if (layer.form === "general-ciphering") return layer.key === "global-unicast-encryption-key";
  return (layer.form === "glo" || layer.form === "general-glo") && !layer.broadcast;
}

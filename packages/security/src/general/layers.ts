import { ApduTag, plainTag } from "@dlmskit/apdu";
import type { AppliedProtection, Protection, SealOptions } from "../protection.ts";
import { refusal } from "../refusal.ts";
import type {
  AppliedCiphering,
  AppliedSignature,
  CipheringOptions,
  GeneralProtection,
  SigningOptions,
} from "./general-protection.ts";

/** One layer of protection, in any form. */
export type Layer = SealOptions | CipheringOptions | SigningOptions;
export type AppliedLayer = AppliedProtection | AppliedCiphering | AppliedSignature;

/** The protections for the layers: `association` for glo, ded and their general forms, `general` for the two others. */
export interface LayerProtections {
  readonly association?: Protection;
  readonly general?: GeneralProtection;
}

export interface OpenedLayers {
  readonly apdu: Uint8Array;
  /** The outermost layer first. Empty for a plain APDU. */
  readonly layers: readonly AppliedLayer[];
  /** The combined protection of all layers, for checks of access rights and policies. */
  readonly protection: { readonly authenticated: boolean; readonly encrypted: boolean; readonly signed: boolean };
}

/** Signing and ciphering, and both once more on the way through a third party. */
const mostLayers = 4;

function isGeneral(form: Layer["form"]): form is "general-ciphering" | "general-signing" {
  return form === "general-ciphering" || form === "general-signing";
}

function need<T>(protection: T | undefined, form: string): T {
  if (protection !== undefined) return protection;
  throw refusal("no-protection", `the keys for a ${form} APDU are not given`);
}

/** Applies the layers in order. Sign, then encrypt: `[{form: "general-signing"}, {form: "general-ciphering", …}]`. */
export function sealLayers(apdu: Uint8Array, layers: readonly Layer[], protections: LayerProtections): Uint8Array {
  if (layers.length > mostLayers)
    throw refusal("too-deep", `${layers.length} layers of protection; at most ${mostLayers} are allowed`);
  let sealed = apdu;
  for (const layer of layers) {
    const general = isGeneral(layer.form);
    sealed = general
      ? need(protections.general, layer.form).seal(sealed, layer as CipheringOptions | SigningOptions)
      : need(protections.association, layer.form).seal(sealed, layer as SealOptions);
  }
  return sealed;
}

/**
 * Removes all layers, of any form, until the APDU is plain. Faults: those of `Protection.open` and `GeneralProtection.open`,
 * `no-protection` (a form for which this end has no keys), `too-deep`.
 */
export function openLayers(apdu: Uint8Array, protections: LayerProtections): OpenedLayers {
  const layers: AppliedLayer[] = [];
  let opened = apdu;
  for (;;) {
    const form = formOf(opened[0]);
    if (form === undefined) break;
    if (layers.length === mostLayers) throw refusal("too-deep", `more than ${mostLayers} layers of protection`);
    const layer = need<Pick<Protection | GeneralProtection, "open">>(
      form === "general" ? protections.general : protections.association,
      form === "general" ? "general-ciphering or general-signing" : "ciphered APDU of the association",
    ).open(opened);
    layers.push(layer.protection);
    opened = layer.apdu;
  }
  return {
    apdu: opened,
    layers,
    protection: {
      // A signature does not count as authentication: an access right may require both.
      authenticated: layers.some((layer) => layer.form !== "general-signing" && layer.authenticated),
      encrypted: layers.some((layer) => layer.form !== "general-signing" && layer.encrypted),
      signed: layers.some((layer) => layer.form === "general-signing"),
    },
  };
}

function formOf(tag: number | undefined): "general" | "association" | undefined {
  if (tag === undefined) return undefined;
  if (tag === ApduTag["general-ciphering"] || tag === ApduTag["general-signing"]) return "general";
  const general = tag === ApduTag["general-glo-ciphering"] || tag === ApduTag["general-ded-ciphering"];
  return general || plainTag(tag) !== undefined ? "association" : undefined;
}

import { sameOctets } from "@dlmskit/core";
import type { AppliedLayer, AppliedSignature } from "@dlmskit/security";
import type { Sealing } from "./sealing.ts";

/** The layers of a request as a sealing, so that its response has the same layers. */
export function sealingOf(layers: readonly AppliedLayer[]): Sealing {
  const ciphering = layers.find((layer) => layer.form !== "general-signing") as
    | Exclude<AppliedLayer, AppliedSignature>
    | undefined;
  const signature = layers.findIndex(({ form }) => form === "general-signing");
  const signed =
    signature < 0 ? {} : ({ signed: signature === 0 && layers.length > 1 ? "outside" : "inside" } as const);
  const transaction = transactionsOf(layers);
  if (ciphering === undefined) {
    return { authenticated: false, encrypted: false, form: "general-glo", ...signed, ...transaction };
  }
  const { form, compressed } = ciphering;
  // The response is protected as all layers of the request together are.
  const all = layers.filter((layer) => layer.form !== "general-signing") as Exclude<AppliedLayer, AppliedSignature>[];
  const authenticated = all.some((layer) => layer.authenticated);
  const encrypted = all.some((layer) => layer.encrypted);
  const broadcast =
    "broadcast" in ciphering ? ciphering.broadcast : ciphering.key === "global-broadcast-encryption-key";
  return {
    authenticated,
    encrypted,
    form,
    ...("key" in ciphering ? { key: ciphering.key } : {}),
    ...(broadcast ? { broadcast: true as const } : {}),
    ...(compressed ? { compressed: true as const } : {}),
    ...signed,
    ...transaction,
  };
}

/** The transaction-ids of the layers: a response has, in each layer, that of the request. */
function transactionsOf(layers: readonly AppliedLayer[]): Pick<Sealing, "transactionId" | "signedTransactionId"> {
  let ciphered: Uint8Array | undefined;
  let signed: Uint8Array | undefined;
  for (const layer of layers) {
    if (layer.form === "general-ciphering") ciphered ??= layer.header.transactionId;
    if (layer.form === "general-signing") signed ??= layer.header.transactionId;
  }
  const transactionId = ciphered ?? signed;
  if (transactionId === undefined) return {};
  if (signed === undefined || sameOctets(signed, transactionId)) return { transactionId };
  return { transactionId, signedTransactionId: signed };
}

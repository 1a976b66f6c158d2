import type { Apdu } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type CipheredForm, type CryptoProvider, Protection } from "@dlmskit/security";
import type { ClientKeys } from "../simulate/keys-file.ts";
import { apduOf } from "./record-file.ts";

type Ciphered = Extract<Apdu, { readonly ciphertext: Uint8Array }>;

/** Keys of a client, and the system titles of both ends. */
export interface Ends {
  readonly keys: ClientKeys;
  readonly client: Uint8Array;
  readonly meter: Uint8Array;
}

export const cipheredOf = (octets: Uint8Array): Ciphered | undefined => {
  const apdu = apduOf(octets);
  return apdu !== undefined && "ciphertext" in apdu && "invocationCounter" in apdu ? (apdu as Ciphered) : undefined;
};

const anyCounter = { lowest: 0, check: () => true, accept: () => undefined };

function formOf({ apdu }: Ciphered): CipheredForm {
  if (apdu === "general-glo-ciphering") return "general-glo";
  return apdu.startsWith("glo-") ? "glo" : "ded";
}

function protectionOf(
  { keys, client, meter }: Ends,
  way: "received" | "sent",
  own: "sender" | "receiver",
  suite: number,
  provider: CryptoProvider,
  counter: number,
): Protection | undefined {
  const { encryptionKey, authenticationKey = encryptionKey, broadcastKey } = keys;
  if (encryptionKey === undefined || authenticationKey === undefined) return undefined;
  const [sender, receiver] = way === "received" ? [client, meter] : [meter, client];
  const [systemTitle, peerSystemTitle] = own === "sender" ? [sender, receiver] : [receiver, sender];
  return new Protection({
    ...{ provider, suite, systemTitle, peerSystemTitle, replay: anyCounter, accept: ["encryption-only"] as const },
    keys: { encryptionKey, authenticationKey, ...(broadcastKey === undefined ? {} : { broadcastKey }) },
    counters: { remaining: 1, next: () => counter },
    broadcast: { replay: anyCounter },
  });
}

/** The plain APDU; undefined: the keys do not open it. */
export function opened(
  octets: Uint8Array,
  ends: Ends,
  way: "received" | "sent",
  provider: CryptoProvider,
): Uint8Array | undefined {
  const apdu = cipheredOf(octets);
  if (apdu === undefined) return octets;
  try {
    return protectionOf(ends, way, "receiver", apdu.securityControl.suite, provider, 0)?.open(octets).apdu;
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** A plain APDU, ciphered as another one was: the same form, protection and counter. Undefined: it cannot be ciphered so. */
export function sealedLike(
  like: Uint8Array,
  plain: Uint8Array,
  ends: Ends,
  way: "received" | "sent",
  provider: CryptoProvider,
): Uint8Array | undefined {
  const apdu = cipheredOf(like);
  if (apdu === undefined) return plain;
  const { suite, authenticated, encrypted } = apdu.securityControl;
  const form = formOf(apdu);
  // The dedicated key was in the InitiateRequest, which the new keys cipher: the global key takes its place in a record.
  const own = form === "ded" ? "glo" : form;
  try {
    const counter = Number((apdu as unknown as { invocationCounter: number }).invocationCounter);
    return protectionOf(ends, way, "sender", suite, provider, counter)?.seal(plain, {
      authenticated,
      encrypted,
      form: own,
    });
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

import { ApduTag } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import type { PeerKeys } from "@dlmskit/security";

/** The keys and system titles for deciphering. Keys have 16 octets, in suite 2 32 octets. */
export interface DecipherKeys {
  readonly encryptionKey?: Uint8Array | undefined;
  readonly authenticationKey?: Uint8Array | undefined;
  readonly dedicatedKey?: Uint8Array | undefined;
  readonly broadcastKey?: Uint8Array | undefined;
  /** The key-encryption key, for general-ciphering with a wrapped key. */
  readonly masterKey?: Uint8Array | undefined;
  /** Private keys for key agreement, of either end: the recipient's for one-pass agreement, anyone's for static agreement. */
  readonly agreementKeys?: readonly Uint8Array[] | undefined;
  /** The public keys of both ends, for signatures and static agreement. */
  readonly peerKeys?: PeerKeys | undefined;
  /** The possible system titles of the sender, if the octets do not have it. */
  readonly systemTitles?: readonly Uint8Array[] | undefined;
}

/** A deciphered plaintext, and whether it is authenticated. */
export interface Opened {
  readonly apdu: Uint8Array;
  /** Whether there is an authentication tag and it is correct. */
  readonly verified: boolean;
  /** The reason why the tag was not verified, if there is a tag. */
  readonly why?: string;
}

export function missingTitle(): Fault {
  return new Fault("missing-system-title", "the sender's system title is not in the octets", {
    layer: "security",
    hint: "give it with --system-title",
  });
}

const plainTags = new Set<number | undefined>(Object.values(ApduTag));

/** Whether a plaintext starts as an APDU does. */
export const startsAsApdu = ([tag]: Uint8Array): boolean => plainTags.has(tag);

export function wrongTag(): Fault {
  return new Fault("bad-tag", "the authentication tag is wrong", {
    layer: "security",
    hint: "check the keys and the sender's system title; if they are right, the octets were altered",
  });
}

import { apduFromJson, encodeApdu } from "@dlmskit/apdu";
import { type DecipherKeys, Decoder } from "@dlmskit/capture";
import { Fault, type Json } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import type { Tap } from "@dlmskit/server";

/** An APDU between a client and a meter, seen from outside of both or from the client. */
export interface SeenApdu {
  /** From the meter's end. */
  readonly way: "received" | "sent";
  readonly client: number;
  /** The SAP of the logical device. */
  readonly device: number;
  /** Different for each connection. */
  readonly connection: string;
  /** As it is on the link: ciphered if it is. */
  readonly pdu: Uint8Array;
}

/** Gives APDUs to the tap of a record, ciphered ones also in plain where there are keys. */
export class SeenApdus {
  readonly #tap: Tap;
  readonly #keysOf: (client: number) => DecipherKeys;
  /** By connection, client and logical device: an APDU under a dedicated key is deciphered with what the AARQ had. */
  readonly #decoders = new Map<string, Decoder>();

  constructor(tap: Tap, keysOf: (client: number) => DecipherKeys) {
    this.#tap = tap;
    this.#keysOf = keysOf;
  }

  add({ way, client, device, connection, pdu }: SeenApdu): void {
    const key = `${connection} ${client} ${device}`;
    let decoder = this.#decoders.get(key);
    if (decoder === undefined) {
      decoder = new Decoder({ layer: "apdu", keys: this.#keysOf(client), provider: node, unverified: true });
      this.#decoders.set(key, decoder);
    }
    const plain = plainOf(decoder, pdu) ?? pdu;
    const sealed = { at: "sealed", way, octets: pdu, remote: connection, now: 0, client, device } as const;
    const open = { ...sealed, at: "plain", octets: plain } as const;
    for (const message of way === "received" ? [sealed, open] : [open, sealed]) this.#tap(message);
  }
}

/** The plaintext of a ciphered APDU; undefined if it is not ciphered or cannot be deciphered. */
function plainOf(decoder: Decoder, pdu: Uint8Array): Uint8Array | undefined {
  const [item] = decoder.decode(pdu);
  const plaintext = item?.json?.plaintext;
  if (plaintext === undefined) return undefined;
  try {
    return encodeApdu(apduFromJson(plaintext as Json));
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

import type { Negotiated, Offer, PreEstablished } from "../offer.ts";
import { ServerChannel, type ServerCrypto } from "../protection/server-channel.ts";
import { refusal } from "../refusals.ts";
import { common, type Initiated, sendSize } from "./initiate.ts";

/**
 * The parameters of a pre-established association: those of the offer. Fault `not-associated` if it is ciphered and the offer has no
 * client.
 */
export function establish(
  offer: Offer,
  { clientSystemTitle, ...client }: PreEstablished,
  crypto: ServerCrypto,
): Initiated {
  const title = clientSystemTitle ?? offer.security?.peerSystemTitle;
  if (offer.ciphered && title === undefined) throw refusal("not-associated", "the client's system title is not known");
  const context = offer.context === "either" ? "logical-name" : offer.context;
  const conformance = common(offer, context, offer.conformance);
  const negotiated: Negotiated = {
    context,
    ciphered: offer.ciphered,
    mechanism: 0,
    conformance,
    clientMaxReceivePduSize: sendSize(offer, client.clientMaxReceivePduSize ?? 0),
    serverMaxReceivePduSize: offer.maxReceivePduSize,
    dedicatedKey: false,
    confirmed: true,
    ...(title === undefined ? {} : { clientSystemTitle: title }),
    ...(offer.security === undefined ? {} : { serverSystemTitle: offer.security.systemTitle }),
  };
  const channel = new ServerChannel(offer, crypto, title, conformance);
  return { channel, negotiated, response: () => new Uint8Array(0), sealing: undefined };
}

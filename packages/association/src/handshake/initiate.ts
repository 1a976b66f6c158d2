import {
  type ConfirmedServiceError,
  type ConformanceName,
  decodeApdu,
  encodeApdu,
  type InitiateRequest,
  type ServiceError,
} from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import { CounterGuard, CounterLedger, lastCounter, securitySuite } from "@dlmskit/security";
import type { Negotiated, Offer } from "../offer.ts";
import type { Channel, Opened } from "../protection/channel.ts";
import { enforceRequest, responseSealing } from "../protection/policy.ts";
import type { Sealing } from "../protection/sealing.ts";
import { ServerChannel, type ServerCrypto } from "../protection/server-channel.ts";
import { refusal } from "../refusals.ts";
import type { Referencing } from "../services/service.ts";
import { negotiableWith } from "../services/table.ts";
import { dlmsVersion, leastPduSize, vaaNames } from "./names.ts";

/** The parameters of the association that the InitiateRequest determines. */
export interface Initiated {
  readonly channel: Channel;
  readonly negotiated: Negotiated;
  /** The InitiateResponse for the AARE. */
  readonly response: () => Uint8Array;
  /** How the InitiateRequest was protected: a release must have at least the same protection. */
  readonly sealing: Sealing | undefined;
}

/** A refused InitiateRequest: the confirmedServiceError to send, and the reason. */
export class InitiateRefused extends Error {
  readonly answer: Uint8Array;
  readonly fault: Fault;

  constructor(error: ConfirmedServiceError["serviceError"], fault: Fault) {
    super(fault.message);
    this.answer = encodeApdu({ apdu: "confirmed-service-error", service: "initiate-error", serviceError: error });
    this.fault = fault;
  }
}

const refuse = (value: keyof (typeof ServiceError)["initiate"], message: string): InitiateRefused =>
  new InitiateRefused({ error: "initiate", value }, new Fault(`initiate-${value}`, message, { layer: "association" }));

/** The deciphering-error of the Green Book. It does not tell which check failed. */
const undeciphered = (fault: Fault): InitiateRefused =>
  new InitiateRefused({ error: "application-reference", value: "deciphering-error" }, fault);

/** The contents of the AARQ other than its InitiateRequest. */
export interface Asked {
  readonly context: Referencing;
  readonly clientTitle: Uint8Array | undefined;
  readonly userId: number | undefined;
}

/** Negotiates the common conformance, the PDU sizes and the dedicated key. Green Book 9.4.2 and 9.5. Throws InitiateRefused. */
export function initiate(
  octets: Uint8Array | undefined,
  offer: Offer,
  crypto: ServerCrypto,
  { context, clientTitle, userId }: Asked,
): Initiated {
  if (octets === undefined || octets.length === 0) throw refuse("other", "the AARQ has no InitiateRequest");
  // The general forms that the client may use are not known yet.
  const opening = new ServerChannel(offer, crypto, clientTitle);
  const opened = open(opening, octets, offer);
  const request = decodeRequest(opened.apdu);
  if (request.proposedDlmsVersionNumber < dlmsVersion) {
    throw refuse(
      "dlms-version-too-low",
      `the DLMS version is ${request.proposedDlmsVersionNumber}; at least ${dlmsVersion} is needed`,
    );
  }
  const conformance = common(offer, context, request.proposedConformance);
  if (!isUsable(conformance, context))
    throw refuse("incompatible-conformance", "client and server have no service in common");
  const clientMaxReceivePduSize = request.clientMaxReceivePduSize;
  if (clientMaxReceivePduSize !== 0 && clientMaxReceivePduSize < leastPduSize) {
    throw refuse(
      "pdu-size-too-short",
      `the client's PDU size is ${clientMaxReceivePduSize} octets; at least ${leastPduSize} are needed`,
    );
  }
  const confirmed = request.responseAllowed;
  if (!confirmed && offer.mechanism > 1) throw refuse("other", "HLS needs an AARQ with response-allowed");
  const dedicatedKey = dedicate(request, offer, opening, opened);
  const negotiated: Negotiated = {
    context,
    ciphered: offer.ciphered,
    mechanism: offer.mechanism,
    conformance,
    clientMaxReceivePduSize: sendSize(offer, clientMaxReceivePduSize),
    serverMaxReceivePduSize: offer.maxReceivePduSize,
    dedicatedKey,
    confirmed,
    ...(clientTitle === undefined ? {} : { clientSystemTitle: clientTitle }),
    ...(offer.security === undefined ? {} : { serverSystemTitle: offer.security.systemTitle }),
    ...(userId === undefined ? {} : { userId }),
  };
  const channel = opening.negotiated(conformance);
  // Keeps the sealing only: the request itself would stay in memory as long as the association.
  const { sealing } = opened;
  const response = () =>
    channel.seal(
      encodeApdu({
        apdu: "initiate-response",
        negotiatedDlmsVersionNumber: dlmsVersion,
        negotiatedConformance: conformance,
        serverMaxReceivePduSize: offer.maxReceivePduSize,
        vaaName: vaaNames[context],
      }),
      channel.ciphered ? responseSealing(offer.security?.policy, sealing) : undefined,
    );
  return { channel, negotiated, response, sealing };
}

function open(channel: Channel, octets: Uint8Array, offer: Offer): Opened {
  try {
    const opened = channel.open(octets);
    if (offer.ciphered) enforceRequest(offer.security?.policy, opened.seen);
    if (opened.sealing?.broadcast === true)
      throw refusal("broadcast-key", "an AARQ for a single server is protected with the broadcast key");
    return opened;
  } catch (caught) {
    throw caught instanceof Fault ? undeciphered(caught) : caught;
  }
}

function decodeRequest(octets: Uint8Array): InitiateRequest {
  try {
    const apdu = decodeApdu(octets);
    if (apdu.apdu === "initiate-request") return apdu;
    throw refuse("other", `received ${apdu.apdu} instead of an InitiateRequest`);
  } catch (caught) {
    if (caught instanceof Fault) throw new InitiateRefused({ error: "initiate", value: "other" }, caught);
    throw caught;
  }
}

/** The largest APDU that is sent to the client; 0 means no limit on either side. */
export function sendSize({ maxSendPduSize = 0 }: Offer, client: number): number {
  return client === 0 || maxSendPduSize === 0 ? client || maxSendPduSize : Math.min(client, maxSendPduSize);
}

/** The conformance bits of both sides that this library supports. */
export function common(
  offer: Offer,
  context: Referencing,
  proposed: readonly ConformanceName[],
): readonly ConformanceName[] {
  const negotiable = negotiableWith(context);
  const both = offer.conformance.filter(
    (name) => proposed.includes(name) && negotiable.has(name) && (offer.ciphered || name !== "general-protection"),
  );
  return shared(offer.conformance, both);
}

const lastOf = new WeakMap<readonly ConformanceName[], readonly ConformanceName[]>();

/** One list for all associations of an offer with the same result: a copy for each association would take memory. */
function shared(offered: readonly ConformanceName[], both: readonly ConformanceName[]): readonly ConformanceName[] {
  // Both lists have the order of the offer.
  if (both.length === offered.length) return offered;
  const last = lastOf.get(offered);
  if (last?.length === both.length && last.every((name, at) => name === both[at])) return last;
  lastOf.set(offered, both);
  return both;
}

/** Whether these bits allow any service. */
function isUsable(conformance: readonly ConformanceName[], context: Referencing): boolean {
  if (context === "logical-name") return conformance.length > 0;
  return conformance.some((name) => name === "read" || name === "write" || name === "unconfirmed-write");
}

/** Accepts the client's dedicated key. A key that was sent unprotected is not secret: it is not used. */
function dedicate(request: InitiateRequest, offer: Offer, channel: ServerChannel, opened: Opened): boolean {
  const { security } = offer;
  const key = request.dedicatedKey;
  if (key === undefined || security === undefined || !channel.ciphered || !opened.seen.encrypted) return false;
  if (security.dedicatedKeys === false) return false;
  const { keyLength } = securitySuite(security.suite);
  if (key.length !== keyLength) throw refuse("other", `the dedicated key has ${key.length} octets, not ${keyLength}`);
  // Its counters start again: if it were the global key, counters would be repeated.
  if (sameOctets(key, security.keys.encryptionKey))
    throw refuse("other", "the dedicated key is the same as the global key");
  channel.dedicate({ key: key.slice(), ...(security.dedicated?.(key) ?? ofOneAssociation()) });
  return true;
}

/** Counters that start again for one association. */
function ofOneAssociation(): { readonly counters: CounterLedger; readonly replay: CounterGuard } {
  const counters = new CounterLedger({ start: 0 });
  counters.reserved(lastCounter + 1);
  return { counters, replay: new CounterGuard() };
}

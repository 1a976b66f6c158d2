import { certificates } from "./links.ts";

export const security = {
  "compression-unsupported":
    "The plaintext is compressed, and no decompression is configured; turn off compression at the peer, or give a `compression`.",
  ...certificates,
  "bad-certificate": "The octets are not a certificate that follows the DLMS profile; the message says what is wrong.",
  "bad-certificate-request": "The octets are not a certificate signing request; the message says what is wrong.",
  "bad-revocation-list": "The octets are not a certificate revocation list; the message says what is wrong.",
  "bad-challenge": "A challenge does not have 8 to 64 octets (32 to 64 for mechanism 7); the peer is at fault.",
  "bad-compression": "The compressed octets cannot be decompressed; do not trust the sender.",
  "bad-key-length": "The length of a key does not fit its suite; give a key of the right length.",
  "bad-key-wrap": "A wrapped key is damaged, or was wrapped under another key; check the master key.",
  "bad-pem": "The text is not PEM of the kind that is needed; give the right file.",
  "bad-public-key": "The octets are not a point of the curve; give the right public key.",
  "bad-random": "The random source did not give the requested number of octets; correct it.",
  "bad-security-control":
    "The security control octet does not fit the suite or the form of protection; check suite and policy of both ends.",
  "bad-system-title": "A system title does not have 8 octets; correct it.",
  "bad-tag":
    "The authentication tag is wrong; check keys, system title and suite. If they are right, the APDU was altered.",
  "challenge-is-apdu":
    "A challenge is also an APDU that could be authenticated with the same key; the peer must send another challenge.",
  "challenge-reflected": "The peer sent this end's own challenge back; do not trust it.",
  "counter-exhausted": "All invocation counters of the key are used up; change the key.",
  "counter-not-reserved": "The invocation counter is not reserved; reserve counters in the store before using them.",
  "decompressed-too-long": "The APDU would be longer than the limit when decompressed; raise the limit if it is real.",
  duplicate: "The certificate is already stored; nothing to do.",
  "inner-tag-mismatch": "The deciphered APDU does not have the type of its ciphered form; do not trust the sender.",
  "invocation-counter": "The invocation counter was used before; `expected` is the lowest one that is accepted.",
  "missing-key": "The key for deciphering is not known; give it.",
  "missing-key-info": "A general-ciphering APDU has no key-info; the sender must give it.",
  "missing-parameter": "An option that the mechanism or the key agreement needs is missing; the message names it.",
  "missing-system-title": "The system title of the sender is not known; give it.",
  "missing-transaction-id": "A general APDU with this key needs a transaction id; give one.",
  "no-broadcast-key": "The broadcast key is missing; give it with the association's security.",
  "no-ciphered-form": "The APDU has no ciphered form; send it another way.",
  "no-dedicated-key": "No dedicated key was agreed in this association; use the global one.",
  "no-master-key": "The master key is missing; give it.",
  "no-private-key": "The private key for this use is missing; give it.",
  "no-protection": "No layer of protection is requested; request at least one.",
  "not-an-authority": "The issuer's certificate does not belong to an authority; check the chain.",
  "not-ciphered": "The APDU is not ciphered; the sender must protect it.",
  "other-transaction-id": "The response belongs to another request; the quirk of that name accepts it.",
  "own-system-title": "The peer has this end's own system title; give each end its own.",
  "path-too-long": "The certificate chain is longer than allowed; check the authorities.",
  replayed: "The APDU was received before; it is not executed again.",
  "suite-without-curve": "Suite 0 has neither signatures nor key agreement; use suite 1 or 2.",
  "unknown-critical-extension": "The certificate has a critical extension that is not known; it cannot be used.",
  "unknown-key-agreement": "The key agreement scheme is not known; use 1 or 2.",
  "unknown-mechanism": "There is no authentication mechanism of that number; use 0 to 7.",
  "unknown-public-key": "The public key of the peer is not known; give its certificate.",
  "unknown-suite": "There is no security suite of that number; use 0, 1 or 2.",
  "unknown-system-title": "The system title is not known here; give the peer's keys, or check the title.",
  "wrong-curve": "The key is not on the curve of the suite: P-256 for suite 1, P-384 for suite 2.",
  "wrong-key":
    "The public key does not belong to the key pair that the meter generated; get a new certificate signing request from it.",
  "wrong-recipient": "The APDU is addressed to another system title; it was routed wrongly.",
} as const;

export const association = {
  "stream-failed": "The source of a streamed value failed before its end; the client gets long-get-aborted.",
  "stream-timeout": "The source of a streamed value gave no data in time.",
  "association-refused":
    "The server or the client refuses the association; the message has the diagnostic: client SAP, mechanism, password, context, keys.",
  "authentication-failed":
    "The peer did not prove that it knows the secret; do not trust it, and check the secrets of both ends.",
  "authentication-skipped": "The server opened the association without the requested authentication; do not trust it.",
  "bad-challenge": "The length of the server's challenge does not fit the mechanism; the server is at fault.",
  "bad-negotiation": "The server agreed to something that was not proposed; the message says what.",
  "bad-results": "The application gave more or fewer results than there were items; correct the application.",
  "block-number": "A block does not have the expected number, and the transfer was ended; repeat the request.",
  "broadcast-key": "The broadcast key protects only unconfirmed requests to all stations; use another key.",
  "confirmed-service-error": "The server answers with a confirmed-service-error; the message has its reason.",
  "context-mismatch": "The server answers with another application context; check `ciphered` and the referencing.",
  "duplicate-request": "A request with this invoke id is still being answered; the client must wait or use another.",
  "exception-response": "The server answers with an exception-response; the message has its reason.",
  "initiate-dlms-version-too-low": "The client's DLMS version is below 6; it cannot be served.",
  "initiate-incompatible-conformance": "Client and server have no service in common; check the proposed conformance.",
  "initiate-other": "The InitiateRequest cannot be accepted; the message says why.",
  "initiate-pdu-size-too-short": "The PDU size of the client is too small; raise it.",
  "initiate-refused-by-the-vde-handler": "The server's handler refuses the InitiateRequest; the message says why.",
  "initiate-refused": "The server refuses the InitiateRequest; the message has the reason.",
  "invocation-counter-error":
    "The server has already received this invocation counter or a higher one; `expected` is the counter that it accepts. `DurableCounters` continues from there.",
  "link-lost": "The link went down before an answer came; connect again.",
  "mechanism-mismatch":
    "The server answers with another authentication mechanism; check which one it uses for this client.",
  "missing-field": "The AARE lacks a field that is needed; the hint says what to give instead.",
  "missing-parameter": "An option that this association needs is missing; the message names it.",
  "not-associated": "No association is open, or it is still being opened; associate first.",
  "pdu-too-long": "The APDU is longer than the other end accepts; request fewer items at a time.",
  "protection-too-weak":
    "An APDU has less protection than the security policy or its request requires; the quirk `weaker-responses` accepts such responses, which can be forged.",
  released: "The association was released; open it again.",
  "response-too-long": "A response is longer than the limit of this client; raise the limit, or request less.",
  "secret-too-short":
    "A password needs at least 4 octets, a secret of high level security at least 8; give a longer one, or set `shortSecrets`.",
  "service-not-supported":
    "The service, or this form of it, was not negotiated; check the conformance of the association.",
  "short-name-server":
    "The server uses short names and the client logical names, or the other way round; set the other `referencing`.",
  "stray-block":
    "A block does not belong to a general block transfer in progress and was dropped; a lost block is requested again.",
  "transfer-aborted": "The other end aborted a general block transfer; repeat the request.",
  timeout:
    "No answer came in time. A GET has been repeated already; after a SET or ACTION, read the value back. If an answer was dropped, `cause` says why.",
  "too-many-requests": "The client has more requests open than the server allows; wait for answers.",
  "empty-block": "A block that is not the last one is empty; the server is at fault.",
  "unexpected-apdu": "An unexpected APDU was received and dropped.",
  "unexpected-response": "The answer belongs to another service than the request; the server is at fault.",
  "wrong-state": "The call is not possible in the current state of the association; the message names both states.",
} as const;

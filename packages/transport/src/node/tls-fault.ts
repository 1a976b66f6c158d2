import { Fault, type FaultCode } from "@dlmskit/core";
import { socketFault } from "./socket-fault.ts";

type Known = readonly [code: FaultCode<"transport">, what: string, hint: string];

const unknownIssuer: Known = [
  "unknown-issuer",
  "the peer's certificate is not from an authority that is trusted here",
  "give the root in `authorities`, and those between with the peer's certificate",
];
const missing: Known = [
  "certificate-missing",
  "the peer wants a certificate and got none",
  "both ends of DLMS over TLS show one",
];
const known: Readonly<Record<string, Known>> = {
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  SELF_SIGNED_CERT_IN_CHAIN: unknownIssuer,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownIssuer,
  CERT_SIGNATURE_FAILURE: ["bad-signature", "the peer's certificate is not signed by its issuer", "get it anew"],
  CERT_HAS_EXPIRED: ["expired", "the peer's certificate has expired", "renew it, or look at the clocks"],
  CERT_NOT_YET_VALID: ["not-yet-valid", "the peer's certificate is not valid yet", "look at the clocks"],
  CERT_REVOKED: ["revoked", "the peer's certificate was revoked", "it needs a new one"],
  UNABLE_TO_GET_CRL: [
    "revocation-unknown",
    "no list tells whether the peer's certificate was revoked",
    "one is needed of every authority",
  ],
  CRL_HAS_EXPIRED: ["revocation-unknown", "the revocation list is too old", "fetch the next one"],
  INVALID_PURPOSE: [
    "wrong-usage",
    "the peer's certificate is not for TLS",
    "it needs the extended key usage of its end",
  ],
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: [
    "certificate-missing",
    "the peer shows no certificate",
    "both ends of DLMS over TLS show one",
  ],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: missing,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: [
    "certificate-refused",
    "the peer refuses this end's certificate",
    "its log says why",
  ],
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: [
    "certificate-refused",
    "the peer does not trust the authority of this end's certificate",
    "give it the root",
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: ["not-tls", "the peer speaks no TLS", "is it a port without TLS?"],
  ERR_SSL_HTTP_REQUEST: ["not-tls", "the peer speaks HTTP", "is it the right port?"],
  ERR_SSL_UNSUPPORTED_PROTOCOL: ["tls-version", "the peer speaks an older TLS", "1.2 is the least"],
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: [
    "tls-version",
    "the peer wants another version of TLS",
    "1.2 is the least here",
  ],
  ERR_SSL_NO_SHARED_CIPHER: [
    "no-shared-cipher",
    "no cipher suite is known to both ends",
    "ECDHE-ECDSA with AES-GCM is usual",
  ],
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: [
    "bad-private-key",
    "the private key is not that of the certificate",
    "give the pair",
  ],
};

/** The Fault for an error of a TLS handshake or connection. No key is in it, whatever the library said. */
export function tlsFault(error: unknown, tried: string): Fault {
  if (error instanceof Fault) return error;
  const { code, reason } = (error ?? {}) as { readonly code?: unknown; readonly reason?: unknown };
  const name = typeof code === "string" ? code : "";
  const entry = Object.hasOwn(known, name) ? known[name] : undefined;
  if (entry !== undefined) {
    const [of, what, hint] = entry;
    return new Fault(of, `${tried}: ${what}`, { layer: "transport", hint, cause: error });
  }
  if (!name.startsWith("ERR_SSL") && !name.startsWith("ERR_OSSL") && !name.startsWith("ERR_TLS")) {
    return socketFault(error, tried);
  }
  const what = typeof reason === "string" ? reason : name;
  const hint = "the other end's log may say more";
  return new Fault("tls-failed", `${tried}: ${what}`, { layer: "transport", hint, cause: error });
}

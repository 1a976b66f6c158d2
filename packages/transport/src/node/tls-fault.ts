import { Fault, type FaultCode } from "@dlmskit/core";
import { socketFault } from "./socket-fault.ts";

type Known = readonly [code: FaultCode<"transport">, what: string, hint: string];

const unknownIssuer: Known = [
  "unknown-issuer",
  "the peer's certificate is not from a trusted authority",
  "give the root in `authorities`; the peer must send the intermediate certificates with its own",
];
const missing: Known = [
  "certificate-missing",
  "the peer requires a certificate, but none was sent",
  "both ends of DLMS over TLS need a certificate",
];
const known: Readonly<Record<string, Known>> = {
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  SELF_SIGNED_CERT_IN_CHAIN: unknownIssuer,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownIssuer,
  CERT_SIGNATURE_FAILURE: [
    "bad-signature",
    "the peer's certificate is not signed by its issuer",
    "get a new copy of the certificate",
  ],
  CERT_HAS_EXPIRED: ["expired", "the peer's certificate has expired", "renew it, or check the clocks"],
  CERT_NOT_YET_VALID: ["not-yet-valid", "the peer's certificate is not valid yet", "check the clocks"],
  CERT_REVOKED: ["revoked", "the peer's certificate was revoked", "the peer needs a new certificate"],
  UNABLE_TO_GET_CRL: [
    "revocation-unknown",
    "no revocation list shows whether the peer's certificate was revoked",
    "give a revocation list of every authority",
  ],
  CRL_HAS_EXPIRED: ["revocation-unknown", "the revocation list is too old", "fetch the next one"],
  INVALID_PURPOSE: [
    "wrong-usage",
    "the peer's certificate is not for TLS",
    "the certificate needs the extended key usage for a TLS server or client",
  ],
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: [
    "certificate-missing",
    "the peer sent no certificate",
    "both ends of DLMS over TLS need a certificate",
  ],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: missing,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: [
    "certificate-refused",
    "the peer refuses this end's certificate",
    "the peer's log may say why",
  ],
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: [
    "certificate-refused",
    "the peer does not trust the authority of this end's certificate",
    "add the root to the peer's trusted authorities",
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: ["not-tls", "the peer does not use TLS", "check that the port is one for TLS"],
  ERR_SSL_HTTP_REQUEST: ["not-tls", "the peer uses HTTP", "check the port"],
  ERR_SSL_UNSUPPORTED_PROTOCOL: ["tls-version", "the peer uses an older TLS version", "at least TLS 1.2 is needed"],
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: [
    "tls-version",
    "the peer requires another TLS version",
    "at least TLS 1.2 is needed",
  ],
  ERR_SSL_NO_SHARED_CIPHER: [
    "no-shared-cipher",
    "the ends have no cipher suite in common",
    "ECDHE-ECDSA with AES-GCM is usual",
  ],
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: [
    "bad-private-key",
    "the private key is not that of the certificate",
    "give a certificate and its private key",
  ],
};

/** The Fault for an error of a TLS handshake or connection. It never contains a key, even if the message of the library does. */
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
  const hint = "the peer's log may have more";
  return new Fault("tls-failed", `${tried}: ${what}`, { layer: "transport", hint, cause: error });
}

export { CertificateAuthority, type Validity } from "./certificates/authority.ts";
export {
  type Certificate,
  type CertificateUsage,
  certificatePem,
  describeCertificate,
  isSelfIssued,
  parseCertificate,
  usageOf,
} from "./certificates/certificate.ts";
export { CertifiedKeys } from "./certificates/certified-keys.ts";
export { type CheckOptions, checkCertificate } from "./certificates/chain.ts";
export type { ExtensionValues, KeyUsageName } from "./certificates/extensions.ts";
export { commonNameOf } from "./certificates/names.ts";
export { fromPem, type PemBlock, type PemLabel, toPem } from "./certificates/pem.ts";
export { parsePrivateKey, privateKeyDer, privateKeyPem } from "./certificates/private-key.ts";
export { type CertificateRequest, parseCertificateRequest, requestCertificate } from "./certificates/request.ts";
export {
  parseRevocationList,
  type Revocation,
  type RevocationCheck,
  type RevocationList,
  type RevocationStatus,
  revocationByLists,
} from "./certificates/revocation.ts";

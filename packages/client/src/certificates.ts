export {
  CertificateLifecycle,
  type CertificateLifecycleOptions,
  type FleetCheck,
  type HeldCertificate,
  type Holder,
  type ImportOptions,
} from "./certificates/lifecycle.ts";
export {
  type CertificateEntry,
  type CertificateSelector,
  MeterCertificates,
  type MeterCertificatesOptions,
  type SetupSession,
} from "./certificates/meter-certificates.ts";
export {
  type IssueCertificate,
  issueBy,
  type Renewal,
  type RenewalOutcome,
  renewCertificate,
  renewDue,
  type WantedCertificate,
} from "./certificates/renewal.ts";
export type { CertificateRow, CertificateStatus, CertificateTable, StoredCertificate } from "./certificates/table.ts";

import { sameOctets } from "@dlmskit/core";
import type { CryptoProvider } from "../provider.ts";
import { refusal } from "../refusal.ts";
import { securitySuite } from "../suites.ts";
import { type Certificate, type CertificateUsage, usageOf } from "./certificate.ts";
import type { KeyUsageName } from "./extensions.ts";
import { type RevocationCheck, signedBy } from "./revocation.ts";

export interface CheckOptions {
  readonly provider: CryptoProvider;
  readonly certificate: Certificate;
  /** The trusted root certificates. A person decided to trust them. */
  readonly anchors: readonly Certificate[];
  /** Intermediate authorities, in any order. */
  readonly authorities?: readonly Certificate[];
  /** The instant of the check, in ms since 1970, UTC. */
  readonly at: number;
  /** The security suite whose curve the key must have. */
  readonly suite?: number;
  readonly usage?: CertificateUsage | "authority";
  /** The system title that the subject must have. */
  readonly systemTitle?: Uint8Array;
  readonly revocation?: RevocationCheck;
  /** Refuses a certificate whose revocation status is unknown. */
  readonly requireStatus?: boolean;
}

/** No chain of a meter has more authorities. */
const mostAuthorities = 6;

/**
 * Checks a certificate and all certificates above it. Returns the chain from the certificate to the anchor. Faults: `wrong-curve`,
 * `wrong-usage`, `wrong-subject`, `expired`, `not-yet-valid`, `unknown-critical-extension`, `unknown-issuer`, `not-an-authority`,
 * `path-too-long`, `bad-signature`, `revoked`, `revocation-unknown`, `bad-public-key`.
 */
export function checkCertificate(options: CheckOptions): readonly Certificate[] {
  const { certificate, suite, usage, systemTitle } = options;
  if (suite !== undefined && certificate.curve !== securitySuite(suite).curve) {
    throw refusal(
      "wrong-curve",
      `the key is on ${certificate.curve}, which is not the curve of security suite ${suite}`,
    );
  }
  if (usage !== undefined) checkUsage(certificate, usage);
  if (
    systemTitle !== undefined &&
    (certificate.systemTitle === undefined || !sameOctets(certificate.systemTitle, systemTitle))
  ) {
    throw refusal(
      "wrong-subject",
      "the subject is not a system title",
      "the common name must be the system title as 16 hexadecimal digits",
    );
  }
  const chain = [certificate];
  for (;;) {
    const last = chain.at(-1) as Certificate;
    checkTime(last, options.at);
    const [unknown] = last.unknownCritical;
    if (unknown !== undefined)
      throw refusal("unknown-critical-extension", `the critical extension ${unknown} is not known`);
    if (options.anchors.some((anchor) => sameOctets(anchor.der, last.der))) return chain;
    if (chain.length > mostAuthorities) throw refusal("path-too-long", `more than ${mostAuthorities} authorities`);
    const issuer = issuerOf(last, options);
    checkAuthority(issuer, chain.length - 1);
    checkRevocation(last, issuer, options);
    chain.push(issuer);
  }
}

function checkUsage(certificate: Certificate, usage: CertificateUsage | "authority"): void {
  const found = certificate.authority === undefined ? usageOf(certificate) : "authority";
  if (found !== usage) throw refusal("wrong-usage", `the certificate is for ${found ?? "no DLMS usage"}, not ${usage}`);
}

function checkTime({ notBefore, notAfter, subjectName }: Certificate, at: number): void {
  if (at < notBefore) throw refusal("not-yet-valid", `the certificate of ${subjectName} is not valid yet`);
  // The last second is valid until its end.
  if (at >= notAfter + 1000) throw refusal("expired", `the certificate of ${subjectName} has expired`);
}

function checkAuthority(issuer: Certificate, below: number): void {
  const needed: KeyUsageName = "keyCertSign";
  if (issuer.authority === undefined || !issuer.keyUsage.includes(needed)) {
    throw refusal("not-an-authority", `${issuer.subjectName} may not issue certificates`);
  }
  const { pathLength } = issuer.authority;
  if (pathLength !== undefined && below > pathLength) {
    throw refusal("path-too-long", `${issuer.subjectName} may have at most ${pathLength} authorities below it`);
  }
}

function issuerOf(certificate: Certificate, options: CheckOptions): Certificate {
  const { authorityKeyIdentifier: wanted } = certificate;
  const named = [...options.anchors, ...(options.authorities ?? [])].filter(
    ({ subject, subjectKeyIdentifier: own }) =>
      sameOctets(subject, certificate.issuer) && (wanted === undefined || own === undefined || sameOctets(wanted, own)),
  );
  if (named.length === 0) {
    throw refusal(
      "unknown-issuer",
      `the certificate of the issuer ${certificate.issuerName} is missing`,
      "import the certificate of that authority",
    );
  }
  // A renewed authority has several certificates. Of those that signed, a valid one is used.
  const signers = named.filter((issuer) => signedBy(options.provider, certificate, issuer));
  const valid = signers.find(({ notBefore, notAfter }) => notBefore <= options.at && options.at < notAfter + 1000);
  const signer = valid ?? signers[0];
  if (signer === undefined) {
    throw refusal("bad-signature", `the certificate of ${certificate.subjectName} is not signed by its issuer`);
  }
  return signer;
}

function checkRevocation(certificate: Certificate, issuer: Certificate, options: CheckOptions): void {
  const status = options.revocation?.(certificate, issuer, options.at) ?? "unknown";
  if (status === "revoked") throw refusal("revoked", `the certificate of ${certificate.subjectName} was revoked`);
  if (status === "unknown" && options.requireStatus) {
    throw refusal(
      "revocation-unknown",
      `no revocation list shows whether the certificate of ${certificate.subjectName} was revoked`,
    );
  }
}

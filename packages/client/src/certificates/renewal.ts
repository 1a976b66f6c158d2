import { DataAccessResult } from "@dlmskit/apdu";
import { Fault, type FaultCode, sameOctets } from "@dlmskit/core";
import {
  type Certificate,
  type CertificateAuthority,
  type CertificateRequest,
  type CertificateUsage,
  usageOf,
} from "@dlmskit/security/certificates";
import type { CertificateLifecycle, HeldCertificate } from "./lifecycle.ts";
import { MeterCertificates, type SetupSession } from "./meter-certificates.ts";
import { rowOf, sameUse } from "./table.ts";

/** The certificate that an authority must issue. */
export interface WantedCertificate {
  /** The meter's request; its signature and its subject were verified. */
  readonly request: CertificateRequest;
  readonly systemTitle: Uint8Array;
  readonly usage: CertificateUsage;
  /** The certificate that expires. */
  readonly replaces: Certificate;
}

/** An authority that issues certificates, in this process or in another. */
export type IssueCertificate = (wanted: WantedCertificate) => Certificate | Promise<Certificate>;

/** Issues with an authority in this process, valid from `notBefore` until `notAfter` (ms since 1970 UTC). */
export function issueBy(
  authority: CertificateAuthority,
  validity: { readonly notBefore: number; readonly notAfter: number },
): IssueCertificate {
  return ({ request, systemTitle, usage }) =>
    authority.issue({ ...validity, systemTitle, usage, curve: request.curve, publicKey: request.publicKey });
}

export interface Renewal {
  readonly lifecycle: CertificateLifecycle;
  readonly issue: IssueCertificate;
  /** The time of the renewal, ms since 1970 UTC. */
  readonly at: number;
}

/**
 * Renews a meter's certificate: generates a new key pair in the meter, gets its request, issues a certificate, imports it, and
 * verifies that the meter has it. Only then the old certificate becomes `REPLACED`. An earlier renewal that was interrupted is
 * completed: a certificate that the meter has is accepted, one that it refuses is removed. Returns the new certificate. Faults:
 * `not-renewable` (not that of a meter), `wrong-subject`, `wrong-curve`, `wrong-public-key`, `not-a-renewal` (it does not expire
 * later), `not-confirmed`, and those of `MeterCertificates` and `checkCertificate`.
 */
export async function renewCertificate(
  old: HeldCertificate,
  meter: MeterCertificates,
  renewal: Renewal,
): Promise<HeldCertificate> {
  const { lifecycle, issue, at } = renewal;
  const { certificate: replaces, row } = old;
  const usage = usageOf(replaces);
  const { systemTitle } = replaces;
  if (row.certificateType !== "DEVICE" || usage === undefined || systemTitle === undefined) {
    throw refused("not-renewable", "only a certificate whose key is in the meter can be renewed through the meter");
  }
  const resumed = await resume(old, meter, renewal);
  if (resumed !== undefined) return resumed;

  await meter.generateKeyPair(usage);
  const request = await meter.request(usage);
  if (request.systemTitle === undefined || !sameOctets(request.systemTitle, systemTitle)) {
    throw refused("wrong-subject", `the request is for ${request.subjectName}, not for this meter`);
  }
  if (request.curve !== replaces.curve) {
    throw refused("wrong-curve", `the request is for a key on ${request.curve}, not on ${replaces.curve}`);
  }
  const certificate = await issue({ request, systemTitle, usage, replaces });
  if (certificate.curve !== request.curve || !sameOctets(certificate.publicKey, request.publicKey)) {
    throw refused("wrong-public-key", "the certificate is not for the key of the request");
  }
  if (certificate.notAfter <= replaces.notAfter) {
    throw refused("not-a-renewal", "the new certificate ends no later than the old one");
  }
  await lifecycle.check(certificate, { at, usage, systemTitle });
  // Stored before the import: after a crash, the row shows which certificate was issued.
  const id = await lifecycle.table.add(rowOf(certificate, row, "PENDING"));
  const pending = await lifecycle.get(id);
  await forgetIfRefused(pending, renewal, () => meter.import(certificate));
  return finish(old, pending, meter, renewal);
}

/** Completes an interrupted renewal. Undefined if there is none, or if the meter accepts none of its certificates. */
async function resume(
  old: HeldCertificate,
  meter: MeterCertificates,
  renewal: Renewal,
): Promise<HeldCertificate | undefined> {
  const { lifecycle, at } = renewal;
  const begun = (await lifecycle.held()).filter((one) => one.row.status === "PENDING" && sameUse(one, old));
  for (const pending of begun.reverse()) {
    try {
      await lifecycle.check(pending.certificate, { at });
      if (!(await has(meter, pending.certificate))) await meter.import(pending.certificate);
    } catch (caught) {
      if (isDoubtful(caught)) throw caught;
      await lifecycle.table.remove(pending.id);
      continue;
    }
    return finish(old, pending, meter, renewal);
  }
  return undefined;
}

async function finish(
  old: HeldCertificate,
  pending: HeldCertificate,
  meter: MeterCertificates,
  { lifecycle }: Renewal,
): Promise<HeldCertificate> {
  if (!(await has(meter, pending.certificate))) {
    throw refused("not-confirmed", "the meter accepted the certificate but does not list it");
  }
  await lifecycle.setStatus(pending.row, "VALID");
  // The certificate may have been revoked in the meantime: this status is kept.
  const before = await lifecycle.table.get(old.id);
  if (before !== undefined && before.status !== "REVOKED") await lifecycle.setStatus(before, "REPLACED");
  return lifecycle.get(pending.id);
}

async function has(meter: MeterCertificates, certificate: Certificate): Promise<boolean> {
  try {
    return sameOctets((await meter.export(certificate)).der, certificate.der);
  } catch (caught) {
    if (isDoubtful(caught)) throw caught;
  }
  // The meter does not have it, or this client may not export it.
  try {
    const { serialNumber, issuer } = certificate;
    const entries = await meter.list();
    return entries.some((one) => sameOctets(one.serialNumber, serialNumber) && sameOctets(one.issuer, issuer));
  } catch (caught) {
    if (isDoubtful(caught)) throw caught;
    return false;
  }
}

async function forgetIfRefused(
  pending: HeldCertificate,
  { lifecycle }: Renewal,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (caught) {
    if (!isDoubtful(caught)) await lifecycle.table.remove(pending.id);
    throw caught;
  }
}

/** Whether the meter may have executed the call: true except for a refusal of the meter or of a check here. */
function isDoubtful(caught: unknown): boolean {
  if (!(caught instanceof Fault)) return true;
  return caught.layer !== "security" && !(caught.layer === "client" && Object.hasOwn(DataAccessResult, caught.code));
}

/** The result of one renewal. */
export type RenewalOutcome =
  | { readonly old: HeldCertificate; readonly renewed: HeldCertificate }
  | { readonly old: HeldCertificate; readonly fault: Fault };

/**
 * Renews the certificates of all meters that are due, one after the other. `open` opens an association with the holder's meter that
 * may use the Security setup to which it refers; the association is released afterwards. A failed renewal stays due, and the others
 * continue.
 */
export async function renewDue(
  renewal: Renewal & {
    readonly within: number;
    open(due: HeldCertificate): Promise<SetupSession & AsyncDisposable>;
  },
): Promise<readonly RenewalOutcome[]> {
  const { lifecycle, at, within } = renewal;
  const outcomes: RenewalOutcome[] = [];
  for (const old of await lifecycle.due({ at, within })) {
    if (old.row.certificateType !== "DEVICE") continue;
    try {
      await using session = await renewal.open(old);
      const meter = await MeterCertificates.of(session, lifecycle.provider);
      outcomes.push({ old, renewed: await renewCertificate(old, meter, renewal) });
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      outcomes.push({ old, fault: caught });
    }
  }
  return outcomes;
}

function refused(code: FaultCode<"client">, message: string): Fault {
  return new Fault(code, message, { layer: "client" });
}

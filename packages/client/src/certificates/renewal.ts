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

/** What an authority is asked for. */
export interface WantedCertificate {
  /** The meter's request, its signature verified, its subject compared. */
  readonly request: CertificateRequest;
  readonly systemTitle: Uint8Array;
  readonly usage: CertificateUsage;
  /** The certificate that ends. */
  readonly replaces: Certificate;
}

/** An authority that issues certificates: of this process, or of another one. */
export type IssueCertificate = (wanted: WantedCertificate) => Certificate | Promise<Certificate>;

/** Issues by an authority of this process, valid from `notBefore` until `notAfter` (ms since 1970, UTC). */
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
  /** The instant that counts, in ms since 1970, UTC. */
  readonly at: number;
}

/**
 * Renews a meter's certificate: a new key pair in the meter, its request, a certificate, its import, and the proof that the
 * meter has it. The old one is `REPLACED` only then. What was begun before and was interrupted is brought to its end: what the meter
 * has is taken over, what it refuses is forgotten. Gives the new certificate. Faults: `not-renewable` (not a
 * meter's), `wrong-subject`, `wrong-curve`, `wrong-public-key`, `not-a-renewal` (it does not end later), `not-confirmed`, and those
 * of `MeterCertificates` and `checkCertificate`.
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
  // Noted before the meter has it: a crash from here on leaves a trace of what was issued.
  const id = await lifecycle.table.add(rowOf(certificate, row, "PENDING"));
  const pending = await lifecycle.get(id);
  await forgetIfRefused(pending, renewal, () => meter.import(certificate));
  return finish(old, pending, meter, renewal);
}

/** Brings to an end what was interrupted. Undefined where there is nothing, or nothing that the meter wants. */
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
  // Somebody may have revoked it meanwhile: that stays.
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
  // It has none, or this client may not export any.
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

/** Whether the meter may have done it all the same: anything but its own refusal, or one of the check here. */
function isDoubtful(caught: unknown): boolean {
  if (!(caught instanceof Fault)) return true;
  return caught.layer !== "security" && !(caught.layer === "client" && Object.hasOwn(DataAccessResult, caught.code));
}

/** The result of one renewal. */
export type RenewalOutcome =
  | { readonly old: HeldCertificate; readonly renewed: HeldCertificate }
  | { readonly old: HeldCertificate; readonly fault: Fault };

/**
 * Renews all meters' certificates that are due, one after the other. `open` opens an association with the holder's meter that
 * may use the Security setup it refers to; it is released afterwards. What fails stays due, and the others go on.
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

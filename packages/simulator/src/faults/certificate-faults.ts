import { type DataLike, dataOf, fromData } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import {
  after,
  attempt,
  CertificateByEntity,
  CertificateBySerial,
  CertificateEntity,
  CertificateIdentification,
  CertificateType,
  refusalOf,
  SecuritySetup1,
} from "@dlmskit/cosem-objects";
import { type Curve, newKeyPair } from "@dlmskit/security";
import { type Certificate, CertificateAuthority, type CertificateUsage } from "@dlmskit/security/certificates";
import { type Call, Meter, type Outcome } from "@dlmskit/server";
import { z } from "zod";
import { type Acting, kind } from "./fault-kind.ts";

const { attributes, methods } = SecuritySetup1;
const dayMs = 86_400_000;
const lifeMs = 10 * 365 * dayMs;
const none = new Uint8Array(0);

const parameters = z.strictObject({
  /** How long ago the certificate ended when it is used for the first time. */
  days: z.number().positive().default(30),
  usage: z.enum(["digital-signature", "key-agreement", "tls"]).default("digital-signature"),
  curve: z.enum(["P-256", "P-384"]).default("P-256"),
});
type Parameters = z.output<typeof parameters>;

/** A certificate that a meter shows, and the numbers of its entity and its usage in attribute 6 (Blue Book 4.4.7). */
interface Shown {
  readonly certificate: Certificate;
  readonly entity: number;
  readonly type: number;
}

interface Made {
  readonly shown: readonly Shown[];
  readonly ended: number;
}

const made = new WeakMap<Acting, Made>();

const seededRandom =
  ({ random }: Acting) =>
  (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, () => Math.floor(random() * 0x100));

/** The expired certificate of a meter and that of the authority that issued it, whose own certificate is still valid. */
function issue(call: Call, { days, usage, curve }: Parameters, one: Acting): Made {
  const { provider, fleet, index } = one;
  const { meter } = call;
  const ended = Math.floor((meter.now - days * dayMs) / 1000) * 1000;
  const random = seededRandom(one);
  const authority = CertificateAuthority.root({
    ...{ provider, random, curve: curve as Curve, name: `Authority of ${fleet.serial(index)}` },
    ...{ notBefore: ended - lifeMs, notAfter: ended + lifeMs },
  });
  const certificate = authority.issue({
    systemTitle: meter instanceof Meter ? meter.systemTitle : fleet.systemTitle(index),
    ...{ usage: usage as CertificateUsage, curve: curve as Curve, notBefore: ended - lifeMs / 10, notAfter: ended },
    publicKey: newKeyPair(provider, curve, random).publicKey,
  });
  return {
    ended,
    shown: [
      {
        certificate: authority.certificate,
        entity: CertificateEntity["certification-authority"],
        type: CertificateType.other,
      },
      { certificate, entity: CertificateEntity.server, type: CertificateType[usage] },
    ],
  };
}

function shownBy(call: Call, given: Parameters, one: Acting): readonly Shown[] {
  let found = made.get(one);
  // The time of day may have been set back.
  if (found === undefined || call.meter.now <= found.ended) {
    found = issue(call, given, one);
    made.set(one, found);
  }
  return found.shown;
}

const isExport = (call: Call): call is Extract<Call, { do: "invoke" }> =>
  call.do === "invoke" && call.index === methods.exportCertificate.id;

const listed = ({ certificate: { serialNumber, issuer, subject }, entity, type }: Shown) => ({
  ...{ certificateEntity: entity, certificateType: type, serialNumber, issuer, subject, subjectAltName: none },
});

function selected(argument: DataLike | undefined, shown: readonly Shown[]): Shown | undefined {
  if (argument === undefined) return undefined;
  try {
    const { identificationType, options } = fromData(CertificateIdentification, argument);
    if (identificationType === 0) {
      const { certificateEntity: entity, certificateType: type } = fromData(CertificateByEntity, options);
      return shown.find((each) => each.entity === entity && each.type === type);
    }
    const { serialNumber } = fromData(CertificateBySerial, options);
    return shown.find(({ certificate }) => sameOctets(certificate.serialNumber, serialNumber));
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

function refused(error: unknown): Outcome {
  const code = refusalOf(error);
  if (code === undefined) throw error;
  return { error: code };
}

/** Faults of the certificates that a meter shows by its Security setup, version 1. */
export const certificateFaults = {
  "expired-certificate": kind({
    what: "shows a certificate for `usage` that ended `days` days ago, and that of its authority, at each Security setup of version 1",
    parameters,
    call(call, next, given, one) {
      const { object } = call;
      if (object?.spec.classId !== SecuritySetup1.classId || object.spec.version !== 1) return undefined;
      const lists = call.do === "read" && call.index === attributes.certificates.id;
      if (!lists && !isExport(call)) return undefined;
      return after(attempt(next, refused), (outcome): Outcome => {
        // Clients without the right still have none.
        if (outcome.error === "read-write-denied") return outcome;
        const shown = shownBy(call, given, one);
        if (!isExport(call)) {
          one.acted();
          return { data: dataOf(attributes.certificates.type, shown.map(listed)) };
        }
        const found = selected(call.argument, shown);
        if (found === undefined) return outcome;
        one.acted();
        return { data: { type: "octet-string", value: found.certificate.der } };
      });
    },
  }),
};

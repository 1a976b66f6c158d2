import { dataOf, fromData, T } from "@dlmskit/apdu";
import { type Codec, Fault, type LogicalName, logicalName, type Of } from "@dlmskit/core";
import {
  CertificateByEntity,
  CertificateBySerial,
  CertificateEntity,
  type CertificateIdentification,
  CertificateType,
  SecuritySetup1,
} from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble } from "@dlmskit/security";
import {
  type Certificate,
  type CertificateRequest,
  type CertificateUsage,
  parseCertificate,
  parseCertificateRequest,
} from "@dlmskit/security/certificates";
import type { Session } from "../session.ts";

/** The methods of a Session that are used here. */
export type SetupSession = Pick<Session, "read" | "invoke">;

/** Selects a certificate of a meter: by holder and use, or by serial number and issuer (as in a Certificate). */
export type CertificateSelector =
  | {
      readonly entity: keyof typeof CertificateEntity;
      readonly usage: keyof typeof CertificateType;
      readonly systemTitle: Uint8Array;
    }
  | Pick<Certificate, "serialNumber" | "issuer">;

/** A certificate in attribute 6. */
export interface CertificateEntry {
  readonly entity: keyof typeof CertificateEntity | number;
  readonly usage: keyof typeof CertificateType | number;
  readonly serialNumber: Uint8Array;
  /** Names in DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly subjectAltName: Uint8Array;
}

export interface MeterCertificatesOptions {
  readonly session: SetupSession;
  /** The Security setup. */
  readonly instanceId: LogicalName;
  /** Verifies the signature of certificate requests; `noble` by default. */
  readonly provider?: CryptoProvider;
}

const { attributes, methods } = SecuritySetup1;

/**
 * The certificates of a meter: methods 4 to 8 of its Security setup (class 64, version 1; Blue Book 4.4.7), called through an
 * association. All calls have the Faults of `Session.invoke` (the result of the meter, `timeout`, …).
 */
export class MeterCertificates {
  readonly instanceId: LogicalName;
  readonly #session: SetupSession;
  readonly #provider: CryptoProvider;

  constructor({ session, instanceId, provider = noble }: MeterCertificatesOptions) {
    this.instanceId = logicalName(instanceId);
    this.#session = session;
    this.#provider = provider;
  }

  /** The Security setup that the session's own association refers to (Association LN, attribute 9). Fault `no-security-setup`. */
  static async of(session: SetupSession, provider: CryptoProvider = noble): Promise<MeterCertificates> {
    const reference = { classId: 15, instanceId: "0.0.40.0.0.255", attributeId: 9 };
    const instanceId = await session.read(reference, T.logicalName);
    if (instanceId === "0.0.0.0.0.0") {
      throw new Fault("no-security-setup", "the association refers to no Security setup", {
        layer: "client",
        hint: "open a ciphered association, or name the Security setup",
      });
    }
    return new MeterCertificates({ session, instanceId, provider });
  }

  /** Makes the meter generate a new key pair. The current key pair stays in use until the certificate of the new key is imported. */
  async generateKeyPair(usage: CertificateUsage): Promise<void> {
    await this.#invoke(methods.generateKeyPair, CertificateType[usage]);
  }

  /**
   * The meter's certificate request; its signature is verified. Faults `no-answer`, `bad-certificate-request`, `wrong-curve`,
   * `bad-public-key`, `bad-signature`.
   */
  async request(usage: CertificateUsage): Promise<CertificateRequest> {
    const octets = await this.#invoke(methods.generateCertificateRequest, CertificateType[usage]);
    return parseCertificateRequest(this.#provider, answered(octets));
  }

  /** Imports a certificate into the meter: its own, that of a client, or that of an authority. The meter decides whether it accepts it. */
  async import(certificate: Certificate): Promise<void> {
    await this.#invoke(methods.importCertificate, certificate.der);
  }

  /** A certificate that the meter has. Faults `no-answer`, and those of `parseCertificate`. */
  async export(which: CertificateSelector): Promise<Certificate> {
    return parseCertificate(answered(await this.#invoke(methods.exportCertificate, identified(which))));
  }

  /** Removes a certificate from the meter. */
  async remove(which: CertificateSelector): Promise<void> {
    await this.#invoke(methods.removeCertificate, identified(which));
  }

  /** The certificates that the meter lists. Faults as for `Session.read`. */
  async list(): Promise<readonly CertificateEntry[]> {
    const { id: attributeId, type } = attributes.certificates;
    const entries = await this.#session.read({ classId: 64, instanceId: this.instanceId, attributeId }, type);
    return entries.map(({ certificateEntity, certificateType, ...names }) => ({
      entity: nameIn(CertificateEntity, certificateEntity),
      usage: nameIn(CertificateType, certificateType),
      ...names,
    }));
  }

  async #invoke<A extends Codec<unknown>>(
    method: { readonly id: number; readonly argument: A; readonly result?: Codec<Uint8Array> },
    argument: Of<A>,
  ): Promise<Uint8Array | undefined> {
    const reference = { classId: 64, instanceId: this.instanceId, methodId: method.id };
    const data = await this.#session.invoke(reference, dataOf(method.argument, argument));
    return method.result === undefined || data === undefined ? undefined : fromData(method.result, data);
  }
}

function identified(which: CertificateSelector): CertificateIdentification {
  if ("serialNumber" in which) {
    const { serialNumber, issuer } = which;
    return { identificationType: 1, options: tree(CertificateBySerial, { serialNumber, issuer }) };
  }
  const { entity, usage, systemTitle } = which;
  const by = {
    certificateEntity: CertificateEntity[entity],
    certificateType: CertificateType[usage],
    systemTitle,
  };
  return { identificationType: 0, options: tree(CertificateByEntity, by) };
}

function tree<V>(codec: Codec<V>, value: V): Of<typeof T.any> {
  return fromData(T.any, dataOf(codec, value));
}

function nameIn<N extends Readonly<Record<string, number>>>(names: N, value: number): (keyof N & string) | number {
  return Object.keys(names).find((name) => names[name] === value) ?? value;
}

function answered(octets: Uint8Array | undefined): Uint8Array {
  if (octets !== undefined) return octets;
  throw new Fault("no-answer", "the meter reports success, but returns no data", { layer: "client" });
}

import { Fault, type FaultCode, sameOctets, toHex } from "@dlmskit/core";
import { type CryptoProvider, noble } from "@dlmskit/security";
import {
  type Certificate,
  type CertificateUsage,
  CertifiedKeys,
  type CheckOptions,
  certificatePem,
  checkCertificate,
  isSelfIssued,
  parseCertificate,
  parseRevocationList,
  revocationByLists,
} from "@dlmskit/security/certificates";
import {
  type CertificateRow,
  type CertificateStatus,
  type CertificateTable,
  type HeldCertificate,
  heldOf,
  holderOf,
  inForce,
  rowOf,
  type StoredCertificate,
  sameUse,
} from "./table.ts";

export type { HeldCertificate } from "./table.ts";

/** The holder of a certificate. */
export type Holder =
  | {
      readonly type: "DEVICE" | "CLIENT";
      /** The id of the row in meters, or the client's SAP. */
      readonly id: number;
      readonly systemTitle: Uint8Array;
      readonly usage: CertificateUsage;
    }
  | { readonly type: "AUTHORITY" };

export interface ImportOptions {
  readonly holder: Holder;
  /** The time for which the certificate is checked, ms since 1970 UTC. */
  readonly at: number;
  /** The security suite that determines the curve of the key. */
  readonly suite?: number;
}

/** What a certificate is checked for; the trusted roots and the revoked certificates are in the table. */
export type FleetCheck = Omit<CheckOptions, "provider" | "certificate" | "anchors" | "authorities">;

export interface CertificateLifecycleOptions {
  readonly table: CertificateTable;
  /** `noble` by default. */
  readonly provider?: CryptoProvider;
  /** Called for rows whose certificate cannot be read. These rows are not changed and not used. */
  unreadable?(id: number, fault: Fault): void;
}

/**
 * The certificates of a fleet from import to revocation: trusted roots, holders, expiry and revocation. A refused call changes
 * nothing. Rows that belong to a meter's own Security setup (`meterId`) are ignored.
 */
export class CertificateLifecycle {
  readonly provider: CryptoProvider;
  readonly table: CertificateTable;
  readonly #unreadable: (id: number, fault: Fault) => void;

  constructor(options: CertificateLifecycleOptions) {
    const { table, provider = noble } = options;
    this.provider = provider;
    this.table = table;
    this.#unreadable = (id, fault) => options.unreadable?.(id, fault);
  }

  /**
   * Trusts a root certificate, DER or PEM, from now on; the decision is that of a person. Returns its id. Faults: `not-a-root` (not
   * signed by itself), `not-an-authority`, `duplicate`, and those of `parseCertificate` and `checkCertificate`.
   */
  async trust(file: Uint8Array, at: number): Promise<number> {
    const certificate = parseCertificate(file);
    checkCertificate({ provider: this.provider, certificate, anchors: [certificate], at, usage: "authority" });
    if (!isSelfIssued(certificate) || !this.#signedBy(certificate, certificate)) {
      throw refused("not-a-root", `the certificate of ${certificate.subjectName} is not self-signed`);
    }
    if (!certificate.keyUsage.includes("keyCertSign")) {
      throw refused("not-an-authority", `${certificate.subjectName} may not issue certificates`);
    }
    return this.#add(certificate, { certificateType: "AUTHORITY", entityId: 0 }, await this.held());
  }

  /**
   * Imports a certificate, DER or PEM, after checking it and its chain. Returns its id. Faults: `duplicate`, and those of
   * `parseCertificate` and `checkCertificate` (`expired`, `wrong-curve`, `wrong-usage`, `wrong-subject`, `unknown-issuer`, `revoked`,
   * `bad-signature` …).
   */
  async import(file: Uint8Array, { holder, at, suite }: ImportOptions): Promise<number> {
    const certificate = parseCertificate(file);
    const held = await this.held();
    const wanted =
      holder.type === "AUTHORITY"
        ? { usage: "authority" as const }
        : { usage: holder.usage, systemTitle: holder.systemTitle };
    this.#check(certificate, held, { ...wanted, at, ...(suite !== undefined && { suite }) });
    const entityId = holder.type === "AUTHORITY" ? 0 : holder.id;
    return this.#add(certificate, { certificateType: holder.type, entityId }, held);
  }

  /** The certificate of a row. Faults `unknown-certificate`, `bad-certificate`. */
  async export(id: number): Promise<{ readonly der: Uint8Array; readonly pem: string }> {
    const { certificate } = await this.get(id);
    return { der: certificate.der, pem: certificatePem(certificate) };
  }

  /** The certificate of a row and the row. Faults `unknown-certificate`, `bad-certificate`. */
  async get(id: number): Promise<HeldCertificate> {
    const row = await this.table.get(id);
    if (row === undefined || row.meterId !== undefined) {
      throw refused("unknown-certificate", `the records have no certificate ${id}`);
    }
    return heldOf(row);
  }

  /** All certificates of the fleet that can be read, in the order of the table. */
  async held(): Promise<readonly HeldCertificate[]> {
    return this.#readable((await this.table.list()).filter(({ meterId }) => meterId === undefined));
  }

  /**
   * The certificates that must be renewed: those in force that expire within `within` ms of `at` or have expired, if there is no later
   * certificate with the same holder and use. They are sorted by expiry, the earliest first. `meters` includes the certificates in
   * meters' own rows.
   */
  async due(asked: {
    readonly at: number;
    readonly within: number;
    readonly meters?: boolean;
  }): Promise<readonly HeldCertificate[]> {
    const { at, within, meters = false } = asked;
    const rows = (await this.table.list()).filter((row) => (meters || row.meterId === undefined) && inForce(row));
    const soon = rows.filter(({ validUntil }) => validUntil - within <= at);
    // Only the rows of holders with an expiring certificate are decoded: in a large fleet these are few.
    const byHolder = new Map(soon.map((row): [string, HeldCertificate[]] => [holderOf(row), []]));
    const others = this.#readable(rows.filter((row) => byHolder.has(holderOf(row))));
    for (const one of others) byHolder.get(holderOf(one.row))?.push(one);
    const ids = new Set(soon.map(({ id }) => id));
    return others
      .filter((one) => {
        const { notAfter } = one.certificate;
        const later = byHolder.get(holderOf(one.row))?.filter((other) => other.certificate.notAfter > notAfter);
        return ids.has(one.id) && !later?.some((other) => sameUse(one, other));
      })
      .sort((one, other) => one.certificate.notAfter - other.certificate.notAfter);
  }

  /**
   * Checks a certificate against the trusted roots and the revoked certificates of this table; returns its chain. Faults of
   * `checkCertificate`.
   */
  async check(certificate: Certificate, options: FleetCheck): Promise<readonly Certificate[]> {
    return this.#check(certificate, await this.held(), options);
  }

  /**
   * Marks a certificate as revoked; certificates that it issued are then refused. False if it was revoked before. Fault
   * `unknown-certificate`.
   */
  async revoke(id: number): Promise<boolean> {
    const { row } = await this.get(id);
    return this.setStatus(row, "REVOKED");
  }

  /**
   * Marks all certificates of a revocation list, DER or PEM, as revoked. Returns the ids of those that were not revoked before. Faults
   * `unknown-issuer`, `bad-signature`, `not-yet-valid`, and those of `parseRevocationList`.
   */
  async applyRevocationList(file: Uint8Array, at: number): Promise<readonly number[]> {
    const list = parseRevocationList(file);
    const held = await this.held();
    const named = held.filter(
      ({ row, certificate }) => row.certificateType === "AUTHORITY" && sameOctets(certificate.subject, list.issuer),
    );
    if (named.length === 0) throw refused("unknown-issuer", "the certificate of the list's authority is missing");
    const issuers = named.filter(
      ({ row, certificate }) => inForce(row) && this.#signedBy(list, certificate) && maySignLists(certificate),
    );
    if (issuers.length === 0) throw refused("bad-signature", "the list is not signed by its authority");
    if (list.thisUpdate > at) throw refused("not-yet-valid", "the revocation list is not valid yet");
    const statusOf = revocationByLists(this.provider, [list]);
    const revoked: number[] = [];
    for (const { id, row, certificate } of held) {
      if (!issuers.some((issuer) => this.#issued(issuer.certificate, certificate))) continue;
      const status = issuers.map((issuer) => statusOf(certificate, issuer.certificate, at));
      if (status.includes("revoked") && (await this.setStatus(row, "REVOKED"))) revoked.push(id);
    }
    return revoked;
  }

  /**
   * The public keys of all holders of a certificate in force, in the form that associations and general protection need. Certificates
   * that are refused at `now()` are omitted; certificates that expire later give no key after their expiry.
   */
  async certifiedKeys(now: () => number): Promise<CertifiedKeys> {
    const held = await this.held();
    const keys = new CertifiedKeys(now);
    for (const { row, certificate } of held) {
      if (row.certificateType === "AUTHORITY" || !inForce(row)) continue;
      try {
        this.#check(certificate, held, { at: now() });
        keys.add(certificate);
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
      }
    }
    return keys;
  }

  /** Sets the status of a row that still exists; returns whether the status changed. */
  async setStatus(row: StoredCertificate, status: CertificateStatus): Promise<boolean> {
    return row.status !== status && this.table.replace(row.id, { ...row, status });
  }

  #add(
    certificate: Certificate,
    holder: Pick<CertificateRow, "certificateType" | "entityId">,
    held: readonly HeldCertificate[],
  ): Promise<number> {
    if (held.some((other) => sameOctets(other.certificate.der, certificate.der))) {
      throw refused("duplicate", `the records already have the certificate of ${certificate.subjectName}`);
    }
    return this.table.add(rowOf(certificate, holder, "VALID"));
  }

  #check(certificate: Certificate, held: readonly HeldCertificate[], options: FleetCheck): readonly Certificate[] {
    const authorities = held
      .filter(({ row }) => row.certificateType === "AUTHORITY" && inForce(row))
      .map((one) => one.certificate);
    const revoked = new Set(
      held.filter(({ row }) => row.status === "REVOKED").map((one) => toHex(one.certificate.der)),
    );
    // This check is separate: the chain checks certificates that have an issuer, and a root has no issuer other than itself.
    if (revoked.has(toHex(certificate.der))) {
      const what = `the certificate of ${certificate.subjectName} was revoked`;
      throw new Fault("revoked", what, { layer: "security" });
    }
    return checkCertificate({
      ...options,
      provider: this.provider,
      certificate,
      anchors: authorities.filter(isSelfIssued),
      authorities: authorities.filter((one) => !isSelfIssued(one)),
      revocation: (one, issuer, at) => {
        if (revoked.has(toHex(one.der))) return "revoked";
        return options.revocation?.(one, issuer, at) ?? "good";
      },
    });
  }

  #readable(rows: readonly StoredCertificate[]): readonly HeldCertificate[] {
    const held: HeldCertificate[] = [];
    for (const row of rows) {
      try {
        held.push(heldOf(row));
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
        this.#unreadable(row.id, caught);
      }
    }
    return held;
  }

  #issued(issuer: Certificate, certificate: Certificate): boolean {
    return sameOctets(issuer.subject, certificate.issuer) && this.#signedBy(certificate, issuer);
  }

  #signedBy(what: Pick<Certificate, "signed" | "signature" | "signatureCurve">, issuer: Certificate): boolean {
    const { curve, publicKey } = issuer;
    return what.signatureCurve === curve && this.provider.ecdsaVerify(curve, publicKey, what.signed, what.signature);
  }
}

function maySignLists({ keyUsage }: Certificate): boolean {
  return keyUsage.includes("cRLSign");
}

function refused(code: FaultCode<"client">, message: string): Fault {
  return new Fault(code, message, { layer: "client" });
}

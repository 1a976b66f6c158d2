import { CertificateLifecycle, type CertificateRow, type HeldCertificate } from "@dlmskit/client/certificates";
import { usageOf } from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import { io } from "../io.ts";
import { jsonText } from "../output/json.ts";
import { Progress, type ProgressOptions } from "../output/progress.ts";
import { table } from "../output/table.ts";
import { openStoreOf } from "../store.ts";
import { AuthorityFolder } from "./authority-folder.ts";
import { serialText } from "./issue.ts";
import { day, missing, nowInSeconds } from "./options.ts";
import { iso } from "./show.ts";

export interface ExpiringOptions extends ProgressOptions {
  readonly within: number;
  readonly ca?: string;
  readonly store?: string;
  readonly at?: number;
  readonly json?: boolean;
}

/** The certificates of an authority's folder, as rows of a store. */
async function storeOf(path: string): Promise<Store> {
  const folder = new AuthorityFolder(path);
  const revoked = new Set(folder.lists().flatMap((list) => list.revoked.map((one) => serialText(one))));
  const rows = [folder.certificate("root"), folder.certificate("sub"), ...folder.issued()].map(
    (certificate): CertificateRow => ({
      certificateType: certificate.authority === undefined ? "DEVICE" : "AUTHORITY",
      entityId: 0,
      certificateData: certificate.der,
      validFrom: certificate.notBefore,
      validUntil: certificate.notAfter,
      status: revoked.has(serialText(certificate)) ? "REVOKED" : "VALID",
    }),
  );
  const store = await openMemoryStore();
  await store.certificates.addAll(rows);
  return store;
}

function document({ row, certificate }: HeldCertificate, at: number) {
  const { meterId } = row;
  return {
    subject: certificate.subjectName,
    usage: usageOf(certificate) ?? "authority",
    serialNumber: serialText(certificate),
    notAfter: iso(certificate.notAfter),
    days: Math.floor((certificate.notAfter - at) / day),
    ...(meterId === undefined ? {} : { meter: meterId }),
  };
}

/** Lists certificates that have expired or expire soon and have no successor. */
export async function expiring(options: ExpiringOptions): Promise<void> {
  const { within, ca, at = nowInSeconds(), json } = options;
  if ((ca === undefined) === (options.store === undefined)) {
    throw missing("exactly one of --ca and --store is needed", "--ca DIR or --store STORE");
  }
  using progress = new Progress(options, "reading the certificates");
  const say = (message: string): void => {
    progress.clear();
    io().stderr.write(`${message}\n`);
  };
  await using store = ca === undefined ? await openStoreOf(options.store as string, say) : await storeOf(ca);
  const lifecycle = new CertificateLifecycle({
    table: store.certificates,
    provider: node,
    unreadable: (id, fault) => say(`row ${id}: ${fault.message}`),
  });
  const due = await lifecycle.due({ at, within: within * day, meters: true });
  const documents = due.map((one) => document(one, at));
  progress.end();
  if (json) {
    for (const one of documents) io().stdout.write(`${jsonText(one)}\n`);
    return;
  }
  if (documents.length === 0) {
    io().stdout.write(`no certificate expires within ${within} days\n`);
    return;
  }
  const rows = documents.map((one) => [one.subject, one.usage, one.notAfter, String(one.days), one.meter ?? ""]);
  const columns = [{ title: "subject" }, { title: "usage" }, { title: "ends" }];
  io().stdout.write(table([...columns, { title: "days", align: "right" }, { title: "meter" }], rows));
}

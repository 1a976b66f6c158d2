import { fromHex } from "@dlmskit/core";
import { toPem } from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { CertificateLifecycle, type CertificateRow } from "../src/certificates.ts";
import { clientTitle, day, meterTitle, now, operator, Pki, text } from "./pki.ts";

const pki = new Pki();
const stranger = new Pki("P-256", "Another root");
const within = 60 * day;

function altered(der: Uint8Array, at: number, bits = 1): Uint8Array {
  const octets = der.slice();
  octets[at] = (octets[at] as number) ^ bits;
  return octets;
}

describe("the certificates of a fleet", () => {
  it("takes DER and PEM, and gives both", async () => {
    const { table, lifecycle, device } = await operator(pki);
    const { certificate } = pki.make();
    const id = await lifecycle.import(text(toPem("CERTIFICATE", certificate.der)), {
      holder: device,
      at: now,
      suite: 1,
    });
    const client = pki.make({ systemTitle: clientTitle, usage: "key-agreement" }).certificate;
    const holder = { type: "CLIENT", id: 48, systemTitle: clientTitle, usage: "key-agreement" } as const;
    await lifecycle.import(client.der, { holder, at: now });

    expect(await table.get(id)).toMatchObject({
      ...{ entityId: 7, certificateType: "DEVICE", status: "VALID", systemTitle: meterTitle },
      ...{ certificateEntity: 0, certificateUsage: 0, certificateData: certificate.der },
      ...{ validFrom: certificate.notBefore, validUntil: certificate.notAfter },
    });
    expect((await table.list()).map((row) => row.certificateType)).toEqual([
      ...["AUTHORITY", "AUTHORITY", "DEVICE", "CLIENT"],
    ]);
    const { der, pem } = await lifecycle.export(id);
    expect(der).toEqual(certificate.der);
    expect(pem).toBe(toPem("CERTIFICATE", certificate.der));
    await expect(lifecycle.export(99)).rejects.toMatchObject({ code: "unknown-certificate" });
    expect(await lifecycle.check(certificate, { at: now })).toHaveLength(3);
  });

  const { certificate } = pki.make();
  it.each([
    ["expired", pki.make({ until: -1 }).certificate.der],
    ["not-yet-valid", pki.make({ from: 1 }).certificate.der],
    ["wrong-curve", pki.make({ curve: "P-384" }).certificate.der],
    ["wrong-usage", pki.make({ usage: "key-agreement" }).certificate.der],
    ["wrong-usage", pki.below.certificate.der],
    ["wrong-subject", pki.make({ systemTitle: clientTitle }).certificate.der],
    ["unknown-issuer", stranger.make().certificate.der],
    ["bad-signature", altered(certificate.der, certificate.der.length - 1)],
    ["bad-certificate", certificate.der.slice(0, -1)],
    ["bad-pem", text("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")],
  ])("refuses as %s what is wrong, and nothing has changed", async (code, file) => {
    const { table, lifecycle, device } = await operator(pki);
    const before = await table.list();
    await expect(lifecycle.import(file, { holder: device, at: now, suite: 1 })).rejects.toMatchObject({ code });
    expect(await table.list()).toEqual(before);
  });

  it("refuses a second time, what was revoked, and what a revoked authority issued", async () => {
    const { table, lifecycle, device } = await operator(pki);
    const { certificate } = pki.make();
    const options = { holder: device, at: now };
    const id = await lifecycle.import(certificate.der, options);
    await expect(lifecycle.import(certificate.der, options)).rejects.toMatchObject({ code: "duplicate" });
    expect(await lifecycle.revoke(id)).toBe(true);
    expect(await lifecycle.revoke(id)).toBe(false);
    await expect(lifecycle.import(certificate.der, options)).rejects.toMatchObject({ code: "revoked" });
    const [, below] = await table.list();
    await lifecycle.revoke(below?.id ?? 0);
    const before = await table.list();
    await expect(lifecycle.import(pki.make().certificate.der, options)).rejects.toMatchObject({
      code: "unknown-issuer",
    });
    expect(await table.list()).toEqual(before);
  });

  it("whatever octet is altered, and wherever the file ends: refused, and nothing has changed", async () => {
    const { table, lifecycle, device } = await operator(pki);
    const before = await table.list();
    const options = { holder: device, at: now, suite: 1 };
    const { der } = certificate;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(der.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, bits, cut) => {
          const file = cut ? der.slice(0, at) : altered(der, at, bits);
          await expect(lifecycle.import(file, options)).rejects.toMatchObject({ name: "Fault" });
          expect(await table.list()).toEqual(before);
        },
      ),
      { numRuns: times(60) },
    );
    await lifecycle.import(der, options);
  });

  it("trusts roots alone, each once", async () => {
    const { table, lifecycle } = await operator(pki);
    const before = await table.list();
    const { der } = stranger.root.certificate;
    for (const [code, file, at] of [
      ["duplicate", pki.root.certificate.der, now],
      ["not-a-root", pki.below.certificate.der, now],
      ["not-a-root", altered(der, der.length - 1), now],
      ["wrong-usage", certificate.der, now],
      ["expired", der, now + 2000 * day],
    ] as const) {
      await expect(lifecycle.trust(file, at), code).rejects.toMatchObject({ code });
    }
    expect(await table.list()).toEqual(before);
    await lifecycle.trust(der, now);
    expect(await table.list()).toHaveLength(3);
  });

  it("does not trust what a meter was made to trust", async () => {
    const { store, lifecycle, device } = await operator(pki);
    await store.meters.putIfAbsent([
      {
        ...{ meterId: "m1", serial: "1", logicalDeviceName: "ACM1", systemTitle: meterTitle },
        ...{ seed: "", template: "custom", commissionedAt: now },
      },
    ]);
    const [row] = await store.certificates.list();
    const { root } = stranger;
    const id = await store.certificates.add({
      ...(row as CertificateRow),
      ...{ meterId: "m1", instanceId: "0.0.43.0.1.255", certificateData: root.certificate.der },
    });
    const due = { at: now + 980 * day, within };
    expect((await lifecycle.due({ ...due, meters: true })).length).toBe((await lifecycle.due(due)).length + 1);
    const importing = lifecycle.import(stranger.make({ by: root }).certificate.der, { holder: device, at: now });
    await expect(importing).rejects.toMatchObject({ code: "unknown-issuer" });
    await expect(lifecycle.export(id)).rejects.toMatchObject({ code: "unknown-certificate" });
  });
});

describe("what is due", () => {
  it("ends soon or has ended, is in force, and has no later one", async () => {
    const { table, lifecycle, device, unreadable } = await operator(pki);
    const options = { holder: device, at: now };
    const add = (made: { certificate: { der: Uint8Array } }, more: Partial<typeof device> | object = {}) =>
      lifecycle.import(made.certificate.der, { ...options, holder: { ...device, ...more } });
    const soon = await add(pki.make({ until: 30 }));
    const first = await add(pki.make({ until: 10, usage: "key-agreement" }), { usage: "key-agreement" });
    const old = await add(pki.make({ until: 5, usage: "tls" }), { usage: "tls" });
    await add(pki.make({ until: 500, usage: "tls" }), { usage: "tls" });
    const revoked = await add(pki.make({ until: 20, systemTitle: clientTitle }), {
      ...{ type: "CLIENT", id: 48, systemTitle: clientTitle },
    });
    await lifecycle.revoke(revoked);
    const [row] = await table.list();
    const broken = await table.add({ ...(row as CertificateRow), certificateData: fromHex("3000"), validUntil: now });

    const ids = async (at: number) => (await lifecycle.due({ at, within })).map(({ id }) => id);
    expect(await ids(now)).toEqual([first, soon]);
    expect(unreadable).toContain(broken);
    expect(await ids(now - 45 * day)).toEqual([first]);
    expect(await ids(now - 55 * day)).toEqual([]);
    // An authority that ends is due too; the TLS certificate that ends later is by then.
    expect(await ids(now + 980 * day)).toHaveLength(5);
    expect(await ids(now + 980 * day)).not.toContain(old);
  });
});

describe("revocation lists", () => {
  const { certificate } = pki.make();
  const list = (authority = pki.below, serials: readonly Uint8Array[] = [], thisUpdate = now - day) =>
    authority.revocationList({
      revoked: serials.map((serialNumber) => ({ serialNumber, at: thisUpdate })),
      ...{ thisUpdate, nextUpdate: thisUpdate + 7 * day, number: 1 },
    });

  it("mark what they name", async () => {
    const { table, lifecycle, device } = await operator(pki);
    const [one, other] = [pki.make(), pki.make()];
    const id = await lifecycle.import(one.certificate.der, { holder: device, at: now });
    await lifecycle.import(other.certificate.der, { holder: device, at: now });
    const pem = text(toPem("X509 CRL", list(pki.below, [one.certificate.serialNumber])));
    expect(await lifecycle.applyRevocationList(pem, now)).toEqual([id]);
    expect(await lifecycle.applyRevocationList(pem, now)).toEqual([]);
    expect((await table.list()).map((row) => row.status)).toEqual(["VALID", "VALID", "REVOKED", "VALID"]);
    const keys = await lifecycle.certifiedKeys(() => now);
    expect(keys.publicKey(meterTitle, "digital-signature")).toEqual(other.publicKey);
    const later = await lifecycle.certifiedKeys(() => now + 40 * day);
    expect(later.publicKey(meterTitle, "digital-signature")).toBeUndefined();
  });

  it("that are not an authority's, not signed, or not valid yet change nothing", async () => {
    const { table, lifecycle, device } = await operator(pki);
    const { certificate } = pki.make();
    await lifecycle.import(certificate.der, { holder: device, at: now });
    const before = await table.list();
    const serials = [certificate.serialNumber];
    const whole = list(pki.below, serials);
    for (const [code, file] of [
      ["unknown-issuer", list(stranger.below, serials)],
      ["bad-signature", altered(whole, whole.length - 1)],
      ["not-yet-valid", list(pki.below, serials, now + day)],
      ["bad-revocation-list", whole.slice(0, -1)],
    ] as const) {
      await expect(lifecycle.applyRevocationList(file, now), code).rejects.toMatchObject({ code });
    }
    expect(await table.list()).toEqual(before);
    // An authority's list says nothing of what another one issued.
    expect(await lifecycle.applyRevocationList(list(pki.root, serials), now)).toEqual([]);
  });

  it("leave errors of the table as they are", async () => {
    const { table } = await operator(pki);
    const failing = Object.assign(Object.create(table), { list: () => Promise.reject(new TypeError("gone")) });
    await expect(new CertificateLifecycle({ table: failing, provider: node }).held()).rejects.toThrow(TypeError);
    const hurt = Object.assign(Object.create(node), {
      ecdsaVerify: () => {
        throw new TypeError("gone");
      },
    });
    const { table: full, lifecycle, device } = await operator(pki);
    await lifecycle.import(certificate.der, { holder: device, at: now });
    const keys = new CertificateLifecycle({ table: full, provider: hurt }).certifiedKeys(() => now);
    await expect(keys).rejects.toThrow(TypeError);
  });
});

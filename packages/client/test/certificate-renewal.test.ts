import { Fault } from "@dlmskit/core";
import { requestCertificate } from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { describe, expect, it } from "vitest";
import {
  type IssueCertificate,
  issueBy,
  MeterCertificates,
  renewCertificate,
  renewDue,
  type SetupSession,
} from "../src/certificates.ts";
import { clientTitle, day, meterTitle, now, operator, Pki, served } from "./pki.ts";

const pki = new Pki();
const within = 60 * day;
const issue = issueBy(pki.below, { notBefore: now - day, notAfter: now + 700 * day });

/** A meter, and an operator who knows its certificate. */
async function bench(trusts?: Pki) {
  const own = pki.make();
  const meter = await served(pki, own, trusts);
  const { table, lifecycle, device } = await operator(pki);
  const id = await lifecycle.import(own.certificate.der, { holder: device, at: now });
  const statuses = async () => (await table.list()).slice(2).map(({ status }) => status);
  return { ...meter, table, lifecycle, id, own, statuses, renewal: { lifecycle, issue, at: now } };
}

/** A session whose line breaks at the nth invocation: before it is sent, or before its answer is there. */
function breaking(session: SetupSession, at: number, sent: boolean): SetupSession & { readonly count: number } {
  let count = 0;
  const lost = () => new Fault("link-lost", "the line broke", { layer: "client" });
  const invoke = (async (...given: Parameters<SetupSession["invoke"]>) => {
    const breaks = count++ === at;
    if (breaks && !sent) throw lost();
    const result = await session.invoke(...given);
    if (breaks) throw lost();
    return result;
  }) as unknown as SetupSession["invoke"];
  const made = { read: session.read.bind(session) as SetupSession["read"], invoke };
  return Object.defineProperty(made, "count", { get: () => count }) as typeof made & { readonly count: number };
}

describe("a meter's Security setup", () => {
  it("lists, exports both ways, makes requests, imports, removes", async () => {
    await using at = await bench();
    await using session = await at.open();
    const setup = await MeterCertificates.of(session, node);
    const { certificate } = at.own;
    expect((await setup.list()).map(({ entity, usage }) => [entity, usage])).toEqual([
      ["certification-authority", "other"],
      ["certification-authority", "other"],
      ["server", "digital-signature"],
    ]);
    expect((await setup.export(certificate)).der).toEqual(certificate.der);
    const by = { entity: "server", usage: "digital-signature", systemTitle: meterTitle } as const;
    expect((await setup.export(by)).der).toEqual(certificate.der);

    await setup.generateKeyPair("key-agreement");
    const request = await setup.request("key-agreement");
    expect(request).toMatchObject({ systemTitle: meterTitle, curve: "P-256" });

    const client = pki.make({ systemTitle: clientTitle }).certificate;
    await setup.import(client);
    expect(await setup.list()).toHaveLength(4);
    await setup.remove(client);
    expect(await setup.list()).toHaveLength(3);
    await expect(setup.export(client)).rejects.toMatchObject({ code: "object-unavailable" });
    await expect(setup.import(new Pki().make().certificate)).rejects.toMatchObject({ code: "other-reason" });
  });

  it("is none of an association that refers to none; an answer without octets is none", async () => {
    const session = (given: unknown) =>
      ({ read: async () => given, invoke: async () => undefined }) as unknown as SetupSession;
    await expect(MeterCertificates.of(session("0.0.0.0.0.0"))).rejects.toMatchObject({ code: "no-security-setup" });
    const setup = new MeterCertificates({ session: session([]), instanceId: "0-0:43.0.0" });
    expect(setup.instanceId).toBe("0.0.43.0.0.255");
    await expect(setup.request("tls")).rejects.toMatchObject({ code: "no-answer" });
    const [entry] = [{ certificateEntity: 9, certificateType: 2 }];
    const odd = new MeterCertificates({ session: session([entry]), instanceId: "0-0:43.0.0" });
    expect(await odd.list()).toEqual([{ entity: 9, usage: "tls" }]);
  });
});

describe("a renewal", () => {
  it("leaves the meter with a new key and certificate, and the operator with the proof", async () => {
    await using at = await bench();
    const outcomes = await renewDue({ ...at.renewal, within, open: at.open });
    expect(outcomes).toHaveLength(1);
    const [outcome] = outcomes;
    if (outcome === undefined || !("renewed" in outcome)) throw (outcome as { fault: Fault }).fault;
    const { certificate } = outcome.renewed;
    expect(await at.statuses()).toEqual(["REPLACED", "VALID"]);
    expect(certificate.publicKey).not.toEqual(at.own.publicKey);
    await using session = await at.open();
    const setup = await MeterCertificates.of(session);
    const by = { entity: "server", usage: "digital-signature", systemTitle: meterTitle } as const;
    expect((await setup.export(by)).der).toEqual(certificate.der);
    expect(await at.lifecycle.due({ at: now, within })).toEqual([]);
    expect(await renewDue({ ...at.renewal, within, open: at.open })).toEqual([]);
  });

  it.each(["sent", "not sent"])("broken off at any step (%s), is brought to its end by the next", async (how) => {
    for (let step = 0; ; step++) {
      await using at = await bench();
      await using session = await at.open();
      const line = breaking(session, step, how === "sent");
      const old = await at.lifecycle.get(at.id);
      const instanceId = (await MeterCertificates.of(session)).instanceId;
      const first = renewCertificate(old, new MeterCertificates({ session: line, instanceId }), at.renewal);
      const broke = await first.then(
        () => false,
        (caught: Fault) => caught.code === "link-lost",
      );
      if (!broke) {
        expect(line.count, "every step was broken once").toBe(step);
        break;
      }
      expect((await at.statuses())[0]).toBe("VALID");
      const setup = new MeterCertificates({ session, instanceId });
      const { certificate } = await renewCertificate(old, setup, at.renewal);
      expect(await at.statuses()).toEqual(["REPLACED", "VALID"]);
      const by = { entity: "server", usage: "digital-signature", systemTitle: meterTitle } as const;
      expect((await setup.export(by)).der).toEqual(certificate.der);
    }
  });

  it("begun, for a key that the meter has no more, is forgotten, and begun anew", async () => {
    await using at = await bench();
    await using session = await at.open();
    const { instanceId } = await MeterCertificates.of(session);
    const old = await at.lifecycle.get(at.id);
    const pending = async () => (await at.table.list()).filter(({ status }) => status === "PENDING");
    const begin = async () => {
      const line = breaking(session, 2, false);
      const first = renewCertificate(old, new MeterCertificates({ session: line, instanceId }), at.renewal);
      await expect(first).rejects.toMatchObject({ code: "link-lost" });
      expect(await pending()).toHaveLength(1);
    };
    await begin();
    const setup = new MeterCertificates({ session, instanceId });
    await setup.generateKeyPair("digital-signature");
    // The line breaks again, at the first question: nobody knows yet what the meter has.
    const line = breaking(session, 0, false);
    const again = renewCertificate(old, new MeterCertificates({ session: line, instanceId }), at.renewal);
    await expect(again).rejects.toMatchObject({ code: "link-lost" });
    expect(await pending()).toHaveLength(1);
    await renewCertificate(old, setup, at.renewal);
    expect(await at.statuses()).toEqual(["REPLACED", "VALID"]);

    // One that has ended meanwhile is not taken up either; a renewal of what was revoked leaves it revoked.
    await at.lifecycle.revoke(old.id);
    await begin();
    const issue = issueBy(pki.below, { notBefore: now - day, notAfter: now + 900 * day });
    await renewCertificate(old, setup, { ...at.renewal, issue, at: now + 701 * day });
    expect(await at.statuses()).toEqual(["REVOKED", "VALID", "VALID"]);
  });

  it("is confirmed by the list where the client may not export, and by nothing less", async () => {
    await using at = await bench();
    await using session = await at.open();
    const { instanceId } = await MeterCertificates.of(session);
    const denied = () => Promise.reject(new Fault("read-write-denied", "no right", { layer: "client" }));
    const invoke = ((...given: Parameters<SetupSession["invoke"]>) =>
      (given[0] as { methodId?: number }).methodId === 7 ? denied() : session.invoke(...given)) as never;
    const reads = [denied, () => Promise.resolve([]), () => Promise.reject(new TypeError("gone"))];
    const old = await at.lifecycle.get(at.id);
    for (const [step, read] of reads.entries()) {
      const setup = new MeterCertificates({ session: { invoke, read: read as never }, instanceId });
      const fault = step < 2 ? { code: "not-confirmed" } : { message: "gone" };
      await expect(renewCertificate(old, setup, at.renewal)).rejects.toMatchObject(fault);
      expect(await at.statuses()).toEqual(["VALID", "PENDING"]);
    }
    const setup = new MeterCertificates({ session: { invoke, read: session.read.bind(session) as never }, instanceId });
    await renewCertificate(old, setup, at.renewal);
    expect(await at.statuses()).toEqual(["REPLACED", "VALID"]);
  });

  it("that the meter refuses, or that cannot be checked, leaves all as it was", async () => {
    const stranger = new Pki("P-256", "Another");
    const wrong: [string, IssueCertificate][] = [
      ["unknown-issuer", issueBy(stranger.below, { notBefore: now - day, notAfter: now + 700 * day })],
      ["not-a-renewal", issueBy(pki.below, { notBefore: now - day, notAfter: now + day })],
      ["not-yet-valid", issueBy(pki.below, { notBefore: now + day, notAfter: now + 700 * day })],
      ["wrong-public-key", () => pki.make({ until: 700 }).certificate],
      ["wrong-usage", (wanted) => issue({ ...wanted, usage: "tls" })],
      ["wrong-subject", (wanted) => issue({ ...wanted, systemTitle: clientTitle })],
    ];
    await using at = await bench();
    await using session = await at.open();
    const setup = await MeterCertificates.of(session);
    const old = await at.lifecycle.get(at.id);
    const before = [await at.table.list(), await setup.list()];
    for (const [code, issue] of wrong) {
      await expect(renewCertificate(old, setup, { ...at.renewal, issue }), code).rejects.toMatchObject({ code });
      expect([await at.table.list(), await setup.list()]).toEqual(before);
    }
    const authority = await at.lifecycle.get((await at.table.list())[0]?.id ?? 0);
    const notRenewable = renewCertificate(authority, setup, at.renewal);
    await expect(notRenewable).rejects.toMatchObject({ code: "not-renewable" });
  });

  it("through a meter that trusts another authority is refused by it, and told", async () => {
    await using at = await bench(new Pki("P-256", "Another"));
    const before = await at.table.list();
    const [outcome] = await renewDue({ ...at.renewal, within, open: at.open });
    expect(outcome).toMatchObject({ old: { id: at.id }, fault: { code: "other-reason" } });
    expect(await at.table.list()).toEqual(before);
    const failing = () => Promise.reject(new TypeError("no line"));
    await expect(renewDue({ ...at.renewal, within, open: failing })).rejects.toThrow(TypeError);
  });

  it("does not take another meter's request, or a key on another curve", async () => {
    const { lifecycle, table, device } = await operator(pki);
    const id = await lifecycle.import(pki.make().certificate.der, { holder: device, at: now });
    const before = await table.list();
    for (const [code, systemTitle, curve] of [
      ["wrong-subject", clientTitle, "P-256"],
      ["wrong-curve", meterTitle, "P-384"],
    ] as const) {
      const { privateKey } = pki.make({ curve });
      const value = requestCertificate({ provider: node, curve, privateKey, systemTitle });
      const invoke = async () => ({ type: "octet-string", value });
      const session = { read: async () => undefined, invoke } as unknown as SetupSession;
      const setup = new MeterCertificates({ session, instanceId: "0-0:43.0.1" });
      const renewing = renewCertificate(await lifecycle.get(id), setup, { lifecycle, issue, at: now });
      await expect(renewing).rejects.toMatchObject({ code });
    }
    expect(await table.list()).toEqual(before);
  });
});

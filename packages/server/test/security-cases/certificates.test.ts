import { type Data, dataOf, fromData, T } from "@dlmskit/apdu";
import {
  CertificateByEntity,
  CertificateBySerial,
  CertificateIdentification,
  SecuritySetup1,
} from "@dlmskit/cosem-objects";
import {
  type Certificate,
  CertificateAuthority,
  type CertificateUsage,
  parseCertificate,
  parseCertificateRequest,
} from "@dlmskit/security/certificates";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import type { Client } from "../a-client.ts";
import { now0, restarted } from "../a-client.ts";
import { Case, random, readOf, setup } from "./case.ts";
import { authorityOf, clientTitle, curveOf, meterTitle, provider, type Suite, validity } from "./parties.ts";

const usages = ["digital-signature", "key-agreement", "tls"] as const;

class Setup {
  readonly client: Client;
  constructor(client: Client) {
    this.client = client;
  }
  async call(methodId: number, parameters: Data): Promise<{ result: string; data: Uint8Array | undefined }> {
    const method = { classId: setup[0], instanceId: setup[1], methodId };
    const [outcome] = (await this.client.request({ service: "action", items: [{ method, parameters }] })) as [
      { result: string; data?: Data },
    ];
    const data = outcome.data?.type === "octet-string" ? outcome.data.value : undefined;
    return { result: outcome.result, data };
  }
  generate = async (usage: number) => (await this.call(4, { type: "enum", value: usage })).result;
  request = async (usage: number) => (await this.call(5, { type: "enum", value: usage })).data as Uint8Array;
  import = async (der: Uint8Array) => (await this.call(6, { type: "octet-string", value: der })).result;
  which = (type: number, options: Data) =>
    dataOf(CertificateIdentification, { identificationType: type, options }) as unknown as Data;
  byEntity = (certificateEntity: number, certificateType: number, systemTitle: Uint8Array) =>
    this.which(
      0,
      fromData(T.any, dataOf(CertificateByEntity, { certificateEntity, certificateType, systemTitle })) as Data,
    );
  bySerial = ({ serialNumber, issuer }: Certificate) =>
    this.which(1, fromData(T.any, dataOf(CertificateBySerial, { serialNumber, issuer })) as Data);
  async list() {
    const [result] = await this.client.get([...setup, 6]);
    return fromData(SecuritySetup1.attributes.certificates.type, (result as { data: Data }).data);
  }
}

function issued(suite: Suite, publicKey: Uint8Array, usage: CertificateUsage, more: object = {}): Certificate {
  const asked = { systemTitle: meterTitle, curve: curveOf(suite), publicKey, usage, ...validity };
  return authorityOf(suite).issue({ ...asked, ...more });
}

for (const suite of [1, 2] as const) {
  describe(`S31 SEC1_CERT_1..8, suite ${suite}`, () => {
    it("makes key pairs, asks for certificates, takes them, gives them away, removes them; over a restart, too", async () => {
      const state = new MemoryState();
      const one = new Case({ suite, server: { store: await restarted(state) } });
      const meter = new Setup(await one.open());
      const before = await meter.list();
      // The authority and the client's two.
      expect(before.map(({ certificateEntity, certificateType }) => [certificateEntity, certificateType])).toEqual([
        [2, 3],
        [1, 0],
        [1, 1],
      ]);
      const made: Certificate[] = [];
      for (const [number, usage] of usages.entries()) {
        expect(await meter.generate(number)).toBe("success");
        const request = parseCertificateRequest(provider, await meter.request(number));
        expect(request.systemTitle).toEqual(meterTitle);
        const certificate = issued(suite, request.publicKey, usage);
        expect(await meter.import(certificate.der)).toBe("success");
        made.push(certificate);
        const bySerial = await meter.call(7, meter.bySerial(certificate));
        const byEntity = await meter.call(7, meter.byEntity(0, number, meterTitle));
        expect([bySerial.data, byEntity.data]).toEqual([certificate.der, certificate.der]);
      }
      expect(await meter.list()).toHaveLength(6);
      // What it signs with now is what the certificate says: the new key opens, the old one does not.
      const [signing] = made as [Certificate];
      const peerKeys = { publicKey: () => signing.publicKey };
      expect((await one.open({ peerKeys })).opened).toBe(true);
      const bench = new Case({ suite, server: { store: await restarted(state) } });
      const again = new Setup(await bench.open({ peerKeys }));
      expect(again.client.opened).toBe(true);
      expect(await again.list()).toHaveLength(6);
      expect((await again.call(8, again.bySerial(made[2] as Certificate))).result).toBe("success");
      expect((await again.call(8, again.byEntity(0, 1, meterTitle))).result).toBe("success");
      expect((await again.call(8, again.byEntity(0, 1, meterTitle))).result).toBe("object-unavailable");
      const last = new Setup(await new Case({ suite, server: { store: await restarted(state) } }).open({ peerKeys }));
      expect((await last.list()).map(({ serialNumber }) => serialNumber)).not.toContainEqual(made[2]?.serialNumber);
      expect(await last.list()).toHaveLength(4);
    });

    it("goes on with the old key pair until the certificate of the new one is there", async () => {
      const state = new MemoryState();
      const one = new Case({ suite, server: { store: await restarted(state) } });
      const meter = new Setup(await one.open());
      expect(await meter.generate(0)).toBe("success");
      expect((await one.open()).opened).toBe(true);
      const after = new Case({ suite, server: { store: await restarted(state) } });
      const again = new Setup(await after.open());
      expect(again.client.opened).toBe(true);
      const { publicKey } = parseCertificateRequest(provider, await again.request(0));
      expect(await again.import(issued(suite, publicKey, "digital-signature").der)).toBe("success");
      expect((await after.open()).opened).toBe(false);
      expect((await after.open({ peerKeys: { publicKey: () => publicKey } })).opened).toBe(true);
    });

    it("refuses what is wrong about a certificate, and nothing has changed then", async () => {
      const one = new Case({ suite });
      const meter = new Setup(await one.open());
      expect(await meter.generate(1)).toBe("success");
      const { publicKey } = parseCertificateRequest(provider, await meter.request(1));
      const other = suite === 1 ? 2 : 1;
      const key = (party: Suite) => provider.publicKey(curveOf(party), new Uint8Array(party === 2 ? 48 : 32).fill(9));
      const stranger = CertificateAuthority.root({
        provider,
        random,
        curve: curveOf(suite),
        name: "CN=Else",
        ...validity,
      });
      const below = stranger.subordinate({ name: "CN=Below", ...validity });
      const good = issued(suite, publicKey, "key-agreement");
      const wrong: [string, Uint8Array][] = [
        ["does not have the private key", issued(suite, key(suite), "key-agreement").der],
        ["for signature, of the key for agreement", issued(suite, publicKey, "digital-signature").der],
        [
          "of another system title, with this meter's key",
          issued(suite, publicKey, "tls", { systemTitle: meterTitle }).der,
        ],
        ["expired", issued(suite, publicKey, "key-agreement", { notBefore: 0, notAfter: now0 - 1000 }).der],
        ["not valid yet", issued(suite, publicKey, "key-agreement", { notBefore: now0 + 3_600_000 }).der],
        [
          "of an unknown authority",
          stranger.issue({
            systemTitle: meterTitle,
            curve: curveOf(suite),
            publicKey,
            usage: "key-agreement",
            ...validity,
          }).der,
        ],
        ["an authority that nobody knows", stranger.certificate.der],
        ["below one that nobody knows", below.certificate.der],
        [
          "on the other curve",
          authorityOf(suite).issue({
            systemTitle: clientTitle,
            curve: curveOf(other),
            publicKey: key(other),
            usage: "key-agreement",
            ...validity,
          }).der,
        ],
        ["altered", good.der.with(good.der.length - 1, (good.der.at(-1) as number) ^ 1)],
        ["cut off", good.der.subarray(0, 100)],
        ["nothing", new Uint8Array(0)],
      ];
      const before = await meter.list();
      for (const [name, der] of wrong) expect(await meter.import(der), name).toBe("other-reason");
      expect(await meter.list()).toEqual(before);
      expect(await meter.import(good.der)).toBe("success");
      expect(await meter.import(good.der)).toBe("other-reason");
      expect(await meter.list()).toHaveLength(before.length + 1);
      // Trust is not a client's to take away; what is not there is not found.
      const anchor = authorityOf(suite).certificate;
      expect((await meter.call(8, meter.bySerial(anchor))).result).toBe("read-write-denied");
      expect((await meter.call(7, meter.byEntity(0, 2, meterTitle))).result).toBe("object-unavailable");
      expect((await meter.call(7, meter.which(2, { type: "null-data" }))).result).toBe("object-unavailable");
      expect((await meter.call(7, meter.which(0, { type: "null-data" }))).result).toBe("type-unmatched");
      for (const usage of [3, 255]) {
        expect(await meter.generate(usage)).toBe("other-reason");
        expect((await meter.call(5, { type: "enum", value: usage })).result).toBe("other-reason");
      }
      expect((await meter.call(5, { type: "enum", value: 2 })).result).toBe("object-unavailable");
    });

    it("takes an authority below the one it trusts, and clients that it issues", async () => {
      const one = new Case({ suite, secrets: { certificates: [] } });
      const first = new Case({ suite });
      const authority = authorityOf(suite).subordinate({ name: "CN=Sub", ...validity });
      const meter = new Setup(await first.open());
      const publicKey = provider.publicKey(curveOf(suite), new Uint8Array(suite === 2 ? 48 : 32).fill(7));
      const systemTitle = Uint8Array.from("CLI00009", (letter) => letter.charCodeAt(0));
      const client = authority.issue({
        systemTitle,
        curve: curveOf(suite),
        publicKey,
        usage: "digital-signature",
        ...validity,
      });
      expect(await meter.import(client.der)).toBe("other-reason");
      expect(await meter.import(authority.certificate.der)).toBe("success");
      expect(await meter.import(client.der)).toBe("success");
      // Each client's own, and none for a title that no client has.
      const earlier = await meter.call(7, meter.byEntity(1, 0, clientTitle));
      expect(parseCertificate(earlier.data as Uint8Array).systemTitle).toEqual(clientTitle);
      expect((await meter.call(7, meter.byEntity(1, 0, systemTitle))).data).toEqual(client.der);
      expect((await meter.call(7, meter.byEntity(1, 0, meterTitle))).result).toBe("object-unavailable");
      const privateKeys = { digitalSignature: new Uint8Array(suite === 2 ? 48 : 32).fill(7) };
      const counters = (await import("./parties.ts")).counters();
      const opened = await first.open({ systemTitle, privateKeys, counters });
      expect(opened.opened).toBe(true);
      expect(await readOf(opened)).toEqual({ type: "unsigned", value: 5 });
      // Without a certificate of the client nobody can be known by signature.
      expect((await one.open()).opened).toBe(false);
      expect(parseCertificate(client.der).systemTitle).toEqual(systemTitle);
    });
  });
}

it("has none of these methods in suite 0", async () => {
  const meter = new Setup(await new Case({ suite: 0, setupVersion: 1 }).open());
  for (const methodId of [3, 4, 5, 6, 7, 8]) {
    expect((await meter.call(methodId, { type: "enum", value: 0 })).result).toBe("object-undefined");
  }
});

import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { concat, fromAscii, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  type Certificate,
  CertificateAuthority,
  type CertificateUsage,
  CertifiedKeys,
  type CheckOptions,
  certificatePem,
  checkCertificate,
  commonNameOf,
  describeCertificate,
  fromPem,
  isSelfIssued,
  parseCertificate,
  parseCertificateRequest,
  parsePrivateKey,
  parseRevocationList,
  privateKeyDer,
  privateKeyPem,
  requestCertificate,
  revocationByLists,
  toPem,
  usageOf,
} from "../src/certificates.ts";
import { type Curve, newKeyPair, noble } from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { counting } from "./general-fixtures.ts";
import { keyOf, vectorsOf } from "./vectors.ts";

const day = 86_400_000;
const at = Date.UTC(2030, 0, 1);
const validity = { notBefore: at - 10 * day, notAfter: at + 10 * day };
const systemTitle = fromHex("4d4d4d0000bc614e");
const otherTitle = fromHex("4d4d4d0000bc614f");
const random = counting();

/** A public key infrastructure: root, authority below it, a meter's key pair. */
function infrastructure(curve: Curve, provider = node, name = "Root") {
  const root = CertificateAuthority.root({ provider, random, curve, name, ...validity });
  const below = root.subordinate({ name: `${name}, below`, ...validity });
  const { privateKey, publicKey } = newKeyPair(provider, curve, random);
  const issue = (usage: CertificateUsage, more: Partial<Parameters<CertificateAuthority["issue"]>[0]> = {}) =>
    below.issue({ systemTitle, curve, publicKey, usage, ...validity, ...more });
  const check = (certificate: Certificate, more: Partial<CheckOptions> = {}) =>
    checkCertificate({
      ...{ provider, certificate, anchors: [root.certificate], authorities: [below.certificate], at },
      ...more,
    });
  return { root, below, privateKey, publicKey, issue, check };
}

const p256 = infrastructure("P-256");
const p384 = infrastructure("P-384");

describe("certificates of the vectors", () => {
  const vectors = vectorsOf("keywrap-ecc").filter(({ kind }) => kind === "certificate");

  it.each(vectors)("$id", (vector) => {
    const certificate = parseCertificate(fromHex(vector.hex));
    const { decoded } = vector;
    expect(describeCertificate(certificate)).toMatchObject({
      subject: decoded.subject,
      issuer: decoded.issuer,
      serialNumber: decoded.serialNumber,
      systemTitle: decoded.systemTitle,
      notBefore: Date.parse(decoded.notBefore),
      notAfter: Date.parse(decoded.notAfter),
      curve: decoded.curve,
      publicKey: decoded.publicKey,
      keyUsage: decoded.keyUsage,
      authority: false,
    });
    expect(toHex(certificate.subjectKeyIdentifier as Uint8Array)).toBe(decoded.subjectKeyIdentifier);
    expect(toHex(certificate.authorityKeyIdentifier as Uint8Array)).toBe(decoded.authorityKeyIdentifier);
    expect(toHex(certificate.der)).toBe(vector.hex);
    expect(parseCertificate(fromAscii(certificatePem(certificate)))).toEqual(certificate);
    expect(usageOf(certificate)).toBe(decoded.keyUsage[0] === "keyAgreement" ? "key-agreement" : "digital-signature");
  });

  it.each([
    ["kwe-cert-005", "kwe-ecdsa-002"],
    ["kwe-cert-006", "kwe-ecdsa-004"],
  ])("%s is signed by the key of %s", (id, signer) => {
    const all = vectorsOf("keywrap-ecc");
    const find = (wanted: string) => all.find((vector) => vector.id === wanted);
    const [vector, key] = [find(id), find(signer)];
    if (vector === undefined || key === undefined) throw new Error("a vector is missing");
    const { signatureCurve, signed, signature } = parseCertificate(fromHex(vector.hex));
    for (const provider of [noble, node]) {
      expect(provider.ecdsaVerify(signatureCurve, keyOf(key, "publicKey"), signed, signature)).toBe(true);
    }
  });
});

describe.each([noble, node])("an authority with $name", (provider) => {
  it.each(["P-256", "P-384"] as const)("issues on %s what OpenSSL accepts and this package checks", (curve) => {
    const { root, below, issue, check, publicKey } = infrastructure(curve, provider);
    const issuer = new X509Certificate(certificatePem(below.certificate));
    expect(issuer.ca).toBe(true);
    expect(new X509Certificate(root.certificate.der).verify(createPublicKey(certificatePem(root.certificate)))).toBe(
      true,
    );
    expect(isSelfIssued(root.certificate)).toBe(true);
    expect(isSelfIssued(below.certificate)).toBe(false);
    for (const usage of ["digital-signature", "key-agreement", "tls"] as const) {
      const certificate = issue(usage);
      const parsed = new X509Certificate(certificate.der);
      expect(parsed.subject).toBe("CN=4D4D4D0000BC614E");
      expect(parsed.checkIssued(issuer) && parsed.verify(issuer.publicKey)).toBe(true);
      expect(parsed.validToDate.getTime()).toBe(validity.notAfter);
      expect(certificate).toMatchObject({ ...validity, systemTitle, curve, publicKey, unknownCritical: [] });
      const suite = curve === "P-256" ? 1 : 2;
      expect(check(certificate, { suite, usage, systemTitle })).toEqual([
        certificate,
        below.certificate,
        root.certificate,
      ]);
      expect(usageOf(certificate)).toBe(usage);
      expect(describeCertificate(certificate)).toMatchObject({ usage, authority: false });
    }
    expect(describeCertificate(root.certificate)).not.toHaveProperty("usage");
    expect(check(below.certificate, { usage: "authority" })).toHaveLength(2);
    expect(check(root.certificate)).toEqual([root.certificate]);
  });

  it("goes on from its certificate and private key, and takes no other", () => {
    const { root } = infrastructure("P-256", provider);
    const { privateKey } = newKeyPair(provider, "P-256", random);
    const of = { provider, random, certificate: root.certificate, privateKey };
    expect(faultOf(() => new CertificateAuthority(of))).toBe("bad-private-key");
    expect(JSON.stringify(root)).not.toContain("privateKey");
  });
});

describe("a certificate signing request", () => {
  it.each([
    ["P-256", noble, node],
    ["P-384", node, noble],
  ] as const)("on %s is verified by the other provider, and issued for", (curve, one, other) => {
    const { privateKey, publicKey } = newKeyPair(one, curve, random);
    const der = requestCertificate({ provider: one, curve, privateKey, systemTitle });
    const request = parseCertificateRequest(other, fromAscii(toPem("CERTIFICATE REQUEST", der)));
    expect(request).toEqual({ der, subjectName: "CN=4D4D4D0000BC614E", systemTitle, curve, publicKey });
    expect(parseCertificateRequest(other, der)).toEqual(request);
  });

  it("is refused altered, or signed by another key", () => {
    const { privateKey } = newKeyPair(node, "P-256", random);
    const der = requestCertificate({ provider: node, curve: "P-256", privateKey, systemTitle });
    const codes = new Set<string>();
    for (let position = 0; position < der.length; position++) {
      const other = der.slice();
      other[position] = (other[position] as number) ^ 1;
      codes.add(faultOf(() => parseCertificateRequest(node, other)));
    }
    expect(codes).toContain("bad-signature");
    expect(codes).toContain("bad-certificate-request");
    expect(codes).toContain("wrong-curve");
    const key384 = newKeyPair(node, "P-384", random).privateKey;
    const larger = requestCertificate({ provider: node, curve: "P-384", privateKey: key384, systemTitle });
    // ecdsa-with-SHA256 in place of -SHA384.
    const hex = toHex(larger).replace("06082a8648ce3d040303", "06082a8648ce3d040302");
    expect(["bad-signature", "bad-certificate-request"]).toContain(
      faultOf(() => parseCertificateRequest(node, fromHex(hex))),
    );
    expect(faultOf(() => parseCertificateRequest(node, fromHex("30820000")))).toBe("bad-certificate-request");
    expect(faultOf(() => requestCertificate({ provider: node, curve: "P-256", privateKey, systemTitle: der }))).toBe(
      "bad-system-title",
    );
  });
});

describe("S31: a certificate is refused", () => {
  const { issue, check, root, below } = p256;

  it("of the wrong curve, usage, subject", () => {
    const certificate = issue("digital-signature");
    expect(faultOf(() => check(certificate, { suite: 2 }))).toBe("wrong-curve");
    expect(faultOf(() => check(certificate, { suite: 0 }))).toBe("wrong-curve");
    expect(faultOf(() => p384.check(p384.issue("tls"), { suite: 1 }))).toBe("wrong-curve");
    for (const usage of ["key-agreement", "tls", "authority"] as const) {
      expect(faultOf(() => check(certificate, { usage }))).toBe("wrong-usage");
    }
    expect(faultOf(() => check(below.certificate, { usage: "digital-signature" }))).toBe("wrong-usage");
    expect(faultOf(() => check(certificate, { systemTitle: otherTitle }))).toBe("wrong-subject");
    expect(faultOf(() => check(below.certificate, { systemTitle }))).toBe("wrong-subject");
  });

  it("before and after its time, and when an authority's is over", () => {
    const certificate = issue("tls");
    expect(faultOf(() => check(certificate, { at: validity.notBefore - 1 }))).toBe("not-yet-valid");
    expect(check(certificate, { at: validity.notBefore })).toHaveLength(3);
    expect(check(certificate, { at: validity.notAfter + 999 })).toHaveLength(3);
    expect(faultOf(() => check(certificate, { at: validity.notAfter + 1000 }))).toBe("expired");
    const longer = issue("tls", { notAfter: at + 99 * day });
    expect(faultOf(() => check(longer, { at: at + 11 * day }))).toBe("expired");
  });

  it("of an unknown issuer, and of one that only calls itself so", () => {
    const certificate = issue("tls");
    expect(faultOf(() => check(certificate, { authorities: [] }))).toBe("unknown-issuer");
    expect(faultOf(() => check(certificate, { anchors: [p384.root.certificate] }))).toBe("unknown-issuer");
    expect(faultOf(() => check(p384.issue("tls")))).toBe("unknown-issuer");
    const { authorityKeyIdentifier, ...without } = certificate;
    expect(authorityKeyIdentifier).toBeDefined();
    const impostor = infrastructure("P-256").below.certificate;
    expect(faultOf(() => check(without, { authorities: [impostor] }))).toBe("bad-signature");
    const { subjectKeyIdentifier, ...nameless } = impostor;
    expect(subjectKeyIdentifier).toBeDefined();
    expect(faultOf(() => check(certificate, { authorities: [nameless] }))).toBe("bad-signature");
    const another = infrastructure("P-384").below.certificate;
    expect(faultOf(() => check(without, { authorities: [another] }))).toBe("bad-signature");
  });

  it("with an octet changed", () => {
    const certificate = issue("key-agreement");
    const codes = new Set<string>();
    for (let position = 0; position < certificate.der.length; position++) {
      const der = certificate.der.slice();
      der[position] = (der[position] as number) ^ 0x01;
      codes.add(faultOf(() => check(parseCertificate(der), { usage: "key-agreement", suite: 1, systemTitle })));
    }
    for (const code of ["bad-certificate", "bad-signature", "unknown-issuer", "wrong-subject", "wrong-curve"]) {
      expect(codes).toContain(code);
    }
  });

  it("issued by what is no authority, or by one too far down", () => {
    const certificate = issue("digital-signature");
    const issuer = { ...below.certificate };
    const { authority, ...leaf } = issuer;
    expect(authority).toEqual({ pathLength: 0 });
    expect(faultOf(() => check(certificate, { authorities: [leaf] }))).toBe("not-an-authority");
    expect(faultOf(() => check(certificate, { authorities: [{ ...issuer, keyUsage: ["cRLSign"] }] }))).toBe(
      "not-an-authority",
    );
    const lower = below.subordinate({ name: "Lower", ...validity });
    const low = lower.issue({ systemTitle, curve: "P-256", publicKey: p256.publicKey, usage: "tls", ...validity });
    const authorities = [lower.certificate, below.certificate];
    expect(faultOf(() => check(low, { authorities }))).toBe("path-too-long");
  });

  it("in a chain that is too long, or goes in a circle", () => {
    let authority = root;
    const authorities: Certificate[] = [];
    for (let depth = 0; depth < 8; depth++) {
      authority = authority.subordinate({ name: `Depth ${depth}`, ...validity, pathLength: 9, curve: "P-256" });
      authorities.push(authority.certificate);
    }
    const deep = authority.issue({ systemTitle, curve: "P-256", publicKey: p256.publicKey, usage: "tls", ...validity });
    expect(faultOf(() => check(deep, { authorities }))).toBe("path-too-long");
    const stranger = infrastructure("P-256").root.certificate;
    expect(faultOf(() => check(stranger, { authorities: [stranger] }))).toBe("path-too-long");
  });

  it("with a critical extension that nobody understands", () => {
    const certificate = { ...issue("tls"), unknownCritical: ["1.2.3"] };
    expect(faultOf(() => check(certificate))).toBe("unknown-critical-extension");
  });

  it("but a renewed authority is found", () => {
    const certificate = issue("tls");
    const expired = { ...below.certificate, notAfter: at - day };
    expect(check(certificate, { authorities: [expired, below.certificate] })[1]).toBe(below.certificate);
    expect(faultOf(() => check(certificate, { authorities: [expired] }))).toBe("expired");
  });
});

describe("revocation", () => {
  const { issue, check, root, below } = p256;
  const certificate = issue("digital-signature");
  const list = (
    authority: CertificateAuthority,
    serials: readonly Uint8Array[],
    times: { thisUpdate?: number; nextUpdate?: number; at?: number } = {},
  ) =>
    authority.revocationList({
      revoked: serials.map((serialNumber) => ({ serialNumber, at: times.at ?? at - day })),
      ...{ thisUpdate: times.thisUpdate ?? at - day, nextUpdate: times.nextUpdate ?? at + day, number: 7 },
    });
  const by = (...ders: readonly Uint8Array[]) => ({
    revocation: revocationByLists(
      node,
      ders.map((der) => parseRevocationList(der)),
    ),
  });

  it("is read from lists, DER and PEM", () => {
    const der = list(below, [certificate.serialNumber]);
    const parsed = parseRevocationList(fromAscii(toPem("X509 CRL", der)));
    expect(parsed).toEqual(parseRevocationList(der));
    expect(parsed).toMatchObject({
      issuer: below.certificate.subject,
      thisUpdate: at - day,
      nextUpdate: at + day,
      revoked: [{ serialNumber: certificate.serialNumber, at: at - day }],
    });
    expect(parseRevocationList(list(below, [])).revoked).toEqual([]);
    for (const broken of [der.subarray(1), der.subarray(0, 40), concat(der, der), fromHex("30030101ff")]) {
      expect(["bad-revocation-list", "bad-pem"]).toContain(faultOf(() => parseRevocationList(broken)));
    }
  });

  it("refuses what was revoked, from then on", () => {
    const revoked = by(list(below, [certificate.serialNumber]), list(root, []));
    expect(faultOf(() => check(certificate, revoked))).toBe("revoked");
    expect(check(certificate, by(list(below, [certificate.serialNumber], { at: at + 5000 })))).toHaveLength(3);
    const authority = by(list(root, [below.certificate.serialNumber]));
    expect(faultOf(() => check(certificate, authority))).toBe("revoked");
  });

  it("counts what is of the issuer, signed by it and not of tomorrow", () => {
    const forged = list(infrastructure("P-256").below, [certificate.serialNumber]);
    expect(check(certificate, by(forged))).toHaveLength(3);
    const other = list(infrastructure("P-384").below, [certificate.serialNumber]);
    expect(check(certificate, by(other))).toHaveLength(3);
    const tomorrow = list(below, [certificate.serialNumber], { thisUpdate: at + 1000 });
    expect(check(certificate, by(tomorrow))).toHaveLength(3);
  });

  it("must be known where that is required: an old list does not do, but what it revokes stays", () => {
    const requireStatus = true;
    const good = by(list(below, []), list(root, []));
    expect(check(certificate, { ...good, requireStatus })).toHaveLength(3);
    expect(faultOf(() => check(certificate, { requireStatus }))).toBe("revocation-unknown");
    const old = { thisUpdate: at - 5 * day, nextUpdate: at - day };
    expect(faultOf(() => check(certificate, { ...by(list(below, [], old), list(root, [])), requireStatus }))).toBe(
      "revocation-unknown",
    );
    expect(faultOf(() => check(certificate, by(list(below, [certificate.serialNumber], old))))).toBe("revoked");
    const open = parseRevocationList(list(below, []));
    const { nextUpdate, ...endless } = open;
    expect(nextUpdate).toBe(at + day);
    const revocation = revocationByLists(node, [endless]);
    expect(revocation(certificate, below.certificate, at + 1000 * day)).toBe("good");
  });
});

describe("private keys", () => {
  it.each(["P-256", "P-384"] as const)("on %s go out and come back, and OpenSSL reads them", (curve) => {
    const { privateKey, publicKey } = newKeyPair(node, curve, random);
    const pem = privateKeyPem(noble, curve, privateKey);
    expect(parsePrivateKey(fromAscii(pem))).toEqual({ curve, privateKey });
    const jwk = createPrivateKey(pem).export({ format: "jwk" });
    expect(Buffer.from(jwk.d ?? "", "base64url").toString("hex")).toBe(toHex(privateKey));
    expect(toHex(publicKey)).toContain(Buffer.from(jwk.x ?? "", "base64url").toString("hex"));
    const exported = createPrivateKey(pem).export({ format: "der", type: "pkcs8" });
    expect(parsePrivateKey(new Uint8Array(exported))).toEqual({ curve, privateKey });
  });

  it("are refused where they are none, without a word of them", () => {
    const der = privateKeyDer(node, "P-256", newKeyPair(node, "P-256", random).privateKey);
    const hex = toHex(der);
    const other = (from: string, to: string) => fromHex(hex.replace(from, to));
    expect(faultOf(() => parsePrivateKey(other("06082a8648ce3d030107", "06082a8648ce3d030108")))).toBe("wrong-curve");
    expect(faultOf(() => parsePrivateKey(other("06072a8648ce3d0201", "06072a8648ce3d0202")))).toBe("wrong-curve");
    expect(faultOf(() => parsePrivateKey(other("0201010420", "0201010520")))).toBe("bad-private-key");
    expect(faultOf(() => parsePrivateKey(other("306b0201", "316b0201")))).toBe("bad-private-key");
    expect(faultOf(() => parsePrivateKey(der.subarray(0, 60)))).toBe("bad-private-key");
    expect(faultOf(() => privateKeyDer(node, "P-256", new Uint8Array(32)))).toBe("bad-private-key");
    const larger = privateKeyDer(node, "P-384", newKeyPair(node, "P-384", random).privateKey);
    const crossed = fromHex(toHex(larger).replace("06052b81040022", "06052b81040023"));
    expect(faultOf(() => parsePrivateKey(crossed))).toBe("wrong-curve");
  });
});

describe("PEM", () => {
  it("carries any octets, in lines of 64", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (der) => {
        const pem = toPem("CERTIFICATE", der);
        expect(fromPem(pem)).toEqual([{ label: "CERTIFICATE", der }]);
        for (const line of pem.split("\n")) expect(line.length).toBeLessThanOrEqual(64);
        expect(pem).toContain(Buffer.from(der).toString("base64").slice(0, 64));
      }),
    );
    expect(toPem("CERTIFICATE", new Uint8Array(0))).toBe("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
  });

  it("is read with what stands around it, and refused where there is none of it", () => {
    const certificate = p256.issue("tls");
    const file = `Bag\r\n${toPem("PRIVATE KEY", Uint8Array.of(1))}some text\n${certificatePem(certificate)}`;
    expect(parseCertificate(fromAscii(file))).toEqual(certificate);
    expect(faultOf(() => parseCertificate(fromAscii(toPem("PRIVATE KEY", Uint8Array.of(1)))))).toBe("bad-pem");
    expect(faultOf(() => fromPem("0123"))).toBe("bad-pem");
    expect(faultOf(() => fromPem("-----BEGIN X-----\nAA=A\n-----END X-----"))).toBe("bad-pem");
    expect(faultOf(() => parseCertificate(new Uint8Array(0)))).toBe("bad-pem");
  });
});

describe("certified keys", () => {
  it("are those of valid certificates, the one that ends last before all others", () => {
    let now = at;
    const { issue } = p256;
    const next = newKeyPair(node, "P-256", random).publicKey;
    const [old, renewed] = [
      issue("key-agreement"),
      issue("key-agreement", { publicKey: next, notAfter: at + 50 * day }),
    ];
    const keys = new CertifiedKeys(() => now, [old, p256.root.certificate, issue("tls"), renewed]);
    expect(keys.publicKey(systemTitle, "key-agreement")).toEqual(next);
    expect(keys.publicKey(systemTitle, "digital-signature")).toBeUndefined();
    expect(keys.publicKey(otherTitle, "key-agreement")).toBeUndefined();
    keys.remove(renewed);
    expect(keys.publicKey(systemTitle, "key-agreement")).toEqual(p256.publicKey);
    now = at + 20 * day;
    expect(keys.publicKey(systemTitle, "key-agreement")).toBeUndefined();
    now = at - 20 * day;
    expect(keys.publicKey(systemTitle, "key-agreement")).toBeUndefined();
    const { systemTitle: title, ...untitled } = old;
    expect(title).toEqual(systemTitle);
    keys.add(untitled);
    keys.add({ ...old, keyUsage: [] });
    now = at;
    keys.remove(old);
    expect(keys.publicKey(systemTitle, "key-agreement")).toBeUndefined();
  });
});

describe("parsing", () => {
  it("gives a Fault or a certificate for any octets", () => {
    const { der } = p256.issue("tls");
    const total = (octets: Uint8Array) => {
      for (const parse of [
        parseCertificate,
        parseRevocationList,
        parsePrivateKey,
        (file: Uint8Array) => parseCertificateRequest(node, file),
      ]) {
        try {
          parse(octets);
        } catch (caught) {
          expect(caught).toMatchObject({ name: "Fault", layer: "security" });
        }
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (rest) => total(concat(fromHex("3082"), rest))),
      { numRuns: times(60) },
    );
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), (position, octet) => {
        const other = der.slice();
        other[position] = octet;
        total(other);
      }),
      { numRuns: times(100) },
    );
    for (let length = 0; length < der.length; length += 3) total(der.subarray(0, length));
    total(new Uint8Array(0x10001).fill(0x30));
    total(concat(fromHex("30830fffff"), new Uint8Array(0xffff)));
    total(fromHex("3080".repeat(5000)));
  });

  it("names the system title in 16 hexadecimal digits", () => {
    expect(commonNameOf(systemTitle)).toBe("4D4D4D0000BC614E");
    expect(faultOf(() => commonNameOf(Uint8Array.of(1)))).toBe("bad-system-title");
  });

  it("runs where there is no cryptography of the host", async () => {
    const { execFileSync } = await import("node:child_process");
    const source = `
      delete globalThis.crypto; delete globalThis.Buffer; delete globalThis.process;
      const { parseCertificate, describeCertificate } = await import(${JSON.stringify(new URL("../src/certificates.ts", import.meta.url).href)});
      const der = Uint8Array.from(${JSON.stringify(Array.from(p256.issue("tls").der))});
      console.log(describeCertificate(parseCertificate(der)).subject);`;
    const output = execFileSync(process.execPath, ["--conditions=dlmskit-source", "--input-type=module", "-e", source]);
    expect(output.toString().trim()).toBe("CN=4D4D4D0000BC614E");
  });
});

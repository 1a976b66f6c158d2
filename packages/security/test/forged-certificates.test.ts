import { fromHex } from "@dlmskit/core";
import { type BaseBlock, fromBER, Sequence } from "asn1js";
import { Certificate as CertificateBlock, Extension } from "pkijs";
import { describe, expect, it } from "vitest";
import { signedDer } from "../src/certificates/asn1.ts";
import {
  type Certificate,
  CertificateAuthority,
  checkCertificate,
  parseCertificate,
  parsePrivateKey,
  usageOf,
} from "../src/certificates.ts";
import { newKeyPair } from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { counting } from "./general-fixtures.ts";

const random = counting();
const systemTitle = fromHex("4d4d4d0000bc614e");
const at = Date.UTC(2030, 0, 1);
const validity = { notBefore: at - 1000, notAfter: at + 1000 };
const authority = CertificateAuthority.root({ provider: node, random, curve: "P-256", name: "Root", ...validity });
const { privateKey, publicKey } = newKeyPair(node, "P-256", random);
const issue = (times = validity) =>
  authority.issue({ systemTitle, curve: "P-256", publicKey, usage: "digital-signature", ...times });

/** A certificate with anything in it, signed as it then is (by whom does not matter to parsing). */
function forged(change: (block: CertificateBlock) => void, from: Certificate = issue()): Uint8Array {
  const block = CertificateBlock.fromBER(from.der.slice());
  change(block);
  const [signed] = block.toSchema(true).valueBlock.value;
  const octets = new Uint8Array((signed as BaseBlock).toBER(false));
  return signedDer(octets, "P-256", node.ecdsaSign("P-256", privateKey, octets));
}

function extended(id: string, value: string, critical = false): Uint8Array {
  return forged((block) => {
    const extensions = (block.extensions ?? []).filter(({ extnID }) => extnID !== id);
    block.extensions = [
      ...extensions,
      new Extension({ extnID: id, critical, extnValue: fromHex(value).slice().buffer as ArrayBuffer }),
    ];
  });
}

const basicConstraints = "2.5.29.19";
const keyUsage = "2.5.29.15";
const extendedKeyUsage = "2.5.29.37";
const subjectAltName = "2.5.29.17";
const subjectKeyIdentifier = "2.5.29.14";

describe("extensions", () => {
  it("say what they may say", () => {
    const of = (id: string, value: string, critical = false) => parseCertificate(extended(id, value, critical));
    expect(of(basicConstraints, "3000").authority).toBeUndefined();
    expect(of(basicConstraints, "30030101ff").authority).toEqual({});
    expect(of(basicConstraints, "30060101ff020103").authority).toEqual({ pathLength: 3 });
    expect(of("1.2.3.4", "0500", true).unknownCritical).toEqual(["1.2.3.4"]);
    expect(of("1.2.3.4", "0500").unknownCritical).toEqual([]);
    expect(of(keyUsage, "03020780").keyUsage).toEqual(["digitalSignature"]);
    expect(of(keyUsage, "0303070080").keyUsage).toEqual(["decipherOnly"]);
    expect(of(keyUsage, "030100").keyUsage).toEqual([]);
    expect(usageOf(of(keyUsage, "03020520"))).toBeUndefined();
    // Code signing; TLS without a signature; TLS by key usage alone.
    expect(usageOf(of(extendedKeyUsage, "300a06082b06010505070303"))).toBeUndefined();
    expect(usageOf(of(extendedKeyUsage, "300a06082b06010505070302"))).toBe("tls");
    expect(
      usageOf({ ...of(extendedKeyUsage, "300a06082b06010505070301"), keyUsage: ["keyAgreement"] }),
    ).toBeUndefined();
    expect(usageOf(of(keyUsage, "03020388"))).toBe("tls");
  });

  it("are refused malformed, of another type, twice", () => {
    for (const [id, value] of [
      [basicConstraints, "30060101ff0201ff"],
      [basicConstraints, "30120101ff020d01000000000000000000000000"],
      [basicConstraints, "0500"],
      [keyUsage, "0500"],
      [keyUsage, ""],
      [keyUsage, "0302078000"],
      [subjectKeyIdentifier, "020101"],
      [extendedKeyUsage, "020101"],
    ] as const) {
      expect(
        faultOf(() => parseCertificate(extended(id, value))),
        `${id} ${value}`,
      ).toBe("bad-certificate");
    }
    const twice = forged((block) => void block.extensions?.push(...(block.extensions ?? [])));
    expect(faultOf(() => parseCertificate(twice))).toBe("bad-certificate");
  });

  it("may be none at all", () => {
    const bare = parseCertificate(
      forged((block) => {
        delete block.extensions;
      }),
    );
    expect(bare).toMatchObject({ keyUsage: [], extendedKeyUsage: [], unknownCritical: [] });
    expect(bare).not.toHaveProperty("subjectKeyIdentifier");
    expect(usageOf(bare)).toBeUndefined();
  });
});

describe("a system title in the alternative name", () => {
  // otherName { hardwareModuleName, { 1.2.3, octets } }
  const hardware = (serial: string) => {
    const octets = `04${(serial.length / 2).toString(16).padStart(2, "0")}${serial}`;
    const size = (hex: string) => (hex.length / 2).toString(16).padStart(2, "0");
    const inner = `06022a03${octets}`;
    const sequence = `30${size(inner)}${inner}`;
    const name = `06082b06010505070804a0${size(sequence)}${sequence}`;
    return `a0${size(name)}${name}`;
  };
  const nameless = (value: string) =>
    parseCertificate(
      forged((block) => {
        block.subject.typesAndValues = [];
        block.subject.valueBeforeDecode = fromHex("3000").slice().buffer as ArrayBuffer;
        const extnValue = fromHex(value).slice().buffer as ArrayBuffer;
        block.extensions?.push(new Extension({ extnID: subjectAltName, critical: true, extnValue }));
      }),
    );
  const list = (...names: readonly string[]) => {
    const all = names.join("");
    return `30${(all.length / 2).toString(16).padStart(2, "0")}${all}`;
  };

  it("counts where the subject is empty and it has 8 octets", () => {
    expect(nameless(list(hardware("4d4d4d0000bc614e"))).systemTitle).toEqual(systemTitle);
    const behind = list("820161", hardware("4d4d4d0000bc614e"));
    expect(() => nameless(behind)).not.toThrow();
    expect(nameless(list(hardware("4d4d4d")))).not.toHaveProperty("systemTitle");
    expect(nameless(list("820161"))).not.toHaveProperty("systemTitle");
    expect(nameless(list("a006" + "06022a03" + "0500"))).not.toHaveProperty("systemTitle");
    expect(nameless(list("a00c" + "06082b06010505070804" + "0500"))).not.toHaveProperty("systemTitle");
    expect(nameless("0500")).not.toHaveProperty("systemTitle");
  });

  it("does not count beside a subject", () => {
    const named = parseCertificate(extended(subjectAltName, list(hardware("4d4d4d0000bc6150"))));
    expect(named.systemTitle).toEqual(systemTitle);
  });
});

describe("a certificate", () => {
  it("is of version 3, and names one signature algorithm and a time", () => {
    const codes = [
      forged((block) => {
        block.version = 1;
      }),
      forged((block) => {
        block.signature.algorithmId = "1.2.840.10045.4.3.3";
      }),
      ...[
        "170d3230313333323030303030305a",
        "17015a",
        "1700",
        "170d3230303130313939393939395a",
        "180f32303230303133323939393939395a",
      ].map((time) =>
        forged((block) => {
          const { result } = fromBER(fromHex(time).slice());
          Object.assign(block.notAfter, { toSchema: () => result });
        }),
      ),
    ].map((der) => faultOf(() => parseCertificate(der)));
    expect(new Set(codes)).toEqual(new Set(["bad-certificate"]));
  });

  it("has a name with one common name, or no system title", () => {
    const named = (hex: string) =>
      parseCertificate(
        forged((block) => {
          block.subject.valueBeforeDecode = fromHex(hex).slice().buffer as ArrayBuffer;
        }),
      );
    const common = "310f300d06035504030c06303130323033";
    const twice = named(`3022${common}${common}`);
    expect(twice.subjectName).toBe("CN=010203, CN=010203");
    expect(twice).not.toHaveProperty("systemTitle");
    expect(named("300e310c300a06032a03040c03616263").subjectName).toBe("1.2.3.4=abc");
  });

  it("has a compressed key: refused", () => {
    const compressed = forged((block) => {
      const point = Uint8Array.from([2, ...publicKey.subarray(0, 32)]);
      block.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView = point;
      block.subjectPublicKeyInfo.subjectPublicKey.valueBeforeDecodeView = new Uint8Array(0);
    });
    expect(faultOf(() => parseCertificate(compressed))).toBe("bad-public-key");
  });

  it("may begin before 1950 and end after 2049", () => {
    const times = { notBefore: Date.UTC(1940, 1, 29, 23, 59, 58), notAfter: Date.UTC(9999, 11, 31, 23, 59, 59) };
    expect(issue(times)).toMatchObject(times);
    const others = { notBefore: Date.UTC(1950, 0, 1), notAfter: Date.UTC(2049, 11, 31, 23, 59, 59) };
    expect(issue(others)).toMatchObject(others);
  });

  it("of an authority without a key identifier signs nevertheless", () => {
    const { subjectKeyIdentifier: own, ...certificate } = authority.certificate;
    expect(own).toHaveLength(20);
    const key = newKeyPair(node, "P-256", random);
    const other = new CertificateAuthority({
      ...{ provider: node, random, privateKey: key.privateKey },
      certificate: { ...certificate, publicKey: key.publicKey },
    });
    const issued = other.issue({ systemTitle, curve: "P-256", publicKey, usage: "tls", ...validity });
    expect(issued.authorityKeyIdentifier).toHaveLength(20);
    const check = { provider: node, certificate: issue(), anchors: [{ ...certificate }], at };
    expect(checkCertificate(check)).toHaveLength(2);
  });
});

describe("a private key", () => {
  const algorithm = "301306072a8648ce3d020106082a8648ce3d030107";
  const wrapped = (...items: readonly string[]) => {
    const value = items.map((hex) => fromBER(fromHex(hex).slice()).result);
    return new Uint8Array(new Sequence({ value: value as BaseBlock[] }).toBER(false));
  };

  it("is refused without one in it, of another length, of another shape", () => {
    const filler = `0481${(200).toString(16)}${"00".repeat(200)}`;
    const of = (...items: readonly string[]) => faultOf(() => parsePrivateKey(wrapped(...items, filler)));
    expect(of("020100", algorithm, "020100")).toBe("bad-private-key");
    expect(of("020100", algorithm, "04020500")).toBe("bad-private-key");
    expect(of("020100", algorithm, "04053003020101")).toBe("bad-private-key");
    expect(of("020100", algorithm, "0408300602010104010f")).toBe("bad-private-key");
    expect(of("020100", "300906072a8648ce3d0201", "040100")).toBe("wrong-curve");
    expect(of("020100", "300b06072a8648ce3d02010500", "040100")).toBe("wrong-curve");
  });
});

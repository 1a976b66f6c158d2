// General-ciphering and general-signing from the command line, with a meter of this process.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { T } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { AccessBit, allRights, dataObject, type Rights } from "@dlmskit/cosem-objects";
import { CertificateAuthority, certificatePem, privateKeyPem } from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { hls7, meter, serve, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dlms, folder } from "./run.ts";

const place = folder();
const file = (name: string, text: string): string => {
  const path = join(place.path, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const octets = (length: number, from: number) => Uint8Array.from({ length }, (_, at) => (from + at) & 0xff);
const clientTitle = fromHex("434c493030303031");
const meterTitle = fromHex("5453543030303031");
const keys = { encryptionKey: octets(16, 0), authenticationKey: octets(16, 0xd0), masterKey: octets(16, 0x40) };
const own = { digitalSignature: octets(32, 3), keyAgreement: octets(32, 13) };
const meters = { digitalSignature: octets(32, 5), keyAgreement: octets(32, 15) };
const curve = "P-256";
const validity = { notBefore: Date.UTC(2020, 0, 1), notAfter: Date.UTC(2050, 0, 1) };
const random = (count: number) => globalThis.crypto.getRandomValues(new Uint8Array(count));
const root = CertificateAuthority.root({ provider: node, random, curve, name: "CN=Root", ...validity });
const issued = (systemTitle: Uint8Array, pair: typeof own) =>
  (["digital-signature", "key-agreement"] as const).map((usage) => {
    const key = usage === "digital-signature" ? pair.digitalSignature : pair.keyAgreement;
    return root.issue({ systemTitle, curve, publicKey: node.publicKey(curve, key), usage, ...validity });
  });

let served: Awaited<ReturnType<typeof serve>>;
const writes: number[] = [];
const signedOnly = dataObject("0.0.96.1.12.255", { type: T.unsigned, value: 5 });

beforeAll(async () => {
  const value = dataObject(
    "0.0.96.1.11.255",
    { type: T.unsigned, value: 5 },
    {
      write: {
        value(values, written: number) {
          writes.push(written);
          values.value = written;
        },
      },
    },
  );
  const security = hls7({
    ...keys,
    privateKeys: meters,
    certificates: issued(clientTitle, own).map(({ der }) => der),
    trustAnchors: [root.certificate.der],
  });
  const { read, authenticatedRequest, encryptedRequest, signedRequest } = AccessBit;
  const all = read | authenticatedRequest | encryptedRequest | signedRequest;
  const access: Rights = {
    ...allRights,
    attribute: (object, id) => (object === signedOnly && id === 2 ? all : allRights.attribute(object, id)),
  };
  const made = meter({
    ...{ name: "TST0000000000001", systemTitle: meterTitle, objects: [value, signedOnly] },
    associations: { own: { client: 48, security, access } },
  });
  served = await serve(made, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });
});
afterAll(async () => {
  await served.close();
  place[Symbol.dispose]();
});

const certificates = file("meter.pem", issued(meterTitle, meters).map(certificatePem).join(""));
const signingKey = file("client.key.pem", privateKeyPem(node, curve, own.digitalSignature));

function call(command: string, args: readonly string[]) {
  const { host, port } = served.addresses.wrapper as { host: string; port: number };
  return dlms([
    ...[command, `${host}:${port}`, ...args, "--client", "48", "--auth", "hls-ecdsa", "--suite", "1"],
    ...["--ek", toHex(keys.encryptionKey), "--ak", toHex(keys.authenticationKey), "--counter", "none"],
    ...["--system-title", toHex(clientTitle), "--state", join(place.path, "state"), "--timeout", "5000"],
    ...["--signing-key", signingKey, "--certificate", certificates],
  ]);
}

const agreement = ["--agreement-key", toHex(own.keyAgreement)];
const ways = {
  "identified-key": [],
  "wrapped-key": ["--master-key", toHex(keys.masterKey)],
  "one-pass": agreement,
  static: agreement,
} as const;

describe("dlms read with general-ciphering and general-signing", () => {
  for (const [keyInfo, more] of Object.entries(ways)) {
    it(`--key-info ${keyInfo}, signed and not`, async () => {
      for (const sign of [[], ["--sign", "inside"], ["--sign", "outside"]]) {
        const how = ["--key-info", keyInfo, ...more, ...sign];
        const { code, stdout, stderr } = await call("read", ["0.0.96.1.11.255", "--json", ...how]);
        expect(stderr).toBe("");
        expect([code, JSON.parse(stdout).value]).toEqual([0, { type: "unsigned", value: 5 }]);
      }
    });
  }

  it("the trace shows the layers, opened", async () => {
    const how = ["--key-info", "wrapped-key", ...ways["wrapped-key"], "--sign", "inside", "--trace"];
    const { stderr } = await call("read", ["0.0.96.1.11.255", ...how]);
    expect(stderr).toMatch(/general-ciphering[\s\S]*plaintext: general-signing[\s\S]*contentPdu: get-request-normal/);
    expect(stderr).toMatch(/verified: the signature is right/);
    for (const key of [keys.masterKey, own.digitalSignature]) expect(stderr).not.toContain(toHex(key));
  });

  it("reads what needs a signed request only with one", async () => {
    const refused = await call("read", ["0.0.96.1.12.255"]);
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining("scope-of-access-violated")]);
    const { code, stdout } = await call("read", ["0.0.96.1.12.255", "--sign", "inside"]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ 5\b/)]);
  });

  it("names the option that is missing", async () => {
    const missing = async (...args: readonly string[]) => (await call("read", ["0.0.96.1.11.255", ...args])).stderr;
    expect(await missing("--key-info", "wrapped-key")).toContain("--master-key is missing");
    expect(await missing("--key-info", "static")).toContain("--agreement-key is missing");
  });

  it("dlms write signs, too, and what is done is done once", async () => {
    const { code, stderr } = await call("write", ["0.0.96.1.11.255", "7", "--sign", "inside"]);
    expect(stderr).toBe("");
    expect([code, writes]).toEqual([0, [7]]);
  });
});

// A meter of suite 1 that trusts a test authority: its certificates by the command, and its traffic over TLS.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { T } from "@dlmskit/apdu";
import { connect, type Session } from "@dlmskit/client";
import { fromHex, toHex } from "@dlmskit/core";
import { register } from "@dlmskit/cosem-objects";
import { parseCertificate } from "@dlmskit/security/certificates";
import { hls5, type Listening, lls, type Meter, meter, none, serve, tcp } from "@dlmskit/server";
import { systemClock, type TlsIdentity, tlsConnect, tlsListen } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dlms, dlmsProcess, folder, type Ran } from "./run.ts";

const title = "4d4d4d0000bc614e";
const hes = "4d4d4d0000000001";
const keys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
};
const place = folder();
const at = (name: string): string => join(place.path, name);
const pki = at("pki");
const energy = register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 4711, unit: "Wh" });
let running: Listening;

async function made(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await dlms(["cert", ...args]);
  expect(code, stderr).toBe(0);
}

function onMeter(command: string, ...args: readonly string[]): Promise<Ran> {
  return ranBy(dlms, command, ...args);
}

function ranBy(run: typeof dlms, command: string, ...args: readonly string[]): Promise<Ran> {
  const { host = "", port = 0 } = running.addresses.wrapper ?? {};
  const access = [
    "--client",
    "48",
    "--auth",
    "hls-gmac",
    "--suite",
    "1",
    "--system-title",
    hes,
    "--state",
    at("state"),
  ];
  const env = { DLMS_EK: toHex(keys.encryptionKey), DLMS_AK: toHex(keys.authenticationKey) };
  return run(["cert", command, `${host}:${port}`, ...args, ...access, "--json"], { env });
}

const documents = ({ stdout, stderr }: Ran) => {
  expect(stdout, stderr).not.toBe("");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
};

beforeAll(async () => {
  await made("ca", "new", "-o", pki);
  const der = (name: string) => parseCertificate(readFileSync(join(pki, name))).der;
  const acme: Meter = meter({
    ...{ name: "ACM0000000000001", systemTitle: fromHex(title), objects: [energy] },
    associations: {
      public: { client: 16, security: none(), access: "public" },
      admin: {
        ...{ client: 48, access: "full" },
        security: hls5({ ...keys, suite: 1, trustAnchors: [der("root.pem")], certificates: [der("sub.pem")] }),
      },
    },
  });
  running = await serve(acme, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });
});

afterAll(async () => {
  await running.close();
  place[Symbol.dispose]();
});

describe("dlms cert, on a meter", () => {
  it("enrols it, renews it, lists and exports what it has, gives it others'", async () => {
    const [first] = documents(
      await onMeter("renew", "--ca", pki, "--usage", "signature", "--days", "20", "-o", at("m.pem")),
    );
    expect(first.certificate).toMatchObject({ systemTitle: title, usage: "digital-signature" });
    const [second] = documents(await onMeter("renew", "--ca", pki, "--usage", "signature"));
    expect(second.certificate.publicKey).not.toBe(first.certificate.publicKey);

    await made("issue", "--ca", pki, "--system-title", hes, "--usage", "signature", "-o", at("hes.pem"));
    const [imported] = documents(await onMeter("import", at("hes.pem")));
    expect(imported.imported.systemTitle).toBe(hes);

    const listed = documents(await onMeter("list"));
    expect(listed.map(({ entity, certificate }) => [entity, certificate.subject])).toEqual([
      ["certification-authority", "CN=Test authority"],
      ["certification-authority", "CN=Test authority, issuing"],
      ...["server", "server"].map((entity) => [entity, "CN=4D4D4D0000BC614E"]),
      ["client", "CN=4D4D4D0000000001"],
    ]);
    const [own] = documents(await onMeter("export", "--usage", "signature", "-o", at("exported.pem")));
    expect(own.certificate).toEqual(second.certificate);
    expect(readFileSync(at("exported.pem"))).toEqual(readFileSync(second.written[0]));
    const [bySerial] = documents(await onMeter("export", "--serial", first.certificate.serialNumber));
    expect(bySerial.pem).toBe(readFileSync(at("m.pem"), "latin1"));
  });

  it("is renewed by two at once: the meter and the folder agree on what was issued", async () => {
    const serials = async () => {
      const listed = documents(await onMeter("list")).filter(({ entity }) => entity === "server");
      return listed.map(({ serialNumber }) => serialNumber as string).sort();
    };
    const issued = () => readdirSync(join(pki, "issued")).map((name) => name.replace(".pem", ""));
    const before = await serials();
    const both = await Promise.all([1, 2].map(() => ranBy(dlmsProcess, "renew", "--ca", pki, "--usage", "agreement")));
    const good = both.flatMap((ran) => (ran.code === 0 ? documents(ran) : []));
    expect(good.length, both.map(({ stdout }) => stdout).join("")).toBeGreaterThan(0);
    const renewed = (await serials()).filter((serial) => !before.includes(serial));
    expect(renewed).toEqual(good.map(({ certificate }) => certificate.serialNumber as string).sort());
    for (const serial of renewed) expect(issued()).toContain(serial);
    // What the meter has now is of the key that it uses.
    const [last] = documents(await onMeter("renew", "--ca", pki, "--usage", "agreement"));
    expect(last.certificate.systemTitle).toBe(title);
  });

  it("is refused by it, and neither the meter nor the folder has changed", async () => {
    await made("ca", "new", "-o", at("stranger"));
    const state = async () => [documents(await onMeter("list")), readdirSync(join(at("stranger"), "issued"))];
    const before = await state();
    const renewed = await onMeter("renew", "--ca", at("stranger"), "--usage", "signature", "-o", at("none.pem"));
    expect([renewed.code, documents(renewed)[0].fault.code]).toEqual([1, "other-reason"]);
    const twice = await onMeter("import", at("hes.pem"));
    expect([twice.code, documents(twice)[0].fault.code]).toEqual([1, "other-reason"]);
    const unknown = await onMeter("export", "--serial", "00ff");
    expect([unknown.code, documents(unknown)[0].fault.code]).toEqual([1, "unknown-certificate"]);
    expect((await onMeter("export")).code).toBe(2);
    expect((await onMeter("export", "--entity", "client", "--usage", "tls")).code).toBe(2);
    expect(await state()).toEqual(before);
    expect(readdirSync(place.path)).not.toContain("none.pem");
  });
});

describe("a meter over TLS, by certificates of the command", () => {
  const identity = (name: string): TlsIdentity => ({
    certificate: readFileSync(at(`${name}.pem`), "latin1"),
    privateKey: readFileSync(at(`${name}.key.pem`), "latin1"),
    authorities: readFileSync(join(pki, "root.pem"), "latin1"),
    revocationLists: ["root", "sub"].map((one) => readFileSync(join(pki, `${one}.crl.pem`), "latin1")),
  });
  const served = (failed: (code: string) => void) => {
    const acme = meter({
      ...{ name: "ACM0000000000002", systemTitle: fromHex(title), objects: [energy] },
      associations: { reader: { client: 32, security: lls("12345678"), access: "read" } },
    });
    return serve(acme, {
      on: {
        tls: {
          link: () => new WrapperServerLink(),
          listen: (accept, maxConnections) =>
            tlsListen({
              ...identity("tls-meter"),
              port: 0,
              accept,
              maxConnections,
              failed: ({ code }) => failed(code),
            }),
        },
      },
    });
  };
  const open = async (port: number, of: string, peerSystemTitle = fromHex(title)): Promise<Session> =>
    connect(
      {
        duplex: await tlsConnect("127.0.0.1", port, { ...identity(of), peerSystemTitle }),
        link: new WrapperClientLink({ client: 32, server: 1 }),
      },
      { clock: systemClock, mechanism: 1, secret: new TextEncoder().encode("12345678"), timeout: 5000 },
    );

  it("is read by whom the authority knows, until that one is revoked", async () => {
    await made("issue", "--ca", pki, "--system-title", title, "--usage", "tls", "-o", at("tls-meter.pem"));
    await made("issue", "--ca", pki, "--system-title", hes, "--usage", "tls", "-o", at("tls-hes.pem"));
    await made("issue", "--ca", at("stranger"), "--system-title", hes, "--usage", "tls", "-o", at("tls-stranger.pem"));
    const read = async (session: Session) => {
      await using one = session;
      return await one.read({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }, T.doubleLongUnsigned);
    };
    const failures: string[] = [];
    {
      await using listening = await served((code) => failures.push(code));
      const { port } = listening.addresses.tls ?? { port: 0 };
      expect(await read(await open(port, "tls-hes"))).toBe(4711);
      await expect(open(port, "tls-hes", fromHex(hes))).rejects.toMatchObject({ code: "wrong-subject" });
      await expect(open(port, "tls-stranger")).rejects.toMatchObject({ name: "Fault" });
      // OpenSSL misses the stranger's list before it misses the stranger's authority.
      expect(failures).toEqual([expect.stringMatching(/^(unknown-issuer|revocation-unknown)$/)]);
    }
    await made("revoke", at("tls-hes.pem"), "--ca", pki);
    await using listening = await served((code) => failures.push(code));
    await expect(open(listening.addresses.tls?.port ?? 0, "tls-hes")).rejects.toMatchObject({ name: "Fault" });
    expect(failures.at(-1)).toBe("revoked");
  });
});

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check, revoke } from "../src/cert/check.ts";
import { issue, newAuthority, request } from "../src/cert/issue.ts";
import { dlms, folder, type Ran } from "./run.ts";

const title = "4d4d4d0000bc614e";
const place = folder();
const at = (name: string): string => join(place.path, name);
const printed: string[] = [];

async function cert(...args: readonly string[]): Promise<Ran> {
  const ran = await dlms(["cert", ...args]);
  printed.push(ran.stdout, ran.stderr);
  return ran;
}

/** Every file below a folder, with what is in it and who may read it. */
function snapshot(path = place.path): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file, `${(statSync(file).mode & 0o777).toString(8)} ${readFileSync(file, "base64")}`];
    }),
  );
}

beforeAll(async () => {
  expect((await cert("ca", "new", "-o", at("pki"))).code).toBe(0);
});

afterAll(() => place[Symbol.dispose]());

describe("dlms cert", () => {
  it("makes an authority, once; keys are for their owner's eyes", async () => {
    const before = snapshot();
    expect(Object.keys(before)).toHaveLength(6);
    for (const [file, content] of Object.entries(before)) {
      expect(content.startsWith(file.endsWith(".key.pem") ? "600 " : "644 "), file).toBe(true);
    }
    const again = await cert("ca", "new", "-o", at("pki"), "--json");
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout).fault.code).toBe("file-exists");
    expect(snapshot()).toEqual(before);
  });

  it("issues for a request and for a title, checks, shows, revokes, and tells what ends", async () => {
    expect((await cert("csr", "--system-title", title, "-o", at("m.csr"))).code).toBe(0);
    const signature = ["--usage", "signature", "-o", at("m.pem"), "--days", "20"];
    const issued = await cert("issue", "--ca", at("pki"), "--csr", at("m.csr"), ...signature, "--json");
    expect(issued.code, issued.stderr).toBe(0);
    const { written, certificate } = JSON.parse(issued.stdout);
    expect(written).toEqual([at("m.pem")]);
    expect(certificate).toMatchObject({ subject: "CN=4D4D4D0000BC614E", usage: "digital-signature", curve: "P-256" });
    const tls = ["--usage", "tls", "-o", at("tls.pem")];
    expect((await cert("issue", "--ca", at("pki"), "--system-title", title, ...tls)).stdout).toBe(
      `written: ${at("tls.pem")}\nwritten: ${at("tls.key.pem")}\n`,
    );
    expect(statSync(at("tls.key.pem")).mode & 0o777).toBe(0o600);

    const shown = await cert("show", at("m.csr"), at("tls.pem"), at("tls.key.pem"), at("pki/sub.crl.pem"));
    expect(shown.stdout.match(/^\S.*$/gm)).toEqual([
      "certificate signing request",
      ...["certificate", "certificate", "private key (not shown)", "revocation list"],
    ]);
    const [own] = (await cert("show", at("m.pem"), "--json")).stdout.split("\n");
    expect(JSON.parse(own ?? "").certificate).toEqual(certificate);

    const valid = await cert("check", at("m.pem"), "--ca", at("pki"), "--usage", "signature", "--suite", "1");
    expect(valid.stdout).toMatch(
      /^valid at .*: CN=4D4D4D0000BC614E ← CN=Test authority, issuing ← CN=Test authority\n$/,
    );
    const late = await cert("check", at("m.pem"), "--ca", at("pki"), "--at", "2090-01-01", "--json");
    expect([late.code, JSON.parse(late.stdout).fault.code]).toEqual([1, "expired"]);

    const ending = await cert("expiring", "--within", "30", "--ca", at("pki"), "--json");
    expect(JSON.parse(ending.stdout)).toMatchObject({ serialNumber: certificate.serialNumber, days: 19 });
    const revoked = await cert("revoke", certificate.serialNumber, "--ca", at("pki"));
    expect(revoked.stdout).toBe(`revoked: ${certificate.serialNumber} (CN=4D4D4D0000BC614E)\n`);
    const refused = await cert("check", at("m.pem"), "--ca", at("pki"));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("(security revoked)")]);
    expect((await cert("expiring", "--within", "30", "--ca", at("pki"))).stdout).toBe(
      "no certificate expires within 30 days\n",
    );
  });

  it("says what is missing: exit code 2", async () => {
    for (const args of [
      ["issue", "--ca", at("pki"), "--usage", "tls", "-o", at("x.pem")],
      ["issue", "--ca", at("pki"), "--usage", "all", "-o", at("x.pem")],
      ["expiring", "--within", "30"],
      ["check", at("m.pem"), "--ca", at("pki"), "--at", "noon"],
      ["ca"],
    ]) {
      expect((await cert(...args)).code, args.join(" ")).toBe(2);
    }
  });

  it("has an example of everything in its help", async () => {
    const names = ["issue", "revoke", "csr", "show", "check", "expiring", "list", "import", "export", "renew"];
    for (const { code, stdout } of await Promise.all(names.map((name) => cert(name, "--help")))) {
      expect([code, stdout]).toEqual([0, expect.stringContaining("Example: dlms cert ")]);
    }
  });
});

describe("what is refused leaves the files as they were", () => {
  const quietly = (run: () => void): void => {
    const write = process.stdout.write;
    process.stdout.write = () => true;
    try {
      run();
    } finally {
      process.stdout.write = write;
    }
  };
  const codeOf = (run: () => void): string => {
    try {
      quietly(run);
    } catch (caught) {
      return (caught as { code: string }).code;
    }
    return "done";
  };
  const pki = at("own");
  beforeAll(() => {
    quietly(() => {
      newAuthority({ output: pki, curve: "P-256", name: "Own" });
      newAuthority({ output: at("other"), curve: "P-384", name: "Other" });
      request({ systemTitle: title, output: at("own.csr"), curve: "P-256" });
      issue({ ca: at("other"), systemTitle: title, usage: "signature", output: at("foreign.pem") });
      issue({ ca: pki, systemTitle: title, usage: "signature", output: at("mine.pem") });
    });
  });

  it.each([
    ["file-exists", () => issue({ ca: pki, systemTitle: title, usage: "tls", output: at("mine.pem") })],
    ["file-exists", () => issue({ ca: pki, systemTitle: title, usage: "tls", output: at("y"), key: at("own.csr") })],
    ["not-written", () => issue({ ca: pki, systemTitle: title, usage: "tls", output: at("no/such/y.pem") })],
    ["not-written", () => issue({ ca: pki, systemTitle: title, usage: "tls", output: at("y"), key: at("no/y") })],
    ["no-such-file", () => issue({ ca: at("nowhere"), systemTitle: title, usage: "tls", output: at("y") })],
    ["bad-option", () => issue({ ca: pki, systemTitle: title, usage: "tls", output: at("y"), days: 36_500 })],
    ["bad-option", () => issue({ ca: pki, usage: "tls", output: at("y") })],
    [
      "wrong-subject",
      () => issue({ ca: pki, csr: at("own.csr"), systemTitle: "00".repeat(8), usage: "tls", output: at("y") }),
    ],
    ["bad-pem", () => issue({ ca: pki, csr: at("mine.pem"), usage: "tls", output: at("y") })],
    ["unknown-issuer", () => revoke(at("foreign.pem"), { ca: pki })],
    ["unknown-issuer", () => revoke(join(pki, "root.pem"), { ca: pki })],
    ["no-such-file", () => revoke("00ff", { ca: pki })],
    ["unknown-issuer", () => check(at("foreign.pem"), { ca: pki })],
    ["wrong-curve", () => check(at("foreign.pem"), { ca: at("other"), suite: 1 })],
    ["wrong-subject", () => check(at("mine.pem"), { ca: pki, systemTitle: "00".repeat(8) })],
    ["wrong-usage", () => check(at("mine.pem"), { ca: pki, usage: "agreement" })],
    ["not-yet-valid", () => check(at("mine.pem"), { ca: pki, at: 0 })],
    ["file-exists", () => newAuthority({ output: at("mine.pem"), curve: "P-256", name: "Again" })],
    ["file-exists", () => request({ systemTitle: title, output: at("own.csr"), curve: "P-256" })],
  ])("%s", (code, run) => {
    const before = snapshot();
    expect(codeOf(run)).toBe(code);
    expect(snapshot()).toEqual(before);
  });

  const derOf = (pem: string): string => Buffer.from(pem.split("\n").slice(1, -2).join(""), "base64").toString("hex");

  it("a request of which any character is another", () => {
    const pem = readFileSync(at("own.csr"), "latin1");
    const body = pem.split("\n").slice(1, -2).join("").length;
    fc.assert(
      fc.property(fc.nat(body - 1), fc.constantFrom(..."ABYZabyz0189+/"), (index, letter) => {
        const place = pem.indexOf("\n") + 1 + index + Math.floor(index / 64);
        const altered = pem.slice(0, place) + letter + pem.slice(place + 1);
        // The bits behind the last octet mean nothing in base64: another character there may be the same request.
        fc.pre(derOf(altered) !== derOf(pem));
        writeFileSync(at("altered.csr"), altered);
        const before = snapshot();
        expect(codeOf(() => issue({ ca: pki, csr: at("altered.csr"), usage: "tls", output: at("z") }))).not.toBe(
          "done",
        );
        expect(snapshot()).toEqual(before);
      }),
    );
  });

  it("and no key is ever shown", () => {
    const secrets = Object.keys(snapshot())
      .filter((file) => file.endsWith(".key.pem"))
      .map((file) => readFileSync(file, "latin1").split("\n")[1] ?? "");
    expect(secrets.length).toBeGreaterThan(4);
    for (const secret of secrets) expect(printed.join("")).not.toContain(secret);
  });
});

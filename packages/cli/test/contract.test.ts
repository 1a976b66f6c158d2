// What scripts rely on: lines in and out, exit codes, where faults stand, and that no key is ever shown.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dlms, folder } from "./run.ts";

const request = "c001c100030100010800ff0200";
const ek = "000102030405060708090a0b0c0d0e0f";
const ak = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf";
const ciphered = "c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b";

describe("decode", () => {
  it("answers each line with one line, in order, faults in place, and fails at the end", async () => {
    const lines = [request, "zz", "", "0f00", "7ea00802232193bd657e7ea00802232193bd647e", `${request.slice(0, -2)}`];
    const { code, stdout, stderr } = await dlms(["decode", "-", "--json"], { input: `${lines.join("\n")}\n` });
    const answers = stdout.trimEnd().split("\n");
    expect(answers).toHaveLength(lines.length);
    const documents = answers.map((line) => JSON.parse(line));
    expect(documents).toMatchObject([
      {
        ...{ apdu: "get-request-normal", invokeId: 1, priority: "high", serviceClass: "confirmed" },
        attribute: { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 },
      },
      { fault: { code: "bad-hex", offset: 0 } },
      { fault: { code: "truncated" } },
      { type: "integer", value: 0 },
      [{ fault: { code: "fcs-mismatch" } }, { layer: "hdlc", frame: "snrm" }],
      { fault: { code: "truncated", layer: "xdlms", path: "get-request-normal.access" } },
    ]);
    expect(code).toBe(1);
    expect(stderr).toBe("");
  });

  it("ends with 0 when every line was read; hex in any of its ways", async () => {
    const input = `${request}\r\nC0 01 C1 00 03 01 00 01 08 00 FF 02 00\nc0:01:c1:00:03:01:00:01:08:00:ff:02:00`;
    const { code, stdout } = await dlms(["decode", "--json"], { input });
    const answers = stdout.trimEnd().split("\n");
    expect(new Set(answers).size).toBe(1);
    expect(answers).toHaveLength(3);
    expect(code).toBe(0);
  });

  it("reads a file of lines, and raw octets", async () => {
    using place = folder();
    const lines = join(place.path, "lines.txt");
    writeFileSync(lines, `${request}\n1200e6\n`);
    const several = await dlms(["decode", lines, "--json"]);
    expect(
      several.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ apdu: "get-request-normal" }, { type: "long-unsigned", value: 230 }]);
    const raw = join(place.path, "raw.bin");
    writeFileSync(raw, Buffer.from(request, "hex"));
    expect(JSON.parse((await dlms(["decode", raw, "--json"])).stdout)).toMatchObject({ apdu: "get-request-normal" });
  });

  it("for people: the tree on stdout; a fault on stderr with what, where and what to try", async () => {
    const good = await dlms(["decode", "12", "00", "e6"]);
    expect(good).toMatchObject({ code: 0, stderr: "" });
    expect(good.stdout).toBe("0  12 00 e6                 data: long-unsigned 230\n");
    const bad = await dlms(["decode", request.slice(0, -2)]);
    expect(bad.code).toBe(1);
    // What could be read stands before the fault.
    expect(bad.stdout).toContain("instanceId: 1.0.1.8.0.255");
    expect(bad.stderr).toBe(
      "error: wanted 1 octet, 0 left (xdlms truncated)\n  at: octet 12, get-request-normal.access\n",
    );
    const none = await dlms(["decode", "no-such-file"]);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain("try: give octets in hex, a file, or - for standard input");
  });

  it("deciphers with keys of options and of the environment, and shows none of them", async () => {
    const title = ["--system-title", "4d4d4d0000bc614e"];
    const byOption = await dlms(["decode", ciphered, "--ek", ek, "--ak", ak, ...title, "--json"]);
    expect(JSON.parse(byOption.stdout)).toMatchObject({
      ...{ apdu: "glo-get-request", verified: true },
      plaintext: { apdu: "get-request-normal", attribute: { classId: 8, instanceId: "0.0.1.0.0.255" } },
    });
    const env = { DLMS_EK: ek, DLMS_AK: ak.replace(/0/g, "1") };
    const wrong = await dlms(["decode", ciphered, ...title], { env });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("security bad-tag");
    const slip = await dlms(["decode", ciphered, "--ek", `${ek}0`, ...title]);
    expect(slip.code).toBe(2);
    for (const { stdout, stderr } of [byOption, wrong, slip]) {
      for (const key of [ek, ak, env.DLMS_AK]) expect(stdout + stderr).not.toContain(key.slice(0, 20));
    }
  });

  it("the XML form, one line for each of many", async () => {
    const { stdout } = await dlms(["decode", "-", "--xml"], { input: `${request}\n1200e6\n` });
    const [apdu, data] = stdout.trimEnd().split("\n");
    expect(apdu).toMatch(/^<GetRequest><GetRequestNormal>.*<\/GetRequest>$/);
    expect(data).toMatch(/^<UInt16 Value="00E6" \/>$|^<LongUnsigned Value="00E6" \/>$/);
    const back = await dlms(["encode", "-"], { input: stdout });
    expect(back.stdout).toBe(`${request}\n1200e6\n`);
  });
});

describe("encode", () => {
  it("answers each line with one line, faults in place", async () => {
    const lines = [
      '{"type": "long-unsigned", "value": 230}',
      '{"type": "long64", "value": "-9223372036854775808"}',
      "not json",
      '{"type": "unsigned", "value": 256}',
      '[{"type": "boolean", "value": true}, {"type": "null-data"}]',
    ];
    const { code, stdout } = await dlms(["encode", "-"], { input: `${lines.join("\n")}\n` });
    const answers = stdout.trimEnd().split("\n");
    expect(answers).toHaveLength(lines.length);
    expect([answers[0], answers[1], answers[4]]).toEqual(["1200e6", "148000000000000000", "030100"]);
    expect(JSON.parse(answers[2] ?? "")).toMatchObject({ fault: { code: "bad-json" } });
    expect(JSON.parse(answers[3] ?? "")).toMatchObject({ fault: { code: "out-of-range" } });
    expect(code).toBe(1);
  });

  it("a document over several lines, from a file and from standard input", async () => {
    using place = folder();
    const path = join(place.path, "request.json");
    const { stdout: json } = await dlms(["decode", request, "--json"]);
    const document = `${JSON.stringify(JSON.parse(json), undefined, 2)}\n`;
    writeFileSync(path, document);
    expect((await dlms(["encode", path])).stdout).toBe(`${request}\n`);
    expect((await dlms(["encode"], { input: document })).stdout).toBe(`${request}\n`);
    expect(JSON.parse((await dlms(["encode", path, "--json"])).stdout)).toEqual({ hex: request });
  });
});

describe("usage", () => {
  it.each([
    ["an unknown command", ["frobnicate"]],
    ["an unknown option", ["decode", request, "--loud"]],
    ["a layer that is none", ["decode", request, "--as", "tcp"]],
    ["no host", ["read"]],
    ["a client that is no number", ["read", "127.0.0.1", "--client", "utility"]],
    ["a host that is none", ["read", "127.0.0.1:70000"]],
    ["a password that is missing", ["read", "127.0.0.1:4059", "--auth", "lls"]],
  ])("%s: 2, and nothing on stdout", async (_, args) => {
    const { code, stdout, stderr } = await dlms(args);
    expect(code, stderr).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("error: ");
  });

  it.each([
    ["two forms at once", ["decode", request, "--json", "--xml"]],
    ["an unknown command", ["frobnicate", "--json"]],
    ["an unknown option", ["read", "127.0.0.1", "--json", "--loud"]],
    ["no host", ["read", "--json"]],
    ["a name that is none", ["read", "127.0.0.1:1", "no-name", "--json"]],
    ["a password that is missing", ["read", "127.0.0.1:1", "--auth", "lls", "--json"]],
    ["a quirk that is none", ["read", "127.0.0.1:1", "--quirk", "nonsense", "--json"]],
    ["a quirk of another link", ["read", "127.0.0.1:1", "--quirk", "echo", "--json"]],
    [
      "a range that ends before it starts",
      ["profile", "127.0.0.1:1", "1.0.99.1.0.255", "--json", "--from", "-1d", "--to", "-2d"],
    ],
    ["entries that end before they start", ["profile", "127.0.0.1:1", "1.0.99.1.0.255", "--json", "--entries", "3..1"]],
    ["entry 0", ["profile", "127.0.0.1:1", "1.0.99.1.0.255", "--json", "--entries", "0..1"]],
    ["a password that is too short", ["read", "127.0.0.1:1", "--json", "--auth", "lls", "--password", "abc"]],
  ])("%s with --json: 2, and a document", async (_, args) => {
    const { code, stdout, stderr } = await dlms(args);
    expect(code, stdout + stderr).toBe(2);
    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(stdout).fault.message).not.toBe("");
  });

  it("--version", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
    expect(await dlms(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it("an error of the operating system is a fault that names the path", async () => {
    using place = folder();
    const ran = await dlms(["read", "127.0.0.1:1", "--client", "48", "--keys", place.path, "--json"]);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout).fault.message).toContain(place.path);
    writeFileSync(join(place.path, "state"), "");
    const state = ["--state", join(place.path, "state"), "--ek", ek, "--ak", ak];
    const other = await dlms(["read", "127.0.0.1:1", "--client", "48", "--auth", "hls-gmac", ...state, "--json"]);
    expect(JSON.parse(other.stdout).fault).toMatchObject({ code: "system-error", detail: "EEXIST" });
  });

  it("--help of every command has an example and ends with 0", async () => {
    const { code, stdout } = await dlms(["--help"]);
    expect(code).toBe(0);
    const names = [...stdout.matchAll(/^ {2}([a-z]+) /gm)]
      .map(([, name]) => name as string)
      .filter((n) => n !== "help");
    expect(names).toEqual(expect.arrayContaining(["decode", "encode", "simulate", "read", "profile", "discover"]));
    const helps = await Promise.all(names.map((name) => dlms([name, "--help"])));
    helps.forEach((help, at) => {
      expect(help.code, names[at]).toBe(0);
      expect(help.stdout, names[at]).toMatch(/Examples?:/);
    });
  });
});

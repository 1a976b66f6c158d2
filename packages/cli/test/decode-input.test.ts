// What people give to decode and encode as a file, an argument or standard input; the notations are tested in capture.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dlms, folder } from "./run.ts";

const forms = join(import.meta.dirname, "../../../test-vectors/forms");
const field = join(import.meta.dirname, "../../../test-vectors/field");

it("the same frame from files of several notations, by the JSON too; a guess is said on stderr", async () => {
  const names = ["0x-unpadded", "base64", "binary", "esphome", "python-bytes", "wireshark-no-ascii"];
  expect(readdirSync(forms)).toEqual(expect.arrayContaining(names));
  const found = await Promise.all(names.map((name) => dlms(["decode", join(forms, name), "--json"])));
  expect(new Set(found.map(({ stdout }) => stdout)).size).toBe(1);
  expect(found.every(({ code }) => code === 0)).toBe(true);
  expect(found[1]?.stderr).toBe("note: line 1: taken as base64\n");
  expect(found[4]?.stderr).toBe("");
}, 120_000);

it("a frame over lines of standard input; prose of a log is left out, which is said", async () => {
  const input =
    "connected\n7E A0 2A 41 08 83 13 04 13 E6 E7 00 0F 40 00 00\n00 00 01 01 02 03 09 06 01 00 01 07 00 FF 06 00\n00 01 70 02 02 0F 00 16 1B 5D B7 7E\n";
  const { code, stdout, stderr } = await dlms(["decode", "-"], { input });
  expect(stdout).toContain("double-long-unsigned 368");
  expect(stderr).toBe("note: line 2: 3 lines are taken as one\nnote: line 1 without octets left out\n");
  expect(code).toBe(0);
});

it("--unverified, marked in text and JSON", async () => {
  const hex = "c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b";
  const keys = ["--ek", "000102030405060708090a0b0c0d0e0f", "--system-title", "4d4d4d0000bc614e", "--unverified"];
  expect((await dlms(["decode", hex, ...keys])).stdout).toContain(
    "verified: NOT VERIFIED: there is no authentication key",
  );
  expect(JSON.parse((await dlms(["decode", hex, ...keys, "--json"])).stdout)).toMatchObject({
    verified: false,
    notVerified: "there is no authentication key",
    plaintext: { apdu: "get-request-normal" },
  });
});

it("F27: XML over lines of standard input; --decimal; numbers that may be either are refused", async () => {
  const lines = '<Structure Qty="02"><Int8 Value="01"/>\n<Int8 Value="02"/></Structure>\n<UInt8 Value="01"/>\n';
  expect(await dlms(["encode", "-"], { input: lines })).toMatchObject({ code: 0, stdout: "02020f010f02\n1101\n" });
  using place = folder();
  const path = join(place.path, "number.xml");
  writeFileSync(path, '<UInt16 Value="15" />\n');
  expect(await dlms(["encode", path, "--decimal"])).toMatchObject({ code: 0, stdout: "12000f\n" });
  const refused = await dlms(["encode", path]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("try: use --decimal if numbers are decimal");
  const said = await dlms(["encode", join(field, "kreut.xml")]);
  expect(said.stdout).toMatch(/^0f00863a0f.*06000004d2\n$/);
  expect(said.stderr).toContain("note: numbers are taken as decimal");
}, 120_000);

// Where no code may be made of text, and where it was switched off, codecs give the same values and octets without it.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

// One GET.request and one GET.response with a structure, there and back, more often than a program is made after.
const script = `
  import { decodeApdu, encodeApdu, T } from "@dlmskit/apdu";
  import { decode, encode, fromHex, setCompilation, toHex } from "@dlmskit/core";
  let made = 0;
  const counted = new Proxy(globalThis.Function, {
    construct(target, parts) { made++; return Reflect.construct(target, parts); },
    apply(target, self, parts) { made++; return Reflect.apply(target, self, parts); },
  });
  globalThis.Function = counted;
  SWITCH
  const Row = T.structure({ id: T.octetStringOf(4), value: T.doubleLongUnsigned, list: T.array(T.longUnsigned) });
  const row = fromHex("020309040102030406000003e80102120001120002");
  const apdus = ["c001c100030100010800ff0200", "c401c10006000003e8"].map(fromHex);
  for (let at = 0; at < 200; at++) {
    for (const apdu of apdus) if (toHex(encodeApdu(decodeApdu(apdu))) !== toHex(apdu)) throw new Error("not the same");
    if (toHex(encode(Row, decode(Row, row))) !== toHex(row)) throw new Error("not the same");
  }
  console.log(made);
`;

const child = (flags: readonly string[], setting: string): number =>
  Number(
    execFileSync(
      process.execPath,
      [...flags, "--conditions=dlmskit-source", "--input-type=module", "-e", script.replace("SWITCH", setting)],
      { cwd: join(import.meta.dirname, ".."), encoding: "utf8" },
    ),
  );
const forbidden = ["--disallow-code-generation-from-strings"];

describe("codecs as programs", () => {
  it("are made where they may be", () => {
    expect(child([], "")).toBeGreaterThan(2);
  });

  it("are tried once where the platform makes no code of text, and the codecs go on", () => {
    expect(child(forbidden, "")).toBe(1);
  });

  it("are never tried once they are switched off", () => {
    expect(child(forbidden, "setCompilation(false);")).toBe(0);
    expect(child([], "setCompilation(false);")).toBe(0);
  });
});

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dlms, folder } from "./run.ts";

let script: string;
beforeAll(async () => {
  script = (await dlms(["completion", "bash"])).stdout;
});

/** What bash offers for the last of the words. */
function offered(...words: string[]): string[] {
  using place = folder();
  const path = join(place.path, "dlms.bash");
  writeFileSync(path, script);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const run = `source '${path}'; COMP_WORDS=(dlms ${quoted}); COMP_CWORD=${words.length}; _dlms; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", run], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line !== "");
}

describe("bash", () => {
  it.each<[string[], string[]]>([
    [["pro"], ["profile"]],
    [["completion", "z"], ["zsh"]],
    [
      ["read", "--link", ""],
      ["wrapper", "hdlc", "mbus"],
    ],
    [["read", "127.0.0.1", "--quirk", "any"], ["any-wport"]],
    [["read", "--trac"], ["--trace"]],
    [["key", "ro"], ["rotate"]],
    [["key", "new", "--out"], ["--output"]],
    [["read", "--password", ""], []],
  ])("%j", (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });
});

it.each(["zsh", "fish"])("%s knows every command and the choices", async (shell) => {
  const { code, stdout } = await dlms(["completion", shell]);
  expect(code).toBe(0);
  for (const word of ["decode", "profile", "discover", "any-wport", "hls-gmac", "trace"])
    expect(stdout).toContain(word);
});

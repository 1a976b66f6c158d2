// The guide for a program of one's own: its steps in a clone. `pnpm packed` does those with tarballs.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { isLong } from "./campaign.ts";
import { root } from "./code-blocks.ts";

const guide = readFileSync(join(root, "docs/guides/run-your-own-program.md"), "utf8");
const blocks = (language: string): readonly string[] =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, code = ""]) => code);
const [program = ""] = blocks("ts");
const [options = ""] = blocks("json");
const [, printed = ""] = /^It prints `(.*?)`/m.exec(guide) ?? [];
const command = (start: string): string => blocks("sh").find((one) => one.startsWith(start)) ?? "";

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
};

it("is named in the README and among the guides", () => {
  for (const page of ["README.md", "docs/README.md"]) {
    expect(readFileSync(join(root, page), "utf8"), page).toContain("run-your-own-program.md");
  }
});

it.runIf(isLong && process.platform !== "win32")(
  "runs in a clone by the commands of the guide, and compiles",
  async () => {
    mkdirSync(join(root, ".dlmskit"), { recursive: true });
    const folder = mkdtempSync(join(root, ".dlmskit/own-"));
    const place = relative(root, folder);
    const run = async (text: string) => {
      const [file = "", ...args] = text.trim().split(" ");
      const placed = args.map((one) => (/^(my-meter|tsconfig\.my)/.test(one) ? join(place, one) : one));
      return promisify(execFile)(file, placed, { cwd: root });
    };
    try {
      const port = String(await freePort());
      writeFileSync(join(folder, "my-meter.ts"), program.replace("4060", port));
      writeFileSync(join(folder, "tsconfig.my.json"), options.replace("./tsconfig.base", "../../tsconfig.base"));
      expect(await run(command("node_modules/.bin/node"))).toEqual({
        stdout: `${printed.replace("4060", port)}\n`,
        stderr: "",
      });
      expect((await run(command("node_modules/.bin/tsc"))).stdout).toBe("");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

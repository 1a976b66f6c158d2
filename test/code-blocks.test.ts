// Every block of TypeScript in the guides and READMEs compiles; those that are whole programs run.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { T } from "@dlmskit/apdu";
import { clock, profileGeneric, register } from "@dlmskit/cosem-objects";
import { meter, none, serve, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong, patience } from "./campaign.ts";
import { codeBlocks, compile, root } from "./code-blocks.ts";

const wrongCall = 'import { fromHex } from "@dlmskit/core";\nfromHex(5);\n';
const wrongName = "toHex(fromHex(hex));\nnowhereDeclared();\n";
const compiled = compile([
  ...codeBlocks(),
  { name: "page.md:10", given: "", code: wrongCall },
  { name: "page.md:20", given: "declare const hex: string;", code: wrongName },
]);
const blocks = compiled.slice(0, -2);
const programs = blocks.filter(({ whole }) => whole);
// Those of the guides, and those that open a database, take half a minute: CI runs them.
const slow = ["docs/guides/", "packages/storage-pg/"];
const run = programs.filter(({ name }) => isLong || !slow.some((place) => name.startsWith(place)));

it("finds the blocks, and programs among them", () => {
  expect(blocks.length).toBeGreaterThan(35);
  expect(programs.map(({ name }) => name.split(":")[0])).toEqual(
    expect.arrayContaining(["packages/client/README.md", "packages/core/README.md", "docs/guides/use-in-a-browser.md"]),
  );
});

it("sees what is wrong in a block", () => {
  const [wrong, fragment] = compiled.slice(-2);
  expect(wrong).toMatchObject({ whole: true, problems: [expect.stringMatching(/^line 11: .*'number'/)] });
  expect(fragment).toMatchObject({ whole: false, problems: ["line 21: Cannot find name 'nowhereDeclared'."] });
});

it.each(blocks)("$name compiles", ({ problems }) => expect(problems).toEqual([]));

describe("a whole program", () => {
  let served: Awaited<ReturnType<typeof serve>>;
  let folder: string;
  beforeAll(async () => {
    const time = clock();
    const energy = register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 12_345, unit: "Wh", scaler: -3 });
    const load = profileGeneric("1-0:99.1.0", { capture: [time, energy], period: 900, entries: 100 });
    const associations = { public: { client: 16, security: none(), access: "full" } } as const;
    served = await serve(meter({ name: "TST1", objects: [time, energy, load], associations }), {
      on: { wrapper: tcp(0, () => new WrapperServerLink()) },
    });
    mkdirSync(join(root, ".dlmskit"), { recursive: true });
    folder = mkdtempSync(join(root, ".dlmskit/blocks-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await served[Symbol.asyncDispose]();
  });

  /** Runs a program in a folder of its own; gives its exit code and what it printed. */
  const start = (code: string, name: string): Promise<{ code: number | null; printed: string }> => {
    const place = join(folder, name.replaceAll(/[^a-z0-9]/gi, "-"));
    mkdirSync(place);
    writeFileSync(join(place, "package.json"), '{"type":"module"}');
    writeFileSync(join(place, "program.ts"), code);
    return new Promise((done, failed) => {
      const child = spawn(process.execPath, ["--conditions=dlmskit-source", "program.ts"], {
        cwd: place,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: Math.min(patience - 10_000, 120_000),
      });
      let printed = "";
      child.stdout.on("data", (chunk) => (printed += chunk));
      child.stderr.on("data", (chunk) => (printed += chunk));
      child.on("error", failed);
      child.on("close", (code) => done({ code, printed }));
    });
  };

  it.each(run)("$name runs, and ends by itself", async ({ code, name }) => {
    // Clients find a meter at the port that pages name; meters take one that is free.
    const port = /tcpConnect/.test(code) ? String(served.addresses.wrapper?.port) : "0";
    const ran = await start(code.replaceAll("4059", port), name);
    expect(ran.code, ran.printed).toBe(0);
  });
});

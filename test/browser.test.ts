import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Rolldown } from "vite";
import { expect, it } from "vitest";
import { BrowserPage } from "./browser/chromium.ts";
import { isLong } from "./campaign.ts";
import { layers, type Outcome, type Vector } from "./vectors/outcomes.ts";

/** The pure packages as one script for a browser, and the modules that it is made of. */
async function bundle(): Promise<{ code: string; modules: readonly string[] }> {
  const built = (await build({
    configFile: false,
    logLevel: "silent",
    root: import.meta.dirname,
    resolve: { conditions: ["dlmskit-source", "browser", "module", "import", "default"] },
    build: {
      write: false,
      minify: false,
      lib: { entry: join(import.meta.dirname, "browser/page.ts"), formats: ["iife"], name: "dlmskitPage" },
    },
  })) as Rolldown.RolldownOutput[];
  const chunks = built.flatMap(({ output }) => output).filter((one) => one.type === "chunk");
  return {
    code: chunks.map(({ code }) => code).join("\n"),
    modules: chunks.flatMap(({ modules }) => Object.keys(modules)),
  };
}

it.skipIf(!isLong)("the pure packages run all vectors in a browser, with nothing of Node", async () => {
  const { code, modules } = await bundle();
  // What is of Node would be left out as an empty module of this name.
  expect(modules.filter((module) => /^node:|browser-external|polyfill/.test(module))).toEqual([]);
  const pure = [
    "core",
    "hdlc",
    "wrapper",
    "mbus",
    "iec62056-21",
    "apdu",
    "security",
    "association",
    "cosem-objects",
    "capture",
  ];
  for (const name of pure) {
    expect(
      modules.some((module) => module.includes(`/packages/${name}/src/`)),
      name,
    ).toBe(true);
  }

  await using page = await BrowserPage.open();
  if (page === undefined) {
    // Not on the machines that check every change: those have one.
    expect(`${process.platform} ${process.arch}`).not.toBe("linux x64");
    console.log("no browser here: DLMSKIT_CHROMIUM names one");
    return;
  }
  await page.evaluate(`${code};undefined`);
  expect(await page.evaluate("page.nodeGlobals")).toEqual([]);
  expect(await page.evaluate("page.exported")).toBeGreaterThan(50);
  expect(await page.evaluate("page.layers")).toEqual(layers);
  expect(await page.evaluate('page.explain("c001c100030100010800ff0200")')).toMatchObject([
    { apdu: "get-request-normal", attribute: { classId: 3, instanceId: "1.0.1.8.0.255" } },
  ]);
  let count = 0;
  const run = async (layer: string, times = 1) => {
    const text = readFileSync(join(import.meta.dirname, `../test-vectors/${layer}.json`), "utf8");
    const { vectors } = JSON.parse(text) as { vectors: Vector[] };
    for (let time = 0; time < times; time++) {
      const outcomes = (await page.evaluate(
        `page.outcomes(${JSON.stringify(layer)}, ${JSON.stringify(vectors)})`,
      )) as Outcome[];
      expect(outcomes).toEqual(vectors.map(({ id, valid }) => ({ id, outcome: valid ? "both-ways" : "refused" })));
      count += outcomes.length;
    }
  };
  // Under a policy that lets no code be made of text: switched off, nothing tries; else it is tried once, and codecs go on.
  await page.evaluate("page.forbidCode()");
  await expect(page.evaluate("new Function('')")).rejects.toThrow("EvalError");
  const attempts = async (): Promise<unknown> => {
    await page.evaluate("new Promise((resolve) => setTimeout(resolve))");
    return page.evaluate("page.attempts");
  };
  expect(await attempts()).toBe(1);
  await page.evaluate("page.setCompilation(false)");
  await run("xdlms", 3);
  expect(await attempts()).toBe(1);
  await page.evaluate("page.setCompilation(true)");
  for (const layer of layers) await run(layer, layer === "xdlms" ? 3 : 1);
  expect(await attempts()).toBe(2);
  const agent = (await page.evaluate("navigator.userAgent")) as string;
  console.log(`${count} vectors in ${/\w*Chrome\/[\d.]+/.exec(agent)?.[0] ?? agent}`);
});

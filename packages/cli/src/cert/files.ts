import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { Fault } from "@dlmskit/core";

/** The octets of a file. Fault `no-such-file`. */
export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Fault("no-such-file", `${path} cannot be read`, { layer: "cli", cause });
  }
}

/** The text of the file. */
export interface NewFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Only the owner of the file can read it (mode 0600). */
  readonly secret?: boolean;
}

/** Writes new files durably: all of them, or none if a Fault is thrown. Faults `file-exists`, `not-written`. */
export function writeNew(files: readonly NewFile[]): void {
  const written: string[] = [];
  try {
    for (const { path, content, secret = false } of files) {
      const file = openSync(path, "wx", secret ? 0o600 : 0o644);
      written.push(path);
      try {
        writeSync(file, content as string);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    }
  } catch (caught) {
    for (const path of written) rmSync(path, { force: true });
    const { code, path } = caught as NodeJS.ErrnoException;
    const exists = code === "EEXIST";
    throw new Fault(
      exists ? "file-exists" : "not-written",
      `${path} ${exists ? "already exists" : "cannot be written"}`,
      {
        layer: "cli",
        hint: exists
          ? "give another name, or move the file away: existing files are not overwritten"
          : "check that its folder exists",
      },
    );
  }
}

/** `meter.key.pem` for `meter.pem`. */
export function keyPathOf(path: string): string {
  return `${path.replace(/\.(pem|crt|cer|der|csr)$/, "")}.key.pem`;
}

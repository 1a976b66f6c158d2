import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { io } from "./io.ts";
import { visible } from "./output/visible.ts";

const others = 0o077;
/** Whether the operating system has file modes. */
const hasModes = process.platform !== "win32";

/** Restricts the mode of an existing file before secrets are written to it: the mode of a write applies to a new file only. */
export function narrowFile(path: string): void {
  if (hasModes && statSync(path, { throwIfNoEntry: false })?.isFile() === true) chmodSync(path, 0o600);
}

/** Writes a file with secrets. Only the user can read it, even if it existed with a wider mode. */
export function writePrivate(path: string, text: string): void {
  narrowFile(path);
  writeFileSync(path, text, { mode: 0o600 });
}

/** Creates a folder that only the user can read; restricts the mode of an existing one. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (hasModes && (statSync(path).mode & others) !== 0) chmodSync(path, 0o700);
}

/** Warns on standard error if other users of this machine can read a file with secrets. */
export function warnIfReadable(path: string): void {
  if (!hasModes || ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & others) === 0) return;
  io().stderr.write(
    `warning: other users can read ${visible(path)}, which contains secrets: chmod 600 ${visible(path)}\n`,
  );
}

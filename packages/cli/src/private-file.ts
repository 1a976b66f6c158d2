import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { io } from "./io.ts";
import { visible } from "./output/visible.ts";

const others = 0o077;
/** Where the system has modes of files. */
const hasModes = process.platform !== "win32";

/** Narrows a file that is there, before secrets are written to it: the mode of a write holds only for a new file. */
export function narrowFile(path: string): void {
  if (hasModes && statSync(path, { throwIfNoEntry: false })?.isFile() === true) chmodSync(path, 0o600);
}

/** Writes a file that holds secrets: only the user can read it, also where it was there before with a wider mode. */
export function writePrivate(path: string, text: string): void {
  narrowFile(path);
  writeFileSync(path, text, { mode: 0o600 });
}

/** Makes a folder that only the user can look into; narrows one that is there. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (hasModes && (statSync(path).mode & others) !== 0) chmodSync(path, 0o700);
}

/** Says so on standard error where others on this machine can read a file with secrets. */
export function warnIfReadable(path: string): void {
  if (!hasModes || ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & others) === 0) return;
  io().stderr.write(`warning: others can read ${visible(path)}, which has secrets: chmod 600 ${visible(path)}\n`);
}

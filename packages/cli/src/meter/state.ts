import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import { platformRandom } from "@dlmskit/server";
import { io } from "../io.ts";
import { makePrivateFolder } from "../private-file.ts";

/** The user's state folder (XDG). */
export function stateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME: xdg } = environment;
  return join(xdg === undefined || xdg === "" ? join(homedir(), ".local", "state") : xdg, "dlmskit");
}

function broken(path: string, what: string, cause?: unknown): Fault {
  return new Fault("bad-state", `${path}: ${what}`, {
    layer: "cli",
    hint: "correct the file, or remove it; if a counter is lost, set it above every counter that was used, or change the key",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Writes a file durably: after a crash it has either its former contents or all of `text`. */
export function writeDurably(path: string, text: string): void {
  const beside = `${path}.${process.pid}.new`;
  const file = openSync(beside, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  const folder = openSync(join(path, ".."), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readOr<T>(path: string, absent: T): string | T {
  try {
    return readFileSync(path, "utf8");
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === "ENOENT") return absent;
    throw broken(path, "it cannot be read", caught);
  }
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (caught) {
    return (caught as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Creates the file with the id of this process in it, atomically. Gives false if the file exists. */
function claimed(lock: string): boolean {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid), { mode: 0o600 });
  try {
    linkSync(mine, lock);
    return true;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw broken(lock, "it cannot be written", caught);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** The id of the process that holds a lock; undefined if the lock was released. */
function holderOf(lock: string): number | undefined {
  const text = readOr(lock, undefined);
  return text === undefined ? undefined : Number(text);
}

/**
 * Removes the lock of a dead process. It takes a second lock first and then checks again: otherwise two processes that saw the
 * same dead holder could remove the lock of a living one.
 */
function removeDead(lock: string): void {
  const right = `${lock}.removal`;
  if (!claimed(right)) return;
  try {
    const holder = holderOf(lock);
    if (holder !== undefined && !alive(holder)) rmSync(lock, { force: true });
  } finally {
    rmSync(right, { force: true });
  }
}

/** Runs a function under the lock of a path, so that processes take turns. The lock of a dead process is removed. */
export function locked<T>(path: string, run: () => T): T {
  const lock = `${path}.lock`;
  for (let attempt = 0; !claimed(lock); attempt++) {
    const holder = holderOf(lock);
    if (holder !== undefined && !alive(holder)) removeDead(lock);
    else if (attempt >= 200) throw broken(lock, `another process (${holder ?? "unknown"}) has this lock`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  try {
    return run();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The client's own system title. It is generated once and then kept. */
export function ownSystemTitle(folder: string): Uint8Array {
  makePrivateFolder(folder);
  const path = join(folder, "system-title");
  return locked(path, () => {
    const kept = readOr(path, undefined);
    if (kept !== undefined) {
      if (!/^[0-9a-f]{16}\s*$/.test(kept)) throw broken(path, "it is not a system title in hex");
      return fromHex(kept);
    }
    const title = new Uint8Array([...new TextEncoder().encode("DLK"), ...platformRandom(5)]);
    writeDurably(path, `${toHex(title)}\n`);
    return title;
  });
}

/** Names of the files with invocation counters in a state folder. */
const counterFile = /^counter-[0-9a-f]{16}-[0-9a-f]{16}$/;

/** Raises all counters of a state folder that was restored from an older copy. Gives the number of counters. Fault `bad-state`. */
export function fenceState(folder: string, counters: number): number {
  const names = readdirSync(folder).filter((name) => counterFile.test(name));
  for (const name of names) {
    const path = join(folder, name);
    locked(path, () => writeDurably(path, `${Math.min(0x100000000, (readCounter(path) ?? 0) + counters)}\n`));
  }
  return names.length;
}

function readCounter(path: string): number | undefined {
  const text = readOr(path, undefined);
  if (text === undefined) return undefined;
  const upTo = Number(text);
  if (text.trim() === "" || !Number.isInteger(upTo) || upTo < 0 || upTo > 0x100000000) {
    throw broken(path, "it is not a counter");
  }
  return upTo;
}

/** The invocation counters of one key and system title, in a file with a digest of the key in its name. */
export class CounterFile {
  readonly #path: string;

  constructor(folder: string, key: Uint8Array, systemTitle: Uint8Array) {
    makePrivateFolder(folder);
    this.#path = join(folder, `counter-${toHex(node.hash("sha256", key)).slice(0, 16)}-${toHex(systemTitle)}`);
  }

  /**
   * Waits until no other process uses the key, then reserves it for this process until its end: a meter accepts rising counters
   * only, so two processes would disturb each other. Fault `key-in-use` after `patience` ms.
   */
  async hold(patience = 60_000): Promise<void> {
    const lock = `${this.#path}.session`;
    const until = performance.now() + patience;
    while (!claimed(lock)) {
      const holder = holderOf(lock);
      if (holder === process.pid) return;
      if (holder !== undefined && !alive(holder)) removeDead(lock);
      else if (performance.now() < until) await sleep(20);
      else {
        throw new Fault("key-in-use", `process ${holder ?? "unknown"} uses the same key and system title`, {
          layer: "cli",
          hint: "wait until that process has ended, or use another --system-title",
        });
      }
    }
    io().atEnd(() => rmSync(lock, { force: true }));
  }

  #read(): number | undefined {
    return readCounter(this.#path);
  }

  /** All counters below this one may have been used; undefined if the key was not used here before. */
  get reserved(): number | undefined {
    return this.#read();
  }

  /** Durably reserves the counters from `from` to below `upTo`. Fault `counter-taken` if another process has reserved some of them. */
  reserve(from: number, upTo: number): void {
    locked(this.#path, () => {
      const kept = this.#read() ?? 0;
      if (kept > from) {
        throw new Fault("counter-taken", "another process uses the same key and system title", {
          layer: "cli",
          hint: "run the command again",
        });
      }
      writeDurably(this.#path, `${upTo}\n`);
    });
  }
}

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

/** Where a user's programs keep what they must not forget (XDG). */
export function stateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME: xdg } = environment;
  return join(xdg === undefined || xdg === "" ? join(homedir(), ".local", "state") : xdg, "dlmskit");
}

function broken(path: string, what: string, cause?: unknown): Fault {
  return new Fault("bad-state", `${path}: ${what}`, {
    layer: "cli",
    hint: "put it right, or remove it; a counter that is lost must be set above what was used, or the key changed",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Writes a file so that after a crash it holds either what it held or the whole of this. */
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

/** Makes the file with the number of this process in it, at once and only where there is none. */
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

/** The process that holds a lock; undefined when there is none any more. */
function holderOf(lock: string): number | undefined {
  const text = readOr(lock, undefined);
  return text === undefined ? undefined : Number(text);
}

/**
 * Removes the lock of a dead process. Only who holds the right to remove does, and looks again once it has it: else two that
 * saw the same dead holder could each remove the lock of a living one.
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

/** Runs something while no other process does with this path; a lock that a dead process left is taken over. */
function locked<T>(path: string, run: () => T): T {
  const lock = `${path}.lock`;
  for (let attempt = 0; !claimed(lock); attempt++) {
    const holder = holderOf(lock);
    if (holder !== undefined && !alive(holder)) removeDead(lock);
    else if (attempt >= 200) throw broken(lock, `another process (${holder ?? "unknown"}) holds it`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  try {
    return run();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The client's own system title: made once, then always the same. */
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

/** Counters of keys in a folder, which other keys than these have no files for. */
const counterFile = /^counter-[0-9a-f]{16}-[0-9a-f]{16}$/;

/** Puts all counters of a folder of state ahead, after it was restored from an older copy; gives how many there are. Fault `bad-state`. */
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

/** The invocation counters of one key and system title, in a file that is named by a digest of the key. */
export class CounterFile {
  readonly #path: string;

  constructor(folder: string, key: Uint8Array, systemTitle: Uint8Array) {
    makePrivateFolder(folder);
    this.#path = join(folder, `counter-${toHex(node.hash("sha256", key)).slice(0, 16)}-${toHex(systemTitle)}`);
  }

  /**
   * Waits until no other process uses the key, and keeps it for this one until its end: a meter takes counters that rise, so
   * that two at once would be in each other's way. Fault `key-in-use` after `patience` ms.
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
          hint: "call again when it has ended, or use another --system-title",
        });
      }
    }
    io().atEnd(() => rmSync(lock, { force: true }));
  }

  #read(): number | undefined {
    return readCounter(this.#path);
  }

  /** All counters below it may have been used; undefined: the key is new here. */
  get reserved(): number | undefined {
    return this.#read();
  }

  /** Writes durably that the counters from `from` to below `upTo` may be used. Fault `counter-taken` when another process has some of them. */
  reserve(from: number, upTo: number): void {
    locked(this.#path, () => {
      const kept = this.#read() ?? 0;
      if (kept > from) {
        throw new Fault("counter-taken", "another process uses the same key and system title", {
          layer: "cli",
          hint: "call again",
        });
      }
      writeDurably(this.#path, `${upTo}\n`);
    });
  }
}

import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Fault } from "@dlmskit/core";

export interface FolderLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The start time of the process with that pid, if the system reports it: a pid can be reused. */
  readonly started: string;
  readonly token: string;
}

// The holder of a folder updates the time of the lock, for programs that cannot see its process: on another host, in another container.
const renewMs = 5000;
const staleMs = 4 * renewMs;

/** On Linux, the boot id and the start time of a process. Empty on other systems. */
async function startOf(pid: number): Promise<string> {
  try {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /s, "").split(" ");
    return `${boot} ${fields[19]}`;
  } catch {
    return "";
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (caught) {
    return (caught as { code?: unknown }).code === "EPERM";
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    const { pid, host, started, token } = JSON.parse(text) as { [key: string]: unknown };
    if (typeof pid !== "number" || typeof host !== "string" || typeof started !== "string") return undefined;
    return { pid, host, started, token: String(token) };
  } catch {
    return undefined;
  }
}

async function lives(holder: Holder | undefined, file: string): Promise<boolean> {
  if (holder?.host === hostname()) {
    if (!isRunning(holder.pid)) return false;
    return holder.started === "" || holder.started === (await startOf(holder.pid));
  }
  // Another host, or a file that is being written: only its time can be checked.
  const renewed = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  return Date.now() - renewed < staleMs;
}

function inUse(folder: string, holder: Holder | undefined): Fault {
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new Fault("folder-in-use", `${folder} is open in ${who}`, {
    layer: "storage",
    hint: "stop that process, or use another folder; several processes can share a PostgreSQL server",
  });
}

/**
 * Replaces the lock of a dead holder, if it still has the contents `seen`, by `draft`. Returns whether it was replaced. If several
 * processes try, only one succeeds: otherwise a process could remove the lock that another process has just created.
 */
async function takeOver(file: string, draft: string, seen: string): Promise<boolean> {
  const claim = `${file}.takeover`;
  try {
    await link(draft, claim);
  } catch {
    // A process that died during this short operation does not lock the folder forever.
    const since = await stat(claim).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (Date.now() - since > staleMs) await rm(claim, { force: true });
    return false;
  }
  try {
    if ((await readFile(file, "utf8").catch(() => undefined)) !== seen) return false;
    await rename(draft, file);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

/** Takes the folder for this process, until `release` or the end of the process. Fault `folder-in-use` if a living process has it. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = join(folder, "lock");
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    token: crypto.randomUUID(),
  };
  const text = JSON.stringify(own);
  const draft = `${file}.${own.token}`;
  await writeFile(draft, text);
  try {
    for (;;) {
      try {
        // A link is created completely or not at all.
        await link(draft, file);
        break;
      } catch (caught) {
        if ((caught as { code?: unknown }).code !== "EEXIST") throw caught;
      }
      const seen = await readFile(file, "utf8").catch(() => undefined);
      // The lock was released in the meantime.
      if (seen === undefined) continue;
      const holder = holderOf(seen);
      if ((await lives(holder, file)) || !(await takeOver(file, draft, seen))) throw inUse(folder, holder);
      break;
    }
  } finally {
    await rm(draft, { force: true });
  }
  const renewing = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, renewMs);
  renewing.unref();
  return {
    async release() {
      clearInterval(renewing);
      const held = await readFile(file, "utf8").catch(() => undefined);
      if (held === text) await rm(file, { force: true });
    },
  };
}

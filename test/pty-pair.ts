import { type ChildProcess, spawn, spawnSync } from "node:child_process";

/** Two pseudo-terminals, joined: what is sent into one comes out of the other. */
export interface PtyPair {
  readonly near: string;
  readonly far: string;
  /** Takes the near one away, as if a device was unplugged. */
  unplugNear(): void;
  close(): Promise<void>;
}

/**
 * Why there can be no pseudo-terminals here; undefined where there can. They are made by the program `script` of util-linux, which
 * every Linux has: Node itself cannot make any.
 */
export const noPty: string | undefined =
  process.platform !== "linux"
    ? `no pseudo-terminals on ${process.platform}: only script of util-linux is known here`
    : spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true
      ? undefined
      : "no pseudo-terminals: the program script (Debian: bsdutils) is missing";

interface Terminal {
  readonly path: string;
  readonly process: ChildProcess;
}

/** A terminal in raw mode; what is written into its program's input arrives at whoever opens the path, and back. */
function terminal(): Promise<Terminal> {
  const script = "stty raw -echo; tty; exec sleep 900";
  const made = spawn("script", ["-qefc", script, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
  return new Promise((resolve, reject) => {
    let text = "";
    const said = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      const [, path] = /(\/dev\/\S+)\r?\n/.exec(text) ?? [];
      if (path === undefined) return;
      made.stdout?.off("data", said);
      made.stdout?.pause();
      resolve({ path, process: made });
    };
    made.stdout?.on("data", said);
    made.on("error", reject);
    made.on("exit", () => reject(new Error(`no terminal: ${text}`)));
    // What is written to a terminal that is gone is lost.
    made.stdin?.on("error", () => undefined);
  });
}

/** A pair of pseudo-terminals. */
export async function ptyPair(): Promise<PtyPair> {
  const [near, far] = await Promise.all([terminal(), terminal()]);
  near.process.stdout?.pipe(far.process.stdin as NodeJS.WritableStream);
  far.process.stdout?.pipe(near.process.stdin as NodeJS.WritableStream);
  const end = ({ process: made }: Terminal): Promise<void> =>
    new Promise((resolve) => {
      if (made.exitCode !== null || made.signalCode !== null) return resolve();
      made.once("exit", () => resolve());
      made.kill("SIGKILL");
    });
  return {
    near: near.path,
    far: far.path,
    unplugNear: () => void near.process.kill("SIGKILL"),
    close: async () => void (await Promise.all([end(near), end(far)])),
  };
}

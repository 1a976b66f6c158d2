// What the scripts share: where the repository is, the Node that it brings, and how to run a program and wait for it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

export const root = new URL("../", import.meta.url);

/** A path in the repository, for the system. */
export const at = (path) => fileURLToPath(new URL(path, root));

/** The Node 24 that the installation brought, or else the one that runs this. */
export function node() {
  for (const name of ["node", "node.exe"]) {
    const path = at(`node_modules/node/bin/${name}`);
    if (existsSync(path)) return path;
  }
  return process.execPath;
}

/**
 * Runs a program in the repository with our terminal; gives its exit code. Signals that we get go on to it, but for an
 * interrupt from a terminal: the terminal gives that to both of us, and a second one would look like impatience.
 */
export function run(program, args, { env = {}, stdio = "inherit", shell = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: fileURLToPath(root), env: { ...process.env, ...env }, stdio, shell });
    let told = false;
    const pass = (signal) => {
      told = true;
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, pass);
    // A signal to npm alone ends the shell between npm and us, and never gets here: being orphaned is the sign of it.
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      if (!told) child.kill("SIGTERM");
    }, 250);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearInterval(watch);
      for (const name of signals) process.off(name, pass);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

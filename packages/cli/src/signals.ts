const signals = ["SIGINT", "SIGTERM"] as const;
const everyMs = 250;

/** The process id of the parent process. */
const parent = process.ppid;

/**
 * Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. Under npm and npx it also resolves when the
 * shell that npm started has ended: npm sends a signal to that shell only, which does not pass it on.
 */
export function stopAsked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const asked = (signal: NodeJS.Signals): void => {
      clearInterval(watch);
      for (const name of signals) process.off(name, asked);
      resolve(signal);
    };
    const look = (): void => {
      if (process.ppid !== parent) asked("SIGTERM");
    };
    const watch = process.env.npm_command === undefined ? undefined : setInterval(look, everyMs);
    watch?.unref();
    for (const name of signals) process.on(name, asked);
  });
}

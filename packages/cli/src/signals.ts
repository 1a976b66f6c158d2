const signals = ["SIGINT", "SIGTERM"] as const;
const everyMs = 250;

/** The process that started this one. */
const parent = process.ppid;

/**
 * Resolves at the first SIGINT or SIGTERM; at a second one the process ends at once. Under npm and npx also when the shell that
 * npm started has ended: npm passes a signal to that shell only, which ends without passing it on.
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

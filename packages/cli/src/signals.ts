/** Resolves at the first SIGINT or SIGTERM; at a second one the process ends at once. */
export function stopAsked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const asked = (signal: NodeJS.Signals) => {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, asked);
      resolve(signal);
    };
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, asked);
  });
}

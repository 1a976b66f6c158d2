/** What stands for `HOST` on a command line that names the meter by `--meter`. */
const noPlace = "";

/** The command line with the argument `HOST` where `--meter` takes its place. `words`: of which the command's name consists. */
export function withPlace(argv: readonly string[], words: number): string[] {
  const named = argv.some((text) => text === "--meter" || text.startsWith("--meter="));
  const at = 2 + words;
  return named ? [...argv.slice(0, at), noPlace, ...argv.slice(at)] : [...argv];
}

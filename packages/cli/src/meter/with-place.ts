import type { Command } from "commander";

/** What stands for `HOST` on a command line that names the meter by `--meter`, or its line by `--serial`. */
const noPlace = "";

/** The command line with the argument `HOST` where `--meter` or `--serial` takes its place, for a command that talks to meters. */
export function withPlace(program: Command, argv: readonly string[]): string[] {
  let command = program;
  let at = 0;
  for (let found = commandOf(program, argv[at]); found !== undefined; found = commandOf(command, argv[at])) {
    command = found;
    at++;
  }
  const has = (name: string): boolean => command.options.some(({ long }) => long === name);
  const given = (name: string): boolean => argv.some((text) => text === name || text.startsWith(`${name}=`));
  // Of some commands --serial is a serial number.
  const named = given("--meter") || (given("--serial") && has("--baud"));
  const taken = has("--identities") && command.registeredArguments.length > 0;
  return named && taken ? [...argv.slice(0, at), noPlace, ...argv.slice(at)] : [...argv];
}

const commandOf = (of: Command, name: string | undefined): Command | undefined =>
  of.commands.find((one) => one.name() === name);

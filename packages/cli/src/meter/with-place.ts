import type { Command } from "commander";

/** The argument `HOST` if the meter is named by `--meter` or `--serial`. */
const noPlace = "";

/** The command line, with an empty argument `HOST` if `--meter` or `--serial` is given instead, for commands that connect to meters. */
export function withPlace(program: Command, argv: readonly string[]): string[] {
  let command = program;
  let at = 0;
  for (let found = commandOf(program, argv[at]); found !== undefined; found = commandOf(command, argv[at])) {
    command = found;
    at++;
  }
  const has = (name: string): boolean => command.options.some(({ long }) => long === name);
  const given = (name: string): boolean => argv.some((text) => text === name || text.startsWith(`${name}=`));
  // In some commands --serial is a serial number.
  const named = given("--meter") || (given("--serial") && has("--baud"));
  const taken = has("--identities") && command.registeredArguments.length > 0;
  return named && taken ? [...argv.slice(0, at), noPlace, ...argv.slice(at)] : [...argv];
}

const commandOf = (of: Command, name: string | undefined): Command | undefined =>
  of.commands.find((one) => one.name() === name);

import type { Command, Option } from "commander";

/** One command: its words, and what may follow them. */
interface Call {
  readonly words: readonly string[];
  readonly description: string;
  readonly commands: readonly string[];
  readonly options: readonly Option[];
  /** Choices of the first argument. */
  readonly values: readonly string[];
}

function callsOf(command: Command, words: readonly string[] = []): Call[] {
  const commands = command.commands.filter((one) => one.name() !== "help");
  const own: Call = {
    words,
    description: command.description(),
    commands: commands.map((one) => one.name()),
    options: command.options.filter(({ hidden }) => !hidden),
    values: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [own, ...commands.flatMap((one) => callsOf(one, [...words, one.name()]))];
}

const flags = ({ short, long }: Option): string[] => [short, long].filter((flag) => flag !== undefined);
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const firstLine = (text: string): string => text.split("\n")[0] ?? "";

function bash(program: Command): string {
  const calls = callsOf(program);
  const cases = calls.map(({ words, commands, options, values }) => {
    const takes = options.filter((option) => option.required || option.optional);
    const chosen = takes.filter(({ argChoices }) => argChoices !== undefined);
    const free = takes.filter(({ argChoices }) => argChoices === undefined);
    const lines = [
      ...chosen.map(
        (option) =>
          `      ${flags(option).join("|")}) COMPREPLY=($(compgen -W ${quoted((option.argChoices ?? []).join(" "))} -- "$cur")); return ;;`,
      ),
      ...(free.length === 0 ? [] : [`      ${free.flatMap(flags).join("|")}) COMPREPLY=(); return ;;`]),
    ];
    const all = [...commands, ...values, ...options.flatMap(flags), "--help"];
    return [
      `  ${quoted(words.join(" "))})`,
      ...(lines.length === 0 ? [] : ['    case "$prev" in', ...lines, "    esac"]),
      `    COMPREPLY=($(compgen -W ${quoted(all.join(" "))} -- "$cur")) ;;`,
    ].join("\n");
  });
  const known = calls.map(({ words }) => words.join(" ")).filter((words) => words !== "");
  return `# bash completion of dlms: source <(dlms completion bash)
_dlms() {
  local cur prev path word at
  COMPREPLY=()
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  path=""
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${path:+$path }\${COMP_WORDS[at]}"
    case "$word" in
      ${known.map(quoted).join("|")}) path="$word" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
}
complete -o default -F _dlms dlms
`;
}

function zsh(program: Command): string {
  const spec = (text: string): string => firstLine(text).replace(/[[\]:\\]/g, "\\$&");
  const functionOf = (words: readonly string[]): string => ["_dlms", ...words].join("_");
  const functions = callsOf(program).map(({ words, commands, options, values }) => {
    const lines = options.flatMap((option) =>
      flags(option).map((flag) => {
        const value = option.argChoices === undefined ? "_files" : `(${option.argChoices.join(" ")})`;
        const takes = option.required || option.optional ? `:value:${value}` : "";
        return quoted(`${flag}[${spec(option.description)}]${takes}`);
      }),
    );
    const rest =
      commands.length > 0
        ? [quoted("1:command:->command"), quoted("*::argument:->argument")]
        : [quoted(values.length > 0 ? `1:value:(${values.join(" ")})` : "*:file:_files")];
    const described = commands.map((name) => {
      const found = callsOf(program).find((call) => call.words.join(" ") === [...words, name].join(" "));
      return quoted(`${name}:${firstLine(found?.description ?? "")}`);
    });
    return [
      `${functionOf(words)}() {`,
      ...(commands.length === 0 ? [] : ["  local state line", "  typeset -A opt_args"]),
      `  _arguments ${[...lines, quoted("--help[shows the usage]"), ...rest].join(" \\\n    ")}`,
      ...(commands.length === 0
        ? []
        : [
            "  case $state in",
            `    command) local -a names=(${described.join(" ")}); _describe command names ;;`,
            `    argument) case $words[1] in ${commands.map((name) => `${name}) ${functionOf([...words, name])} ;;`).join(" ")} esac ;;`,
            "  esac",
          ]),
      "}",
    ].join("\n");
  });
  return `#compdef dlms\n# zsh completion of dlms: put it in a folder of $fpath as _dlms\n${functions.join("\n")}\ncompdef _dlms dlms\n`;
}

function fish(program: Command): string {
  const lines = callsOf(program).flatMap(({ words, commands, options, values }) => {
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    const none = commands.length === 0 ? "" : `not __fish_seen_subcommand_from ${commands.join(" ")}`;
    const when = [seen, none].filter((part) => part !== "").join("; and ");
    const condition = when === "" ? "" : ` -n ${quoted(when)}`;
    return [
      ...commands.map((name) => {
        const found = callsOf(program).find((call) => call.words.join(" ") === [...words, name].join(" "));
        return `complete -c dlms -f${condition} -a ${name} -d ${quoted(firstLine(found?.description ?? ""))}`;
      }),
      ...values.map((value) => `complete -c dlms -f${condition} -a ${quoted(value)}`),
      ...options.map(({ short, long, required, optional, argChoices, description }) => {
        const names = [short && `-s ${short.slice(1)}`, long && `-l ${long.slice(2)}`].filter((part) => part);
        const takes =
          !required && !optional ? "" : argChoices === undefined ? " -r" : ` -x -a ${quoted(argChoices.join(" "))}`;
        return `complete -c dlms${seen === "" ? "" : ` -n ${quoted(seen)}`} ${names.join(" ")}${takes} -d ${quoted(firstLine(description))}`;
      }),
    ];
  });
  return `# fish completion of dlms\n${lines.join("\n")}\n`;
}

/** The completion script for each shell. */
export const shells = { bash, zsh, fish } as const;

import { Argument, type Command } from "commander";
import { shells } from "../completion/shells.ts";
import { io } from "../io.ts";

/** `dlms completion`: a script for the shell. */
export function completionCommand(program: Command): void {
  program
    .command("completion")
    .description("prints a script that completes commands, options and their values in a shell")
    .addArgument(new Argument("<shell>", "name of the shell").choices(Object.keys(shells)))
    .addHelpText(
      "after",
      "\nExamples:\n  source <(dlms completion bash)\n  dlms completion zsh > ~/.zfunc/_dlms\n  dlms completion fish > ~/.config/fish/completions/dlms.fish",
    )
    .action((shell: keyof typeof shells) => {
      io().stdout.write(shells[shell](program));
    });
}

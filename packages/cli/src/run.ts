import { Fault } from "@dlmskit/core";
import { Command, CommanderError } from "commander";
import { io } from "./io.ts";
import { withPlace } from "./meter/with-place.ts";
import { expectOtherFiles } from "./other-files.ts";
import { faultJson, faultText } from "./output/fault.ts";
import { version } from "./version.ts";

type AddCommand = (program: Command) => void;

/** Each command loads what it needs when it runs: most commands need a small part of the code. */
const commands: { readonly [name: string]: () => Promise<AddCommand> } = {
  decode: async () => (await import("./commands/decode.ts")).decodeCommand,
  encode: async () => (await import("./commands/encode.ts")).encodeCommand,
  simulate: async () => (await import("./commands/simulate.ts")).simulateCommand,
  read: async () => (await import("./commands/read.ts")).readCommand,
  write: async () => (await import("./commands/write.ts")).writeCommand,
  invoke: async () => (await import("./commands/write.ts")).invokeCommand,
  profile: async () => (await import("./commands/profile.ts")).profileCommand,
  listen: async () => (await import("./commands/listen.ts")).listenCommand,
  line: async () => (await import("./commands/line.ts")).lineCommand,
  discover: async () => (await import("./commands/discover.ts")).discoverCommand,
  cert: async () => (await import("./commands/cert.ts")).certCommand,
  key: async () => (await import("./commands/key.ts")).keyCommand,
  clone: async () => (await import("./commands/clone.ts")).cloneCommand,
  validate: async () => (await import("./commands/validate.ts")).validateCommand,
  templates: async () => (await import("./commands/templates.ts")).templatesCommand,
  truth: async () => (await import("./commands/truth.ts")).truthCommand,
  score: async () => (await import("./commands/score.ts")).scoreCommand,
  anonymise: async () => (await import("./commands/anonymise.ts")).anonymiseCommand,
  replay: async () => (await import("./commands/replay.ts")).replayCommand,
  sessions: async () => (await import("./commands/sessions.ts")).sessionsCommand,
  store: async () => (await import("./commands/store.ts")).storeCommand,
  start: async () => (await import("./commands/start.ts")).startCommand,
  completion: async () => (await import("./commands/completion.ts")).completionCommand,
};
/** The program with the command that the arguments name. The completion and the help have all commands. */
async function programFor(args: readonly string[], json: boolean): Promise<Command> {
  const { stdout, stderr } = io();
  const program = new Command("dlms")
    .description("DLMS/COSEM: simulate meters, read meters, decode octets")
    .version(version(), "-V, --version", "shows the version")
    .exitOverride()
    .hook("preAction", (_, command) => expectOtherFiles(command))
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      // With --json a usage error is a JSON document too; it is written below.
      outputError: (text, write) => (json ? undefined : write(text)),
    })
    .configureHelp({ showGlobalOptions: true });
  const [asked = ""] = args;
  const wanted = Object.hasOwn(commands, asked) && asked !== "completion" ? [asked] : Object.keys(commands);
  for (const name of wanted) (await commands[name]?.())?.(program);
  return program;
}

/** Fault codes of any layer that mean wrong usage of the command. */
const usage = ["bad-option", "bad-logical-name"];

/** Runs the command with its arguments and writes its errors. Gives the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const { stdout, stderr } = io();
  try {
    const program = await programFor(args, json);
    await program.parseAsync(withPlace(program, args), { from: "user" });
    return io().exitCode;
  } catch (caught) {
    if (caught instanceof CommanderError) {
      // commander has printed the error, unless --json is given. --help and --version end with exit code 0.
      if (caught.exitCode === 0) return 0;
      if (json) {
        const message = caught.message.replace(/^error: /, "");
        const hint = "--help shows the usage";
        stdout.write(faultJson(new Fault("bad-option", message, { layer: "cli", hint })));
      }
      return 2;
    }
    if (json) stdout.write(faultJson(caught));
    else stderr.write(faultText(caught));
    return caught instanceof Fault && usage.includes(caught.code) ? 2 : 1;
  }
}

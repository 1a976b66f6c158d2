import { Fault } from "@dlmskit/core";
import { Command, CommanderError } from "commander";
import { withPlace } from "./meter/with-place.ts";
import { faultJson, faultText } from "./output/fault.ts";
import { version } from "./version.ts";

const json = process.argv.includes("--json");

const program = new Command("dlms")
  .description("DLMS/COSEM: simulate meters, read meters, decode octets")
  .version(version(), "-V, --version", "shows the version")
  .exitOverride()
  // With --json a usage error is a JSON document too; it is written below.
  .configureOutput({ outputError: (text, write) => (json ? undefined : write(text)) })
  .configureHelp({ showGlobalOptions: true });

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
  discover: async () => (await import("./commands/discover.ts")).discoverCommand,
  cert: async () => (await import("./commands/cert.ts")).certCommand,
  key: async () => (await import("./commands/key.ts")).keyCommand,
  templates: async () => (await import("./commands/templates.ts")).templatesCommand,
  store: async () => (await import("./commands/store.ts")).storeCommand,
  start: async () => (await import("./commands/start.ts")).startCommand,
  completion: async () => (await import("./commands/completion.ts")).completionCommand,
};
const [, , asked = ""] = process.argv;
// The completion needs the options of all commands.
const wanted = Object.hasOwn(commands, asked) && asked !== "completion" ? [asked] : Object.keys(commands);
for (const name of wanted) (await commands[name]?.())?.(program);

// The reader of the output may close the pipe: `dlms … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

/** Fault codes of any layer that mean wrong usage of the command. */
const usage = ["bad-option", "bad-logical-name"];

try {
  await program.parseAsync(withPlace(program, process.argv));
} catch (caught) {
  if (caught instanceof CommanderError) {
    // commander has printed the error, unless --json is given. --help and --version end with exit code 0.
    process.exitCode = caught.exitCode === 0 ? 0 : 2;
    if (json && caught.exitCode !== 0) {
      const message = caught.message.replace(/^error: /, "");
      const hint = "--help shows the usage";
      process.stdout.write(faultJson(new Fault("bad-option", message, { layer: "cli", hint })));
    }
  } else {
    if (json) process.stdout.write(faultJson(caught));
    else process.stderr.write(faultText(caught));
    process.exitCode = caught instanceof Fault && usage.includes(caught.code) ? 2 : 1;
  }
}

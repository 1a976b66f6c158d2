import { Fault } from "@dlmskit/core";
import { Command, CommanderError } from "commander";
import { faultJson, faultText } from "./output/fault.ts";

const program = new Command("dlms")
  .description("DLMS/COSEM: meters to simulate, meters to read, octets to explain")
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

type AddCommand = (program: Command) => void;

/** Each loads what it needs when it is called, and no sooner: most need a fraction of the whole. */
const commands: { readonly [name: string]: () => Promise<AddCommand> } = {
  decode: async () => (await import("./commands/decode.ts")).decodeCommand,
  encode: async () => (await import("./commands/encode.ts")).encodeCommand,
  simulate: async () => (await import("./commands/simulate.ts")).simulateCommand,
  read: async () => (await import("./commands/read.ts")).readCommand,
  write: async () => (await import("./commands/write.ts")).writeCommand,
  invoke: async () => (await import("./commands/write.ts")).invokeCommand,
  profile: async () => (await import("./commands/profile.ts")).profileCommand,
  discover: async () => (await import("./commands/discover.ts")).discoverCommand,
  cert: async () => (await import("./commands/cert.ts")).certCommand,
  key: async () => (await import("./commands/key.ts")).keyCommand,
  templates: async () => (await import("./commands/templates.ts")).templatesCommand,
  start: async () => (await import("./commands/start.ts")).startCommand,
};
const [, , asked = ""] = process.argv;
const wanted = Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands);
for (const name of wanted) (await commands[name]?.())?.(program);

// Whoever reads the output may stop reading it: `dlms … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

try {
  await program.parseAsync();
} catch (caught) {
  if (caught instanceof CommanderError) {
    // It has said what is wrong already; help and version end well.
    process.exitCode = caught.exitCode === 0 ? 0 : 2;
  } else {
    if (process.argv.includes("--json")) process.stdout.write(faultJson(caught));
    else process.stderr.write(faultText(caught));
    // An option that makes no sense is wrong usage, whoever found it out.
    process.exitCode = caught instanceof Fault && caught.code === "bad-option" ? 2 : 1;
  }
}

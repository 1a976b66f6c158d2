import { Fault } from "@dlmskit/core";
import { Command, CommanderError } from "commander";
import { decodeCommand } from "./commands/decode.ts";
import { discoverCommand } from "./commands/discover.ts";
import { encodeCommand } from "./commands/encode.ts";
import { profileCommand } from "./commands/profile.ts";
import { readCommand } from "./commands/read.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { startCommand } from "./commands/start.ts";
import { templatesCommand } from "./commands/templates.ts";
import { invokeCommand, writeCommand } from "./commands/write.ts";
import { faultJson, faultText } from "./output/fault.ts";

const program = new Command("dlms")
  .description("DLMS/COSEM: meters to simulate, meters to read, octets to explain")
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

const commands = [
  ...[decodeCommand, encodeCommand, simulateCommand, readCommand, writeCommand, invokeCommand],
  ...[profileCommand, discoverCommand, templatesCommand, startCommand],
];
for (const add of commands) add(program);

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

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

try {
  await program.parseAsync();
} catch (caught) {
  if (caught instanceof CommanderError) {
    // It has said what is wrong already; help and version end well.
    process.exitCode = caught.exitCode === 0 ? 0 : 2;
  } else {
    if (process.argv.includes("--json")) process.stdout.write(faultJson(caught));
    else process.stderr.write(faultText(caught));
    process.exitCode = 1;
  }
}

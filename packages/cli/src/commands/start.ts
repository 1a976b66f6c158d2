import type { Command } from "commander";
import { portOption } from "../options.ts";

/** `dlms start`: what `npm start` runs. */
export function startCommand(program: Command): void {
  program
    .command("start")
    .description("runs a smart meter with a database in a folder, reads it over TCP, and serves it until Ctrl-C")
    .option("--store <store>", "the store: memory, pglite:DIR or postgres://…", "pglite:.dlmskit")
    .option("--port <port>", "one TCP port (wrapper) instead of those in communication_ports", portOption)
    .option("--once", "ends after the read", false)
    .addHelpText("after", "\nExample: dlms start --once --store pglite:/tmp/meter")
    .action(async (options: { store: string; port?: number; once: boolean }) => {
      const { start } = await import("../start/start.ts");
      await start(options);
    });
}

import { node } from "@dlmskit/security/node";
import { type Departure, type LinkName, parseRecord, replayRecord } from "@dlmskit/simulator";
import { systemClock } from "@dlmskit/transport/node";
import { type Command, Option } from "commander";
import { readInputFile, textOf } from "../capture-input.ts";
import { io } from "../io.ts";
import { readKeysFile } from "../keys-file.ts";
import { portOption } from "../options.ts";
import { capturedRecord, isPacketFile } from "../record/captured-record.ts";

interface ReplayCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly link: LinkName;
  readonly keys?: string;
  readonly meter?: string;
  readonly json?: boolean;
}

const meaningOf: { readonly [by in Departure["by"]]: string } = {
  octets: "sends other octets than in the record",
  order: "asks in another order than in the record",
  meaning: "asks for something that the record does not have",
};

const departureText = ({ by, client, session, at, got, expected }: Departure): string =>
  `client ${client} ${meaningOf[by]} (session ${session}, ${by === "octets" ? "APDU" : "call"} ${at})\n  it: ${got}\n  the record: ${expected}\n`;

async function replay(path: string, options: ReplayCommandOptions): Promise<void> {
  const { stdout, stderr } = io();
  const departed = (one: Departure): void => {
    if (options.json) stdout.write(`${JSON.stringify({ event: "departed", ...one })}\n`);
    else stderr.write(departureText(one));
  };
  const octets = readInputFile(path);
  const keys = options.keys === undefined ? undefined : readKeysFile(options.keys);
  const record = isPacketFile(octets) ? capturedRecord(octets, keys) : parseRecord(textOf(octets));
  const replayed = replayRecord(record, {
    ...{ clock: systemClock, provider: node, departed },
    ...(keys === undefined ? {} : { keys }),
    ...(options.meter === undefined ? {} : { meter: options.meter }),
  });
  const { server, clients } = replayed;
  using _ = server;
  const { link, host } = options;
  const listener = await replayed.listen({ port: options.port, host, link });
  try {
    const stop = io().stopAsked();
    const { port } = listener;
    stdout.write(
      options.json
        ? `${JSON.stringify({ event: "listening", host, port, link, clients })}\n`
        : `listening on ${host}:${port} (${link}), for ${clients.length === 1 ? "client" : "clients"} ${clients.join(", ")}\n`,
    );
    await stop;
  } finally {
    await listener.close();
  }
}

/** `dlms replay`: a recorded meter. */
export function replayCommand(program: Command): void {
  program
    .command("replay")
    .description("serves a recorded meter, and says where a client leaves the record")
    .argument("<file>", "a record of --record, or a packet capture (pcap, pcapng)")
    .option("--port <port>", "the port; 0 for any free port", portOption, 4059)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(new Option("--link <link>", "link layer").choices(["wrapper", "hdlc", "mbus"]).default("wrapper"))
    .option("--keys <file>", "passwords and keys of the clients, JSON: needed for ciphered sessions and HLS")
    .option("--meter <serial>", "which meter, if the record has several")
    .option("--json", "prints one JSON document per line")
    .addHelpText(
      "after",
      "\nExample: dlms simulate --record day.jsonl --keys keys.json\n         dlms replay day.jsonl --keys keys.json --port 4061\n         dlms replay capture.pcap --port 4061",
    )
    .action((path: string, options: ReplayCommandOptions) => replay(path, options));
}

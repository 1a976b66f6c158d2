import { readFileSync } from "node:fs";
import { type ListenOptions, listen } from "@dlmskit/client";
import { Fault, type Link } from "@dlmskit/core";
import { UnnumberedLink } from "@dlmskit/hdlc";
import { MbusPushLink } from "@dlmskit/mbus";
import { WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";
import { type Command, Option } from "commander";
import { io } from "../io.ts";
import { readLayouts, templateLayouts } from "../listen/layout-file.ts";
import { pushKeys } from "../listen/push-keys.ts";
import { pushDocument, pushText } from "../listen/push-text.ts";
import { numberOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { PcapFile, pcapOption } from "../output/pcap-file.ts";
import { visible } from "../output/visible.ts";

interface Options {
  readonly link: "wrapper" | "hdlc" | "mbus";
  readonly keys?: string;
  readonly identities?: string;
  readonly ek?: string;
  readonly ak?: string;
  readonly layout?: string;
  readonly template?: string;
  readonly confirm: boolean;
  readonly count?: number;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly pcap?: string;
  readonly json?: boolean;
}

interface Place {
  readonly transport: "tcp" | "udp" | "tls";
  readonly host: string;
  readonly port: number;
}

/** `[tcp://|udp://|tls://][HOST]:PORT`. Fault `bad-option`. */
function placeIn(text: string): Place {
  const found = /^(?:(tcp|udp|tls):\/\/)?(?:\[([^\]]+)\]|([^:[\]/]*)):?(\d{1,5})$/.exec(text);
  const [, transport = "tcp", bracketed, plain, port] = found ?? [];
  if (found === null || Number(port) > 65_535) {
    throw new Fault("bad-option", `"${text}" is not an address to listen on`, {
      layer: "cli",
      hint: "give [tcp://|udp://|tls://][HOST]:PORT, such as :4061 or udp://0.0.0.0:4061",
    });
  }
  return { transport: transport as Place["transport"], host: bracketed ?? (plain || "127.0.0.1"), port: Number(port) };
}

function linkOf(link: Options["link"], { transport }: Place): () => Link {
  if (link === "hdlc")
    return () => new UnnumberedLink({ end: "client", quirks: ["blocks-without-llc", "information-frames"] });
  if (link === "mbus") return () => new MbusPushLink();
  if (transport === "udp") return () => new WrapperDatagramLink({ end: "client" });
  return () => new WrapperServerLink({ end: "client" });
}

function tlsOf({ transport }: Place, { cert, key, ca }: Options): Pick<ListenOptions, "tls"> {
  if (transport !== "tls") return {};
  if (cert === undefined || key === undefined || ca === undefined) {
    throw new Fault("bad-option", "a listener over TLS needs --cert, --key and --ca", { layer: "cli" });
  }
  const text = (path: string): string => readFileSync(path, "utf8");
  return { tls: { certificate: text(cert), privateKey: text(key), authorities: text(ca) } };
}

/** What is said about pushes that do not describe themselves. One layout is used as it is; of several, the one that fits. */
async function layoutsOf({ layout, template }: Options): Promise<Pick<ListenOptions, "layout" | "layouts">> {
  const fromFile = layout === undefined ? [] : readLayouts(layout);
  const fromTemplate = template === undefined ? [] : await templateLayouts(template);
  const layouts = [...fromFile, ...fromTemplate];
  const [only] = layouts;
  return layouts.length === 1 && only !== undefined && template === undefined ? { layout: only } : { layouts };
}

async function listenFor(where: string, options: Options): Promise<void> {
  const place = placeIn(where);
  const { stdout, stderr } = io();
  const { json = false, count, confirm, link } = options;
  const pcap = options.pcap === undefined ? undefined : PcapFile.of(options.pcap);
  const say = (text: string): void => void stderr.write(`${text}\n`);
  const write = (text: string): void => void stdout.write(text);
  const dropped = (fault: Fault, from?: string): void => {
    const told = { code: fault.code, message: fault.message };
    if (json) write(`${jsonText({ event: "dropped", ...(from === undefined ? {} : { from }), ...told })}\n`);
    else say(`dropped: ${from === undefined ? "" : `${from}: `}${visible(fault.message)}`);
  };
  const stop = io().stopAsked();
  let came = 0;
  let enough: () => void = () => undefined;
  const counted = new Promise<void>((resolve) => {
    enough = resolve;
  });
  await using listening = await listen({
    ...{ ...place, ...tlsOf(place, options), link: linkOf(link, place), confirm, keys: pushKeys(options) },
    quirks: ["date-time-with-data-tag", "untyped-attribute-descriptors"],
    ...(await layoutsOf(options)),
    received(push) {
      write(json ? `${jsonText(pushDocument(push))}\n` : `${pushText(push)}\n`);
      came++;
      if (came === count) enough();
    },
    ...(pcap && { accepted: (duplex, at) => pcap.recording(duplex, at) }),
    dropped,
    failed: (fault) => dropped(fault),
  });
  const { host, port } = listening;
  if (json) write(`${jsonText({ event: "listening", transport: place.transport, host, port, link })}\n`);
  else say(`listening on ${place.transport}://${host}:${port} (${link})`);
  await Promise.race([stop, counted]);
}

/** `dlms listen`: receives pushes until SIGINT or SIGTERM, or until `--count` pushes were received. */
export function listenCommand(program: Command): void {
  program
    .command("listen")
    .description("receives pushes and prints them with names, scaled values and units")
    .argument("<[tcp://|udp://|tls://][host]:port>", "address to listen on; the default host is 127.0.0.1")
    .addOption(new Option("--link <link>", "link layer").choices(["wrapper", "hdlc", "mbus"]).default("wrapper"))
    .option("--keys <file>", "keys of the meters, JSON; the client that a push is addressed to selects the keys")
    .option("--identities <file>", "keys of each meter by its system title, as dlms simulate --identities writes them")
    .addOption(new Option("--ek <hex>", "the encryption key of all meters").env("DLMS_EK"))
    .addOption(new Option("--ak <hex>", "the authentication key of all meters").env("DLMS_AK"))
    .option(
      "--layout <file>",
      "contents of pushes that do not describe them: a JSON array of classId, instanceId, attributeId, or what dlms read --json prints for attribute 2 of Push setups",
    )
    .option(
      "--template <name>",
      "the same from the Push setups of a meter template (see dlms templates), or the file of one",
    )
    .option("--no-confirm", "does not confirm pushes that ask for confirmation")
    .option("--count <n>", "ends after this many pushes", numberOption(1, 1_000_000_000))
    .option("--cert <file>", "for tls://: the listener's certificate, PEM")
    .option("--key <file>", "for tls://: the listener's private key, PEM")
    .option("--ca <file>", "for tls://: certificates of the authorities that issue the meters' certificates, PEM")
    .addOption(pcapOption())
    .option("--json", "prints one JSON document per line")
    .addHelpText("after", "\nExample: dlms listen :4061 --keys .dlmskit/keys.json")
    .action((where: string, options: Options) => listenFor(where, options));
}

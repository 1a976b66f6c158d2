import type { ApduQuirk } from "@dlmskit/apdu";
import {
  type CaptureRecord,
  type DecipherKeys,
  type Explained,
  Explainer,
  type Item,
  type LayerName,
  layers,
  recordJson,
} from "@dlmskit/capture";
import { fromHex } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import { type Command, InvalidArgumentError, Option } from "commander";
import { captureInput } from "../capture-input.ts";
import { io } from "../io.ts";
import { added, givenPublicKeys, privateKeyOption } from "../key-material.ts";
import { keyFrom } from "../keys.ts";
import { colours, errorColours } from "../output/colours.ts";
import { faultText } from "../output/fault.ts";
import { jsonText } from "../output/json.ts";
import { Progress, type ProgressOptions, progressOption } from "../output/progress.ts";
import { treeText } from "../output/tree.ts";

interface DecodeOptions extends ProgressOptions {
  readonly as?: LayerName;
  readonly ek?: string;
  readonly ak?: string;
  readonly dedicatedKey?: string;
  readonly broadcastKey?: string;
  readonly masterKey?: string;
  readonly agreementKey?: readonly string[];
  readonly certificate?: readonly string[];
  readonly publicKey?: readonly string[];
  readonly systemTitle?: readonly Uint8Array[];
  readonly quirk?: readonly ApduQuirk[];
  readonly unverified?: boolean;
  readonly json?: boolean;
  readonly xml?: boolean;
}

/** Parses a system title in hex; each use of the option adds one. */
function titleOption(text: string, before: readonly Uint8Array[] = []): readonly Uint8Array[] {
  if (!/^[0-9a-f]{16}$/i.test(text)) throw new InvalidArgumentError("give 8 octets in hex");
  return [...before, fromHex(text)];
}

function keysOf(options: DecodeOptions): DecipherKeys {
  return {
    encryptionKey: keyFrom("--ek", options.ek, process.env.DLMS_EK),
    authenticationKey: keyFrom("--ak", options.ak, process.env.DLMS_AK),
    dedicatedKey: keyFrom("--dedicated-key", options.dedicatedKey, process.env.DLMS_DEDICATED_KEY),
    broadcastKey: keyFrom("--broadcast-key", options.broadcastKey, process.env.DLMS_BROADCAST_KEY),
    masterKey: keyFrom("--master-key", options.masterKey, process.env.DLMS_MASTER_KEY),
    agreementKeys: options.agreementKey?.map(privateKeyOption("--agreement-key")),
    peerKeys: givenPublicKeys(options.certificate, options.publicKey),
    systemTitles: options.systemTitle ?? [],
  };
}

/** The XML of what has an XML form; a Fault becomes a comment. On one line if each input gets one line. */
function xmlText(items: readonly Item[], oneLine: boolean): string {
  const texts = items.map((item) => {
    const fault = item.fault ?? item.pduFault;
    const said = fault === undefined ? "" : `<!-- ${fault.code}: ${fault.message.replaceAll("--", "- -")} -->\n`;
    return (item.xml?.() ?? "") + said;
  });
  const text = texts.join("");
  return oneLine ? `${text.replace(/\s*\n\s*/g, "")}\n` : text;
}

/** The line for an input: its document, or a list of documents for a stream. */
function jsonLine(explained: Explained): string {
  const documents = recordJson(explained);
  const document = documents.length === 1 ? documents[0] : documents;
  return `${jsonText(document)}\n`;
}

function faultTexts({ fault, pduFault }: Item): string {
  return [fault, pduFault].map((one) => (one === undefined ? "" : faultText(one))).join("");
}

/** Writes to stderr what was guessed about a record, and which lines have no octets. */
class Notes {
  readonly #skipped: number[] = [];

  guessed({ guesses, line }: CaptureRecord): void {
    if (guesses.length > 0) this.#say(`${line === undefined ? "" : `line ${line}: `}${guesses.join("; ")}`);
  }

  skip({ line }: CaptureRecord): void {
    this.#skipped.push(line ?? 0);
  }

  end(): void {
    const { length } = this.#skipped;
    const some = this.#skipped.slice(0, 8).join(", ");
    if (length > 0)
      this.#say(`${length === 1 ? "line" : "lines"} ${some}${length > 8 ? ", …" : ""} without octets left out`);
  }

  #say(text: string): void {
    io().stderr.write(`${errorColours().dim("note")}: ${text}\n`);
  }
}

async function decode(given: readonly string[], options: DecodeOptions): Promise<void> {
  const explainer = new Explainer({
    keys: keysOf(options),
    layer: options.as,
    quirks: options.quirk,
    unverified: options.unverified,
    provider: node,
  });
  const machine = options.json === true || options.xml === true;
  const { records, many } = captureInput(given, machine);
  const notes = new Notes();
  let failed = false;
  let answered = 0;
  let done = 0;
  // If the answers go to a terminal, they show the progress.
  using progress = new Progress(
    io().stdout.isTTY === true && options.progress !== true ? { progress: false } : options,
    "decoding",
  );
  progress.at(() => `decoding: ${done} inputs done`);
  let held: Explained | undefined;
  const final = Array.isArray(records) ? records.at(-1) : undefined;
  for await (const record of records) {
    progress.pulse();
    done++;
    // Skip a line of text among lines with octets. If every line must get an answer, its answer is the Fault.
    if (record.prose === true && many && !(machine && isStandardInput(given))) {
      notes.skip(record);
      held = explainer.explain(record);
      continue;
    }
    notes.guessed(record);
    answered += answer(explainer.explain(record, record === final));
  }
  if (final === undefined)
    for (const fault of explainer.end()) answered += answer({ record: nothingMore, items: [{ fault }] });
  progress.end();
  // There are only lines of text: report that.
  if (answered === 0 && held !== undefined) answer(held);
  else notes.end();
  if (failed) io().exitCode = 1;

  function answer(explained: Explained): number {
    const { items, record } = explained;
    if (items.length === 0) return 0;
    progress.clear();
    failed ||= items.some(({ fault, pduFault }) => (fault ?? pduFault) !== undefined);
    if (options.json) {
      io().stdout.write(jsonLine(explained));
      return 1;
    }
    if (options.xml) {
      io().stdout.write(xmlText(items, many));
      return 1;
    }
    let said = answered;
    const heading = headingOf(record);
    if (heading !== "") io().stdout.write(`${said > 0 ? "\n" : ""}${colours().dim(heading)}`);
    if (heading !== "") said = 0;
    for (const item of items) {
      // With several inputs, a Fault is the answer of its input; with one, it goes to stderr.
      if (said > 0) io().stdout.write("\n");
      if (item.node !== undefined) io().stdout.write(treeText([item.node]));
      (many || items.length > 1 ? io().stdout : io().stderr).write(faultTexts(item));
      said++;
    }
    return items.length;
  }
}

const nothingMore: CaptureRecord = { octets: new Uint8Array(0), notation: "", guesses: [] };

/** Time, source and destination, if the capture has them. */
function headingOf({ time, direction, flow }: CaptureRecord): string {
  const said = [time, direction, flow].filter((one) => one !== undefined);
  return said.length === 0 ? "" : `${said.join("  ")}\n`;
}

const isStandardInput = (given: readonly string[]): boolean => given.length === 0 || given[0] === "-";

/** `dlms decode`: explains octets. */
export function decodeCommand(program: Command): void {
  program
    .command("decode")
    .description("explains octets: HDLC and M-Bus frames, wrapper PDUs, APDUs, Data, P1, packet captures")
    .argument("[hex...]", "octets in any notation, a file (text, pcap, pcapng, binary), or - for standard input")
    .addOption(
      new Option("--as <layer>", "the outermost layer; default: recognised from the octets").choices([...layers]),
    )
    .option("--ek <key>", "encryption key in hex, to decipher with; or DLMS_EK in the environment")
    .option("--ak <key>", "authentication key in hex, to verify with; or DLMS_AK in the environment")
    .option("--dedicated-key <key>", "dedicated key in hex; or DLMS_DEDICATED_KEY; an AARQ in the input may contain it")
    .option("--broadcast-key <key>", "broadcast key in hex; or DLMS_BROADCAST_KEY")
    .option("--master-key <key>", "master key in hex, for general-ciphering with a wrapped key; or DLMS_MASTER_KEY")
    .option(
      "--agreement-key <key>",
      "private key for key agreement of either end: hex, or a PEM or DER file; may be repeated",
      added,
    )
    .option(
      "--certificate <file>",
      "certificates of the ends, PEM or DER, to verify signatures and for static key agreement; may be repeated",
      added,
    )
    .option("--public-key <title=key>", "a public key without a certificate: system title, x and y in hex", added)
    .option(
      "--system-title <title>",
      "system title of the sender, 8 octets in hex, if the input does not contain it; may be repeated",
      titleOption,
    )
    .option("--unverified", "deciphers without an authentication key and marks the result as not verified")
    .addOption(
      new Option("--quirk <name...>", "accepts a deviation of some meters").choices([
        "date-time-with-data-tag",
        "untyped-attribute-descriptors",
      ]),
    )
    .addOption(progressOption())
    .addOption(new Option("--json", "prints one JSON document per line").conflicts("xml"))
    .option("--xml", "prints APDUs and Data in the XML form of the Green Book")
    .addHelpText(
      "after",
      "\nExamples:\n  dlms decode 7ea00802232193bd647e\n  dlms decode c001c100030100010800ff0200 --json\n  cat capture.txt | dlms decode - --json",
    )
    .action((hex: string[], options: DecodeOptions) => decode(hex, options));
}

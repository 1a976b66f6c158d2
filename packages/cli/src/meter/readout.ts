import { type ReadoutLink, readout } from "@dlmskit/client";
import { Fault, fromHex, type Json, logicalName } from "@dlmskit/core";
import { obisName } from "@dlmskit/cosem-objects";
import { type DataSet, logicalNameOf, type Readout, ReadoutClient, TelegramClient } from "@dlmskit/iec62056-21";
import { node } from "@dlmskit/security/node";
import { systemClock } from "@dlmskit/transport/node";
import type { Command } from "commander";
import { io } from "../io.ts";
import { jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";
import { table } from "../output/table.ts";
import { attempting, timeLeft } from "./attempts.ts";
import type { MeterOptions } from "./meter-options.ts";
import { duplexTo } from "./open.ts";

export interface ReadoutChoice extends MeterOptions {
  readonly readout?: boolean;
  readonly telegram?: boolean;
  readonly deviceAddress?: string;
  readonly sevenBits?: boolean;
}

/** Up to here lines of telegrams have 7 data bits and even parity: mode D, and DSMR before version 4. */
const fastestWithParity = 9600;

/** Adds the options of what is read without an association. */
export function readoutOptions(command: Command): Command {
  return command
    .option("--readout", "reads the data block of an optical head or current loop (IEC 62056-21 modes A to C)")
    .option(
      "--telegram",
      "waits for a telegram that the meter sends by itself: P1 at 115200 baud, mode D with --baud 2400",
    )
    .option("--device-address <text>", "with --readout: device address of the meter; default: any")
    .option("--seven-bits", "with --readout or --telegram: the port or the device server uses 7E1 itself");
}

function linkOf(options: ReadoutChoice): { readonly link: ReadoutLink<Readout>; readonly baud: number } {
  const { baud, deviceAddress, sevenBits = false, retries, timeout, ek, ak } = options;
  if (options.telegram === true) {
    const rate = baud ?? 115_200;
    const keys = { provider: node, encryptionKey: fromHex(ek ?? ""), authenticationKey: fromHex(ak ?? "") };
    const link = new TelegramClient({
      parity: !sevenBits && rate <= fastestWithParity,
      timeout: Math.max(timeout, 20_000),
      ...(ek === undefined || ak === undefined ? {} : { keys }),
    });
    return { link, baud: rate };
  }
  const link = new ReadoutClient({
    sevenBits,
    initialBaudRate: baud ?? 300,
    ...(deviceAddress === undefined ? {} : { deviceAddress }),
    ...(retries === undefined ? {} : { retries }),
  });
  return { link, baud: baud ?? 300 };
}

interface Shown extends DataSet {
  readonly instanceId?: string;
  readonly name?: string;
}

function shownOf(dataSet: DataSet): Shown {
  const instanceId = logicalNameOf(dataSet.address);
  const name = instanceId === undefined ? undefined : obisName(instanceId);
  return {
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(name === undefined ? {} : { name }),
    ...dataSet,
  };
}

/** Whether a data set is one of those asked for: by its address as it stands, or by a logical name. */
function isAsked(names: readonly string[]): (shown: Shown) => boolean {
  const wanted = new Set(
    names.flatMap((name) => {
      try {
        return [name, logicalName(name)];
      } catch {
        return [name];
      }
    }),
  );
  return ({ address, instanceId }) => wanted.has(address) || (instanceId !== undefined && wanted.has(instanceId));
}

/** `dlms read --readout` and `--telegram`: the data sets of a meter, those of `names` where there are any. */
export async function readBlock(place: string, names: readonly string[], options: ReadoutChoice): Promise<void> {
  if (options.readout === true && options.telegram === true) {
    const hint = "--readout asks the meter, --telegram waits for a telegram that the meter sends by itself";
    throw new Fault("bad-option", "--readout and --telegram cannot be combined", { layer: "cli", hint });
  }
  const { link, baud } = linkOf(options);
  using progress = new Progress(options, options.telegram === true ? "waiting for a telegram" : "reading");
  const duplex = await attempting(place, options, () => duplexTo(place, { ...options, baud }));
  const read = await readout({ duplex: progress.counting(duplex), link }, { clock: systemClock, ...timeLeft(options) });
  progress.end();
  const all = read.dataSets.map(shownOf);
  const shown = names.length === 0 ? all : all.filter(isAsked(names));
  const { manufacturer, identification } = read.identification;
  const { stdout } = io();
  if (options.json === true) {
    const meter = { meter: { manufacturer, identification, mode: read.mode } };
    stdout.write([meter, ...shown].map((one) => `${jsonText(one as unknown as Json)}\n`).join(""));
  } else {
    stdout.write(`meter ${manufacturer} ${identification}, mode ${read.mode}\n\n`);
    stdout.write(
      table(
        [{ title: "name" }, { title: "address" }, { title: "value", align: "right" }, { title: "unit" }],
        shown.map(({ name = "", address, values }) => [
          name,
          address,
          values.map(({ value }) => value).join(" "),
          values.find(({ unit }) => unit !== undefined)?.unit ?? "",
        ]),
      ),
    );
  }
  if (names.length > 0 && shown.length === 0) io().exitCode = 1;
}

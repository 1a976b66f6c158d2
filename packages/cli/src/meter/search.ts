import { readout } from "@dlmskit/client";
import { Fault } from "@dlmskit/core";
import { AddressSearch, candidateAddresses, type FoundMeter } from "@dlmskit/hdlc";
import { systemClock } from "@dlmskit/transport/node";
import type { Command } from "commander";
import { io } from "../io.ts";
import { numberOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";
import { attempting, timeLeft } from "./attempts.ts";
import type { MeterOptions } from "./meter-options.ts";
import { duplexTo } from "./open.ts";

export interface SearchChoice extends MeterOptions {
  readonly search?: boolean;
  readonly lower?: readonly number[];
  readonly wait: number;
  readonly tries: number;
}

const highestLower = 0x3fff;

/** `16..99,1000` as numbers. Fault `bad-option`. */
function rangesOption(text: string): readonly number[] {
  return text.split(",").flatMap((part) => {
    const [, from, to = from] = /^(\d{1,5})(?:\.\.(\d{1,5}))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (!(first <= last && last <= highestLower)) {
      const hint = `such as 16..99,1000, up to ${highestLower}`;
      throw new Fault("bad-option", `"${part}" is no range of lower addresses`, { layer: "cli", hint });
    }
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/** Adds the options of the address search. */
export function searchOptions(command: Command): Command {
  return command
    .option("--search", "finds the HDLC addresses on a line: a serial port, or a device server at HOST:PORT")
    .option(
      "--lower <ranges>",
      "with --search: lower addresses to try, such as 16..99,1000; 1..125,256..383",
      rangesOption,
    )
    .option("--wait <ms>", "with --search: time to wait for an answer of each address", numberOption(1, 60_000), 300)
    .option("--tries <n>", "with --search: how often each address is asked", numberOption(1, 100), 1);
}

const answers: { readonly [answer in FoundMeter["answer"]]: string } = {
  ua: "answers",
  dm: "refuses this client",
  frmr: "refuses this client",
  unreadable: "unreadable: several meters, or a bad line",
};

function people({ address, answer }: FoundMeter): string {
  const { upper, lower, octets } = address;
  const physical = lower === undefined ? "" : ` --physical ${lower}`;
  return `--server ${upper}${physical} (${octets} octet${octets === 1 ? "" : "s"}): ${answers[answer]}\n`;
}

/** `dlms discover --search`: tells the meters as they are found. */
export async function searchLine(place: string, options: SearchChoice): Promise<void> {
  const { client, server, lower, wait, tries, json = false } = options;
  using progress = new Progress(options, "searching");
  const { stdout } = io();
  let asked = 0;
  let at = "";
  progress.at(() => `searching: ${asked} addresses asked, now ${at}`);
  const link = new AddressSearch({
    client,
    candidates: candidateAddresses({ upper: [server], ...(lower === undefined ? {} : { lower }) }),
    timeout: wait,
    tries,
    asking(address) {
      asked++;
      at = `${address.upper}/${address.lower ?? "-"}`;
    },
    found(meter) {
      progress.clear();
      stdout.write(json ? `${jsonText({ event: "found", ...meter })}\n` : people(meter));
    },
  });
  const duplex = await attempting(place, options, () => duplexTo(place, { ...options, link: "hdlc" }));
  const found = await readout({ duplex, link }, { clock: systemClock, ...timeLeft(options) });
  progress.end();
  if (found.length > 0) return;
  throw new Fault("no-answer", `no meter answers at ${asked} addresses`, {
    layer: "hdlc",
    hint: "check --baud and --client; try other addresses with --lower, or --server, and a longer --wait",
  });
}

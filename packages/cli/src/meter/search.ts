import { type ReadoutLink, readout } from "@dlmskit/client";
import { Fault } from "@dlmskit/core";
import { AddressSearch, candidateAddresses, type FoundMeter, type HdlcAddress } from "@dlmskit/hdlc";
import { ModeEClient } from "@dlmskit/iec62056-21";
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

/** A meter that signed on by mode E goes back to the sign-on when it gets no frame for some seconds: addresses asked after one sign-on, ms. */
const askFor = 4000;

/** The first `count` values of an iterator. */
function taken<T>(values: Iterator<T>, count: number): T[] {
  const all: T[] = [];
  for (let next = values.next(); next.done !== true; next = values.next()) {
    all.push(next.value);
    if (all.length === count) break;
  }
  return all;
}

/** A search after a sign-on, as the link of a readout. */
function afterSignOn(search: AddressSearch, { baud }: SearchChoice): ReadoutLink<readonly FoundMeter[]> {
  const link = new ModeEClient({ link: search, ...(baud === undefined ? {} : { initialBaudRate: baud }) });
  return Object.defineProperty(link, "result", { get: () => search.result }) as ModeEClient & AddressSearch;
}

/** `dlms discover --search`: tells the meters as they are found. */
export async function searchLine(place: string, options: SearchChoice): Promise<void> {
  const { client, server, lower, wait, tries, modeE = false, json = false } = options;
  if (options.link === "mbus") {
    throw new Fault("bad-option", "--search finds HDLC addresses only", {
      layer: "cli",
      hint: "leave out --search and --physical: the only meter on an M-Bus line answers at 254; or give --physical 0 to 250",
    });
  }
  using progress = new Progress(options, "searching");
  const { stdout } = io();
  let asked = 0;
  let at = "";
  progress.at(() => `searching: ${asked} addresses asked, now ${at}`);
  const candidates = candidateAddresses({ upper: [server], ...(lower === undefined ? {} : { lower }) });
  const searchOf = (some: Iterable<HdlcAddress>): AddressSearch =>
    new AddressSearch({
      ...{ client, candidates: some, timeout: wait, tries },
      asking(address) {
        asked++;
        at = `${address.upper}/${address.lower ?? "-"}`;
      },
      found(meter) {
        progress.clear();
        stdout.write(json ? `${jsonText({ event: "found", ...meter })}\n` : people(meter));
      },
    });
  const run = async (search: AddressSearch): Promise<readonly FoundMeter[]> => {
    const duplex = await attempting(place, options, () => duplexTo(place, { ...options, link: "hdlc" }));
    const link = modeE ? afterSignOn(search, options) : search;
    return readout({ duplex, link }, { clock: systemClock, ...timeLeft(options) });
  };
  let found: readonly FoundMeter[] = [];
  if (modeE) {
    // There is one meter at an optical head. It signs on for some addresses at a time.
    const count = Math.max(1, Math.floor(askFor / (wait * tries)));
    for (let some = taken(candidates, count); some.length > 0 && found.length === 0; some = taken(candidates, count)) {
      found = await run(searchOf(some));
    }
  } else found = await run(searchOf(candidates));
  progress.end();
  if (found.length > 0) return;
  throw new Fault("no-answer", `no meter answers at ${asked} addresses`, {
    layer: "hdlc",
    hint: "check --baud and --client; try other addresses with --lower, or --server, and a longer --wait",
  });
}

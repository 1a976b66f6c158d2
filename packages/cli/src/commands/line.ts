import { createInterface } from "node:readline";
import { Fault } from "@dlmskit/core";
import { type LineDirection, LineProxy, type ProxyFaults } from "@dlmskit/transport";
import { systemClock, tcpConnect, tcpListen, udpConnect, udpListen } from "@dlmskit/transport/node";
import type { Command } from "commander";
import { io } from "../io.ts";
import { numberOption } from "../options.ts";
import { visible } from "../output/visible.ts";

/** The faults as a person names them. */
interface NamedFaults {
  readonly delay?: number;
  readonly jitter?: number;
  readonly rate?: number;
  readonly loss?: number;
  readonly duplicate?: number;
  readonly corrupt?: number;
  readonly split?: number;
  readonly cut?: number;
  readonly echo?: boolean;
}

interface Options extends NamedFaults {
  readonly seed?: number;
  readonly json?: boolean;
}

interface Place {
  readonly transport: "tcp" | "udp";
  readonly host: string;
  readonly port: number;
}

/** `[tcp://|udp://][HOST:]PORT`. Fault `bad-option`. */
function placeOf(text: string, least: number): Place {
  const found = /^(?:(tcp|udp):\/\/)?(?:(?:\[([^\]]+)\]|([^:[\]/]*)):)?(\d{1,5})$/.exec(text);
  const [, transport = "tcp", bracketed, plain, digits] = found ?? [];
  const port = Number(digits);
  if (found === null || port > 65_535 || port < least) {
    throw new Fault("bad-option", `"${text}" is not an address`, {
      layer: "cli",
      hint: "give [tcp://|udp://][HOST:]PORT, such as 4060 or udp://127.0.0.1:4060",
    });
  }
  return { transport: transport as Place["transport"], host: bracketed ?? (plain || "127.0.0.1"), port };
}

const probability = (text: string): number => {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text !== "" && text !== "%" && value >= 0 && value <= 1) return value;
  throw new Fault("bad-option", `"${text}" is not a probability`, {
    layer: "cli",
    hint: "give a number from 0 to 1, or a percentage such as 5%",
  });
};

const ms = numberOption(0, 600_000);
const octets = numberOption(1, 0x7fffffff);

/** What a word of the command line or of standard input is read with. */
const readers: { readonly [name in keyof NamedFaults]-?: (text: string) => number | boolean } = {
  delay: ms,
  jitter: ms,
  rate: octets,
  loss: probability,
  duplicate: probability,
  corrupt: probability,
  split: octets,
  cut: numberOption(0, 0x7fffffff),
  echo: (text) => text !== "off",
};

/** As the library names them; `before` has what a change does not name. */
function faultsOf(named: NamedFaults, before: NamedFaults = {}): ProxyFaults {
  const { delay = before.delay, jitter = before.jitter, rate, loss, duplicate, corrupt, split, cut, echo } = named;
  const late = delay !== undefined || jitter !== undefined;
  return {
    ...(late ? { latency: [delay ?? 0, (delay ?? 0) + (jitter ?? 0)] as const } : {}),
    ...(rate === undefined ? {} : { rate }),
    ...(loss === undefined ? {} : { loss }),
    ...(duplicate === undefined ? {} : { duplicate }),
    ...(corrupt === undefined ? {} : { corrupt }),
    ...(split === undefined ? {} : { split }),
    ...(cut === undefined ? {} : { cut }),
    ...(echo === undefined ? {} : { echo }),
  };
}

const inputHint =
  "give [up|down] NAME VALUE with delay, jitter, rate, loss, duplicate, corrupt, split, cut or echo; or cut; or mend";

/** Reads commands from standard input, one per line. */
class Switches {
  readonly #proxy: LineProxy;
  readonly #named: { up: NamedFaults; down: NamedFaults };

  constructor(proxy: LineProxy, named: NamedFaults) {
    this.#proxy = proxy;
    this.#named = { up: named, down: named };
  }

  /** Fault `bad-option` for a line that is not a command. */
  follow(line: string): void {
    const words = line.trim().split(/\s+/);
    if (words[0] === "") return;
    const direction = words[0] === "up" || words[0] === "down" ? (words.shift() as LineDirection) : undefined;
    const [name = "", value = "", ...more] = words;
    if (name === "mend" && direction === undefined && value === "") {
      this.#named.up = this.#named.down = {};
      this.#proxy.mend();
    } else if (name === "cut" && direction === undefined && value === "") {
      this.#proxy.cut();
    } else if (Object.hasOwn(readers, name) && more.length === 0) {
      this.#set({ [name]: readers[name as keyof NamedFaults](value) }, direction);
    } else {
      throw new Fault("bad-option", `"${line.trim()}" is not a command of the line`, { layer: "cli", hint: inputHint });
    }
  }

  #set(named: NamedFaults, direction: LineDirection | undefined): void {
    for (const one of direction === undefined ? (["up", "down"] as const) : [direction]) {
      this.#proxy.change(faultsOf(named, this.#named[one]), one);
      this.#named[one] = { ...this.#named[one], ...named };
    }
  }
}

async function line(from: string, to: string, options: Options): Promise<void> {
  const [near, far] = [placeOf(from, 0), placeOf(to, 1)];
  if (near.transport !== far.transport) {
    const hint = "give both as tcp:// or both as udp://";
    throw new Fault("bad-option", "both ends of a line must have the same transport", { layer: "cli", hint });
  }
  const { stdin, stdout, stderr, stopAsked } = io();
  const say = (code: string, text: string): void =>
    void stderr.write(
      options.json === true ? `${JSON.stringify({ event: "failed", code, message: text })}\n` : `${visible(text)}\n`,
    );
  const failed = (fault: Fault): void => say(fault.code, fault.message);
  const { seed } = options;
  const proxy = new LineProxy({
    clock: systemClock,
    connect: () => (far.transport === "udp" ? udpConnect(far.host, far.port) : tcpConnect(far.host, far.port)),
    faults: faultsOf(options),
    ...(seed === undefined ? {} : { seed }),
    failed,
  });
  const stop = stopAsked();
  const listenOptions = {
    ...near,
    failed,
    accept: (duplex: Parameters<LineProxy["accept"]>[0]) => proxy.accept(duplex),
  };
  await using listener = near.transport === "udp" ? await udpListen(listenOptions) : await tcpListen(listenOptions);
  const { host, port } = listener;
  stdout.write(
    options.json === true
      ? `${JSON.stringify({ event: "listening", host, port, target: `${far.host}:${far.port}`, transport: near.transport })}\n`
      : `line from ${host}:${port} to ${far.host}:${far.port} (${near.transport})\n`,
  );
  const switches = new Switches(proxy, options);
  const input = createInterface({ input: stdin });
  input.on("line", (text) => {
    try {
      switches.follow(text);
    } catch (caught) {
      const hint = caught instanceof Fault && caught.hint !== undefined ? `: ${caught.hint}` : "";
      say("bad-option", `${caught instanceof Error ? caught.message : String(caught)}${hint}`);
    }
  });
  await stop;
  input.close();
  stdin.pause();
  proxy.cut();
}

/** `dlms line`: a faulty line in front of a meter or a head-end system. */
export function lineCommand(program: Command): void {
  program
    .command("line")
    .description("puts a faulty line in front of a meter or a head-end system")
    .argument("<listen>", "[tcp://|udp://][HOST:]PORT to listen on; port 0 for any free port")
    .argument("<target>", "target of the line: [tcp://|udp://][HOST:]PORT")
    .option("--delay <ms>", "delay of octets", ms)
    .option("--jitter <ms>", "maximum random addition to the delay; datagrams may overtake each other", ms)
    .option("--rate <octets>", "octets per second in each direction", octets)
    .option("--loss <p>", "probability that a piece (a datagram) is lost, 0 to 1 or 5%", probability)
    .option("--duplicate <p>", "probability that a piece arrives twice", probability)
    .option("--corrupt <p>", "probability that a bit of a piece is changed", probability)
    .option("--split <octets>", "cuts a stream into pieces of 1 to this many octets", octets)
    .option("--cut <octets>", "resets a connection after this many octets", numberOption(0, 0x7fffffff))
    .option("--echo", "sends octets back to their sender, as on a two-wire line")
    .option("--seed <n>", "the same seed gives the same faults", numberOption(0, 0x7fffffff))
    .option("--json", "prints one JSON document per line")
    .addHelpText(
      "after",
      `\nStandard input switches faults while it runs, one a line:\n  ${inputHint}.\n"up" is towards the target; without a direction both are meant. "cut" alone resets all connections, "mend" ends all faults.\n\nExample: dlms line 4060 127.0.0.1:4059 --delay 200 --loss 5%`,
    )
    .action((from: string, to: string, options: Options) => line(from, to, options));
}

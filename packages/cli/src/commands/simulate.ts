import { writeFile } from "node:fs/promises";
import { Fault } from "@dlmskit/core";
import { MbusPushLink } from "@dlmskit/mbus";
import { pushTcp } from "@dlmskit/server";
import {
  createSimulator,
  identitiesCsv,
  identitiesJson,
  parsePopulation,
  type Reached,
  type Simulator,
  type SimulatorOptions,
} from "@dlmskit/simulator";
import type { DialEvent } from "@dlmskit/transport";
import { type Command, Option } from "commander";
import { readTextFile } from "../capture-input.ts";
import { type ControlOptions, controlText, RunControl } from "../control.ts";
import { followFaultsFile, readFaultsFile } from "../faults-file.ts";
import { io } from "../io.ts";
import { readKeysFile, readText } from "../keys-file.ts";
import { identitiesFormat } from "../meter/from-identities.ts";
import { rs485Option, silenceOption } from "../meter/meter-options.ts";
import { serveMetrics } from "../metrics.ts";
import { instantIn, momentOption } from "../moment.ts";
import { gatewaysOption, numberOption, portOption } from "../options.ts";
import { Progress, progressOption } from "../output/progress.ts";
import { ServerEvents } from "../output/server-events.ts";
import { narrowFile } from "../private-file.ts";
import { recordTo } from "../record/record-to.ts";
import { tellDial } from "../simulate/dial-events.ts";
import { expectFree, listeningText, referencings, type SimulateOptions, whereOf } from "../simulate/options.ts";
import { devicesOption, dialOption, pushOption, shardOption, speedOption } from "../simulate/parse.ts";
import { openStoreOf } from "../store.ts";
import { readTemplate } from "../template-file.ts";
import { simulateInWorkers } from "../workers/simulate-in-workers.ts";
import { inWorker, joinWorkers } from "../workers/worker.ts";

/** For pushes over TLS: whom the meters trust, and their certificate. Faults `bad-option`, `no-such-file`. */
function pushTlsOf({ push, pushCa, pushCert, pushKey }: SimulateOptions): Pick<SimulatorOptions, "pushTls"> {
  if (pushCa === undefined && pushCert === undefined && pushKey === undefined && push?.startsWith("tls:") !== true) {
    return {};
  }
  if (pushCa === undefined || pushCert === undefined || pushKey === undefined) {
    const hint = "--push-ca FILE is whom the meters trust, --push-cert FILE and --push-key FILE are their own";
    throw new Fault("bad-option", "pushes over TLS need certificates", { layer: "cli", hint });
  }
  const text = (path: string): string => {
    const read = readText(path);
    if (read === undefined) throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
    return read;
  };
  const own = { authorities: text(pushCa), certificate: text(pushCert), privateKey: text(pushKey) };
  return { pushTls: { ...own, peerSystemTitle: "any" } };
}

async function* counted<T>(all: AsyncIterable<T>, count: () => void): AsyncGenerator<T, undefined> {
  for await (const one of all) {
    count();
    yield one;
  }
}

/** Writes the identities to a file that only its owner can read. Fault `not-written`. */
async function writeIdentities(
  simulator: Simulator,
  path: string,
  reached: Reached | undefined,
  progress: Progress,
): Promise<void> {
  let written = 0;
  progress.at(() => `writing ${path}: ${written} of ${simulator.count} meters`);
  const identities = counted(simulator.identities(reached === undefined ? {} : { reached }), () => written++);
  const text = identitiesFormat(path) === "csv" ? identitiesCsv(identities) : identitiesJson(identities);
  try {
    narrowFile(path);
    await writeFile(path, text, { mode: 0o600 });
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("not-written", `the file ${path} could not be written`, { layer: "cli", cause });
  }
}

const shortLived = (path: string): string =>
  `the next start creates other meters, and ${path} will be out of date; --store pglite:DIR keeps the meters, --seed creates the same meters again`;

/** Workers have one control, that of the first process. */
const controlOfWorker = ({ control }: SimulateOptions): ControlOptions => (control === undefined ? {} : { control });

async function simulate(options: SimulateOptions): Promise<void> {
  const { json = false, verbose = false } = options;
  const { stdout, stderr } = io();
  if (options.workers !== undefined && options.workers > 1 && !inWorker) {
    await simulateInWorkers(options, options.workers);
    return;
  }
  await using worker = await joinWorkers();
  using progress = new Progress(options, "preparing the store");
  const say = (text: string): void => {
    progress.clear();
    stderr.write(`${text}\n`);
  };
  // Events are JSON documents on stdout, or text on stderr.
  const tell = (line: string): void => {
    (json ? stdout : stderr).write(`${line}\n`);
  };
  let fleet: Simulator["fleet"] | undefined;
  const serialOf = (meter: string): string | undefined => {
    const index = fleet?.indexOfName(meter) ?? fleet?.indexOfMeterId(meter);
    return index === undefined ? undefined : fleet?.serial(index);
  };
  using events = new ServerEvents({ json, verbose, serialOf, write: tell, now: Date.now });
  // Check the options before anything is created.
  if (options.identities !== undefined) identitiesFormat(options.identities);
  const keys = options.keys === undefined ? undefined : readKeysFile(options.keys);
  const population = options.population === undefined ? undefined : parsePopulation(readTextFile(options.population));
  const template = await readTemplate(options.template);
  const faults = options.faults === undefined ? undefined : readFaultsFile(options.faults, template);
  const where = whereOf(options);
  if (worker === undefined) await expectFree(where, options);
  const controlled = await RunControl.of(worker === undefined ? options : controlOfWorker(options));
  const day = 86_400_000;
  const store = await openStoreOf(options.store, say, process.env, false, {
    connectionsKeptMs: options.keepConnections * day,
    ...(worker && { address: worker.address }),
  });
  try {
    const { meters, start, speed, push, pushLayouts, shard } = options;
    const seed = worker?.seed ?? options.seed;
    const given: SimulatorOptions = {
      ...{ store, template, meters, referencing: referencings[options.referencing] },
      events: (event) => events.tell(event),
      ...(keys === undefined ? {} : { keys }),
      ...(faults === undefined ? {} : { faults }),
      ...(population === undefined ? {} : { population }),
      ...(seed === undefined ? {} : { seed }),
      ...(start === undefined ? {} : { start: instantIn(start, template.zoneMinutesEast) }),
      ...(speed === undefined ? {} : { speed }),
      ...(push === undefined ? {} : { push }),
      ...(pushLayouts === undefined ? {} : { pushLayouts }),
      pushTransports: { mbus: pushTcp(() => new MbusPushLink({ end: "server" })) },
      ...pushTlsOf(options),
      ...(shard && { shard }),
      ...(worker && { worker: worker.options, ...worker.start(options) }),
    };
    using record = options.record === undefined ? undefined : recordTo(options.record, say, worker?.options.of);
    await using monitored =
      options.metrics === undefined ? undefined : await serveMetrics(options.metrics + (worker?.options.index ?? 0));
    progress.at(() => `preparing ${meters} meters`);
    const watched = { ...given, ...record?.options, ...(monitored && { metrics: monitored.metrics }) };
    await using simulator = await createSimulator(controlled?.options(watched) ?? watched);
    await using _control = controlled;
    fleet = simulator.fleet;
    const control = await controlled?.over(simulator);
    await worker?.serve(simulator, control);
    using _ = followFaultsFile(options.faults, simulator, say);
    // What all workers would say is said by the first one.
    const speaks = (worker?.options.index ?? 0) === 0;
    if (speaks) for (const notice of simulator.notices) say(`note: ${notice}`);
    if (monitored !== undefined) {
      const { host, port } = monitored;
      if (json) tell(JSON.stringify({ event: "metrics", host, port }));
      else say(`metrics on http://${host}:${port}/metrics`);
    }
    const listening = await simulator.listen(where);
    if (worker === undefined && controlled !== undefined && control !== undefined) {
      (json ? tell : say)(controlText(await controlled.serve(control), json));
    }
    if (speaks && options.identities !== undefined) {
      if (options.store === "memory" && seed === undefined) say(`warning: ${shortLived(options.identities)}`);
      await writeIdentities(simulator, options.identities, listening.reached[0], progress);
    }
    if (options.dial !== undefined) {
      const events = (event: DialEvent): void => tellDial(event, { json, tell, say });
      simulator.callIn({ ...options.dial, events });
    }
    progress.end();
    // Listen for signals first: a program that reads this line may send one at once.
    const stop = io().stopAsked();
    if (worker === undefined) for (const port of listening.ports) stdout.write(listeningText(port, json));
    worker?.listening(listening.ports);
    await Promise.race([stop, worker?.left ?? stop]);
  } finally {
    await store.close();
  }
}

/** `dlms simulate`: one meter or a fleet, until SIGINT or SIGTERM. */
export function simulateCommand(program: Command): void {
  program
    .command("simulate")
    .description("runs one or more simulated meters")
    .option("--template <name>", "the meter template (see dlms templates), or the file of one", "is15959-d1")
    .option("--meters <n>", "number of meters", numberOption(1, 100_000_000), 1)
    .option("--port <port>", "the first port; default 4059; 0 for any free port", portOption)
    .option("--host <address>", "address to listen on; default 127.0.0.1")
    .option(
      "--advertise <host>",
      "the host that --identities names, if clients reach the meters at another one than --host",
    )
    .addOption(new Option("--link <link>", "link layer; default wrapper").choices(["wrapper", "hdlc", "mbus"]))
    .addOption(
      new Option("--transport <name>", "transport layer; default tcp; udp with the wrapper only").choices([
        "tcp",
        "udp",
      ]),
    )
    .addOption(
      new Option(
        "--ports <how>",
        "one: all meters behind one port, or as few ports as possible; each: one port per meter",
      )
        .choices(["one", "each"])
        .default("one"),
    )
    .option(
      "--behind-gateway <network>",
      "the meters are behind a gateway, at this network id and their serial numbers; NETWORK/number: numbers from 1",
      gatewaysOption,
    )
    .option("--gateways <n>", "with --behind-gateway: number of gateways, each with a port", numberOption(1, 65_535), 1)
    .option("--serial <device>", "a serial port instead of TCP, with HDLC or --link mbus: /dev/ttyUSB0 or COM3")
    .option(
      "--baud <rate>",
      "baud rate of the serial port; default 9600, with --mode-e 300 for the sign-on, with --link mbus 2400",
      numberOption(300, 4_000_000),
    )
    .option("--mode-e", "with --serial: clients sign on by IEC 62056-21 first, for mode E or a readout")
    .option(
      "--serial-devices <pattern>",
      "with rows of communication_ports: the device of a serial port_number, such as /dev/ttyUSB{n}; default /dev/ttyS{n} or COM{n}",
      devicesOption,
    )
    .addOption(rs485Option())
    .addOption(silenceOption())
    .addOption(
      new Option(
        "--modem [how]",
        "clients dial any number at this port, which plays a Hayes modem; ring, auto: a real modem is there, answered with ATA or by itself (S0)",
      ).choices(["ring", "auto"]),
    )
    .option(
      "--telegram <seconds>",
      "with --serial: the first meter sends its telegram (P1) at this interval",
      numberOption(1, 3600),
    )
    .addOption(
      new Option("--referencing <form>", "how clients may name objects: by logical names, by short names, or both")
        .choices(Object.keys(referencings))
        .default("both"),
    )
    .option("--store <store>", "the store: memory, pglite:DIR or postgres://…", "memory")
    .option("--keep-connections <days>", "days for which closed connections are kept", numberOption(0, 36_500), 30)
    .option("--seed <text>", "the same seed gives the same meters, keys and data; use such keys for tests only")
    .option(
      "--start <time>",
      "the time of day at which the simulation starts, ISO 8601; without Z or +05:30: the meters' local time",
      momentOption,
    )
    .option("--speed <factor>", "how many times faster time passes; 0 stops it", speedOption)
    .option("--keys <file>", "secrets of the meters, JSON; missing ones are derived from the seed")
    .option(
      "--identities <file>",
      "writes the data that a head-end system must import, secrets included: .csv or .json",
    )
    .option("--population <file>", "the shares of customer classes (households, shops, …) among the meters, JSON")
    .option("--faults <file>", "what is wrong with the meters, JSON; read again when the file changes")
    .option(
      "--push <host:port>",
      "destination of pushes, with the wrapper over TCP; or udp://HOST:PORT, hdlc://HOST:PORT, mbus://HOST:PORT, tls://HOST:PORT",
      pushOption,
    )
    .option(
      "--push-layouts <words>",
      'what meters of a customer interface push by themselves: the layouts with these words in their names, such as "Kaifa 3-phase"',
    )
    .option("--push-ca <file>", "for pushes over TLS: certificates of the authorities that the meters trust, PEM")
    .option("--push-cert <file>", "for pushes over TLS: the certificate of the meters, PEM")
    .option("--push-key <file>", "for pushes over TLS: the private key of that certificate, PEM")
    .option(
      "--dial <host:port>",
      "each meter also connects to this address over TCP, and can be read over that connection",
      dialOption,
    )
    .option(
      "--metrics <port>",
      "serves counters for Prometheus at http://127.0.0.1:PORT/metrics; 0 for any free port",
      portOption,
    )
    .option(
      "--control <port>",
      "serves the control of the meters over HTTP, with a page at /; 0 for any free port",
      portOption,
    )
    .option("--control-host <address>", "address of the control port; default 127.0.0.1; another one needs a token")
    .option("--control-token <file>", "file with the token that the control port asks for")
    .option(
      "--workers <n>",
      "number of processes that share the ports; for more than one processor",
      numberOption(1, 256),
    )
    .option("--shard <i/n>", "this process serves part i of n of the meters, counted from 0, such as 0/4", shardOption)
    .option(
      "--record <file>",
      "records the sessions of clients, for dlms replay; it contains what they sent, passwords included",
    )
    .option("--verbose", "prints every event, including connections that open and close")
    .addOption(progressOption())
    .option("--json", "prints one JSON document per line")
    .addHelpText(
      "after",
      "\nWith --store pglite:DIR or postgres://… and none of --port, --link, --transport and --ports each, the rows of\ncommunication_ports in the store say where to listen.\n\nExample: dlms simulate --meters 3 --ports each --port 4100 --seed spring --identities meters.csv",
    )
    .action((options: SimulateOptions) => simulate(options));
}

import { join } from "node:path";
import { Fault } from "@dlmskit/core";
import { createSimulator, type Identity, type Simulator } from "@dlmskit/simulator";
import type { Store } from "@dlmskit/storage";
import { io } from "../io.ts";
import { colours } from "../output/colours.ts";
import { openStoreOf } from "../store.ts";
import { openAs, type Place } from "./demo-client.ts";
import { writeKeysFile } from "./keys-file.ts";
import { readAll, report } from "./report.ts";

export interface StartOptions {
  readonly store: string;
  readonly once: boolean;
  /** TCP port to use instead of those in communication_ports. */
  readonly port?: number;
}

const say = (text: string): void => {
  io().stderr.write(`${text}\n`);
};
const show = (text: string): void => {
  io().stdout.write(text);
};

/** File with the meter's keys, for the commands that `goOn` suggests. */
const keysPath = join(".dlmskit", "keys.json");

async function readMeter(store: Store, simulator: Simulator, identity: Identity, place: Place): Promise<void> {
  const client = identity.clients.find((one) => one.client === 48);
  if (client === undefined) {
    throw new Fault("no-association", "client_associations has no row for client 48", {
      layer: "cli",
      hint: "restore the row, or choose another folder with --store pglite:DIR",
    });
  }
  const began = performance.now();
  const session = await openAs(store, place, identity, client);
  const zone = simulator.template.zoneMinutesEast * 60_000;
  const today = Math.floor((simulator.time.now + zone) / 86_400_000) * 86_400_000 - zone;
  const reading = await readAll(session, today);
  const connections = await store.connections.list({ meterId: identity.meterId });
  await session.release();
  const row = connections.findLast(({ clientId }) => clientId === client.client);
  show(report(reading, row, io().stdout.columns ?? 80));
  say(
    `read over the socket as client 48 (HLS, suite 0, authenticated encryption) in ${Math.round(performance.now() - began)} ms`,
  );
}

/** Commands to try next. After `--once` nothing serves the meter any more: then the first one starts it. */
function goOn(ports: readonly { host: string; port: number; link: string }[], options: StartOptions): void {
  const find = (link: string) => ports.find((one) => one.link === link);
  const wrapper = find("wrapper");
  const hdlc = find("hdlc");
  const { once, store, port } = options;
  // The address of a server may contain a password.
  const shown = store.startsWith("postgres") ? "postgres://…" : store;
  const start = `npx dlms start --store ${shown}${port === undefined ? "" : ` --port ${port}`}`;
  const lines: string[] = once ? [`${start}   # in another terminal: serves the meter for the commands below`] : [];
  const keys = `--keys ${keysPath}`;
  if (wrapper !== undefined) {
    const at = `${wrapper.host}:${wrapper.port}`;
    lines.push(
      `npx dlms read ${at} 0.0.42.0.0.255 --client 16`,
      `npx dlms read ${at} --client 32 --auth lls ${keys}`,
      `npx dlms profile ${at} 1.0.99.1.0.255 --client 48 --auth hls ${keys} --plot`,
      `npx dlms discover ${at} --client 48 --auth hls ${keys}`,
      `npx dlms listen :4061 ${keys}`,
      `npx dlms invoke ${at} 0.0.25.9.0.255:1 0 --client 48 --auth hls ${keys}`,
    );
  }
  if (hdlc !== undefined) {
    lines.push(`npx dlms read ${hdlc.host}:${hdlc.port} 1.0.1.8.0.255 --link hdlc --client 48 --auth hls ${keys}`);
  }
  show(
    `\n${colours().bold("To go on")} (the meter's keys are in ${keysPath})\n${lines.map((line) => `  ${line}\n`).join("")}`,
  );
}

/** Serves a meter from the rows of a store, reads it once over the socket, and goes on serving it until SIGINT or SIGTERM. */
export async function start(options: StartOptions): Promise<void> {
  const store = await openStoreOf(options.store, say);
  try {
    await using simulator = await createSimulator({ store, template: "is15959-d1", push: "tcp://127.0.0.1:4061" });
    for (const notice of simulator.notices) say(`note: ${notice}`);
    const identity = await simulator.identity(0);
    const { ports } = await simulator.listen(options.port === undefined ? {} : { port: options.port });
    for (const { host, port, link } of ports) say(`listening on ${host}:${port} (${link})`);
    show(
      `\n${colours().bold(`Meter ${identity.serial}`)}, logical device ${identity.logicalDeviceName}, template ${identity.template}\n`,
    );
    const place = ports.find(({ link }) => link === "wrapper");
    if (place === undefined) {
      throw new Fault("no-port", "communication_ports has no row for a TCP port with the wrapper", { layer: "cli" });
    }
    writeKeysFile(keysPath, identity);
    await readMeter(store, simulator, identity, place);
    goOn(ports, options);
    if (options.once) return;
    say("\nserving until Ctrl-C");
    await io().stopAsked();
    say("stopping");
  } finally {
    await store.close();
  }
}

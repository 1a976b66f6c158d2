import { Fault } from "@dlmskit/core";
import type { Connection, Store, Stored } from "@dlmskit/storage";
import type { Command } from "commander";
import { readToken } from "../control.ts";
import { askControl } from "../control-client.ts";
import { io } from "../io.ts";
import { numberOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { table } from "../output/table.ts";
import { openStoreOf } from "../store.ts";

interface SessionsOptions {
  readonly store?: string;
  readonly control?: string;
  readonly controlToken?: string;
  readonly all?: boolean;
  readonly meter?: string;
  readonly end?: number;
  readonly json?: boolean;
}

type Row = Stored<Connection>;

// How long the process that has the session may take to end it, ms.
const patience = 5000;

const moment = (instant: number): string => new Date(instant).toISOString();

async function meterIdOf(store: Store, meter: string): Promise<string> {
  const found = (await store.meters.get(meter)) ?? (await bySerial(store, meter));
  if (found !== undefined) return found.meterId;
  throw new Fault("no-session", `the store has no meter ${meter}`, {
    layer: "cli",
    hint: "a serial number or a meter id; a meter is in the store once it was used",
  });
}

async function bySerial(store: Store, serial: string) {
  for (let after = ""; ; ) {
    const page = await store.meters.list({ after, limit: 1000 });
    const found = page.find((one) => one.serial === serial);
    const last = page.at(-1);
    if (found !== undefined || last === undefined) return found;
    after = last.meterId;
  }
}

async function rowsOf(store: Store, { all, meter }: SessionsOptions): Promise<readonly Row[]> {
  const status = all === true ? (["ACTIVE", "IDLE", "DISCONNECTED"] as const) : (["ACTIVE", "IDLE"] as const);
  return store.connections.list({ status, ...(meter === undefined ? {} : { meterId: await meterIdOf(store, meter) }) });
}

async function serialsOf(store: Store, rows: readonly Row[]): Promise<ReadonlyMap<string, string>> {
  const serials = new Map<string, string>();
  for (const { meterId } of rows) {
    if (meterId === undefined || serials.has(meterId)) continue;
    serials.set(meterId, (await store.meters.get(meterId))?.serial ?? meterId);
  }
  return serials;
}

/** A session as it is shown. The times are ISO 8601. */
interface Shown extends Omit<Row, "createdAt" | "connectionTime" | "lastActivity"> {
  readonly connectionTime: string;
  readonly lastActivity: string;
  readonly serial?: string;
}

async function shownOf(store: Store, options: SessionsOptions): Promise<readonly Shown[]> {
  const rows = await rowsOf(store, options);
  const serials = await serialsOf(store, rows);
  return rows.map(({ createdAt: _, connectionTime, lastActivity, ...rest }) => ({
    ...rest,
    connectionTime: moment(connectionTime),
    lastActivity: moment(lastActivity),
    serial: rest.meterId === undefined ? "" : (serials.get(rest.meterId) ?? rest.meterId),
  }));
}

function show(rows: readonly Shown[], options: SessionsOptions): void {
  const { stdout } = io();
  if (options.json === true) {
    for (const row of rows) stdout.write(`${jsonText(row)}\n`);
    return;
  }
  if (rows.length === 0) {
    stdout.write(options.all === true ? "no sessions\n" : "nobody is connected; --all shows who was\n");
    return;
  }
  const columns = ["id", "status", "meter", "client", "from", "since", "last activity"].map((title) => ({
    title,
    ...(title === "id" || title === "client" ? { align: "right" as const } : {}),
  }));
  const cells = rows.map((row) => [
    ...[String(row.id), row.status, row.serial ?? "", String(row.clientId ?? ""), `${row.ipAddress} ${row.port}`],
    ...[row.connectionTime, row.lastActivity],
  ]);
  stdout.write(`${table(columns, cells)}\n`);
}

const tellEnded = (id: number, json: boolean): void => {
  io().stdout.write(json ? `${jsonText({ ended: id })}\n` : `session ${id} was ended\n`);
};

/** The sessions of a run of `dlms simulate`, by its control port. */
async function overControl(place: string, options: SessionsOptions): Promise<void> {
  const { all = false, meter, end: ended, json = false } = options;
  const token = readToken(options.controlToken);
  if (ended !== undefined) {
    await askControl(place, token, { method: "DELETE", path: `/sessions/${ended}` });
    tellEnded(ended, json);
    return;
  }
  const query = new URLSearchParams({ all: String(all), ...(meter === undefined ? {} : { serial: meter }) });
  const { items } = (await askControl(place, token, { method: "GET", path: `/sessions?${query}` })) as {
    readonly items: readonly Shown[];
  };
  show(items, options);
}

/** Faults `no-session`, `session-not-ended`. */
async function end(store: Store, id: number, json: boolean): Promise<void> {
  if (!(await store.connections.askEnd(id))) {
    throw new Fault("no-session", `there is no open session ${id}`, { layer: "cli", hint: "dlms sessions lists them" });
  }
  for (const until = Date.now() + patience; Date.now() < until; ) {
    if ((await store.connections.list({ id })).length === 0) {
      tellEnded(id, json);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Fault("session-not-ended", `session ${id} is still open: its process did not answer`, {
    layer: "cli",
    hint: "look whether the process that serves the meter still runs, and try again",
  });
}

async function sessions(options: SessionsOptions): Promise<void> {
  const say = (text: string): void => void io().stderr.write(`${text}\n`);
  const { store: spec, control } = options;
  if (spec !== undefined && control === undefined) {
    await using store = await openStoreOf(spec, say, process.env, true);
    await inStore(store, options);
  } else if (control !== undefined && spec === undefined) await overControl(control, options);
  else {
    const hint = "--store STORE for meters of a store, --control PORT for a run of dlms simulate";
    throw new Fault("bad-option", "give either --store or --control", { layer: "cli", hint });
  }
}

async function inStore(store: Store, options: SessionsOptions): Promise<void> {
  if (options.end === undefined) show(await shownOf(store, options), options);
  else await end(store, options.end, options.json === true);
}

/** `dlms sessions`: who is connected to the meters of a store, and was; ends a session. */
export function sessionsCommand(program: Command): void {
  program
    .command("sessions")
    .description("shows who is connected to simulated meters, and was; ends a session")
    .option("--store <store>", "of the meters: pglite:DIR (no other program may have it open) or postgres://…")
    .option("--control <place>", "of a run of dlms simulate: its control port, PORT or HOST:PORT")
    .option("--control-token <file>", "file with the token of the control port")
    .option("--all", "also those that are over")
    .option("--meter <serial>", "of one meter, by its serial number or its id in the store")
    .option(
      "--end <id>",
      "ends the open session of that id: its client has to open its association again",
      numberOption(1, 0x7fffffff),
    )
    .option("--json", "prints one JSON document per line")
    .addHelpText(
      "after",
      "\nExample: dlms sessions --store postgres://dlms@localhost/meters --end 1042\n         dlms sessions --control 8080",
    )
    .action((options: SessionsOptions) => sessions(options));
}

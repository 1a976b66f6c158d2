import { Fault } from "@dlmskit/core";
import type { Store } from "@dlmskit/storage";
import type { Command } from "commander";
import { readToken } from "../control.ts";
import { askControl } from "../control-client.ts";
import { io } from "../io.ts";
import { numberOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { print } from "../output/print.ts";
import { table } from "../output/table.ts";
import { type Page, pageRows, pagesOf, storePages } from "../sessions/pages.ts";
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

// How long the process that has the session may take to end it, ms.
const patience = 5000;

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

const columns = ["id", "status", "meter", "client", "from", "since", "last activity"].map((title) => ({
  title,
  ...(title === "id" || title === "client" ? { align: "right" as const } : {}),
}));

/** The text of a page: a table, or JSON documents. */
function pageText(rows: Page, { json }: SessionsOptions): string {
  if (json === true) return rows.map((row) => `${jsonText(row)}\n`).join("");
  const cells = rows.map((row) => [
    ...[String(row.id), row.status, row.serial ?? "", String(row.clientId ?? ""), `${row.ipAddress} ${row.port}`],
    ...[row.connectionTime, row.lastActivity],
  ]);
  return `${table(columns, cells)}\n`;
}

async function* textOf(pages: AsyncIterable<Page>, options: SessionsOptions): AsyncGenerator<string, undefined> {
  let none = true;
  for await (const page of pages) {
    none = false;
    yield pageText(page, options);
  }
  if (none && options.json !== true) {
    yield options.all === true ? "no sessions\n" : "nobody is connected; --all shows who was\n";
  }
}

const show = (pages: AsyncIterable<Page>, options: SessionsOptions): Promise<void> => print(textOf(pages, options));

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
  const query = { all: String(all), count: String(pageRows), ...(meter === undefined ? {} : { serial: meter }) };
  const pages = pagesOf(async (before) => {
    const asked = new URLSearchParams({ ...query, ...(before === undefined ? {} : { before: String(before) }) });
    const answer = await askControl(place, token, { method: "GET", path: `/sessions?${asked}` });
    return (answer as { readonly items: Page }).items;
  });
  await show(pages, options);
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
  const { all, meter, json = false } = options;
  if (options.end !== undefined) return await end(store, options.end, json);
  const status = all === true ? (["ACTIVE", "IDLE", "DISCONNECTED"] as const) : (["ACTIVE", "IDLE"] as const);
  const pages = storePages(store, {
    status,
    ...(meter === undefined ? {} : { meterId: await meterIdOf(store, meter) }),
  });
  await show(pages, options);
}

/** `dlms sessions`: who is connected to the meters of a store, and was; ends a session. */
export function sessionsCommand(program: Command): void {
  program
    .command("sessions")
    .description("shows who is connected to simulated meters, and was, the latest first; ends a session")
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

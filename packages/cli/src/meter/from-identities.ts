import { Fault, toHex } from "@dlmskit/core";
import type { ClientIdentity, Identity } from "@dlmskit/simulator";
import type { Command } from "commander";
import { readText } from "../keys-file.ts";
import { warnIfReadable } from "../private-file.ts";
import { mechanisms } from "./mechanisms.ts";

/** What is used of a meter: the file may have been written by hand, with fewer columns. */
type Row = Pick<Identity, "host" | "port" | "link" | "serverAddress"> & Partial<Identity>;
type ClientRow = Partial<ClientIdentity>;

interface FoundMeter {
  readonly meter: Row;
  readonly client: ClientRow;
}

const bad = (path: string, message: string): Fault =>
  new Fault("bad-identities-file", `${path}: ${message}`, {
    layer: "cli",
    hint: "give a file that dlms simulate --identities has written",
  });

/** The format of a file of identities, by its ending. Fault `bad-option` for any other. */
export function identitiesFormat(path: string): "csv" | "json" {
  const ending = /\.(csv|json)$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === "csv" || ending === "json") return ending;
  throw new Fault("bad-option", `--identities ${path} ends neither in .csv nor in .json`, {
    layer: "cli",
    hint: "the ending says which format the file has: name it meters.csv or meters.json",
  });
}

/** The fields of each line of a CSV text (RFC 4180): quoted ones may have commas, line ends and doubled quotes in them. */
export function* csvLines(text: string): Generator<string[], undefined> {
  let fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  const whole = text.replace(/^\uFEFF/, "");
  while (field.lastIndex < whole.length) {
    const found = field.exec(whole);
    if (found === null) return;
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === ",") {
      if (field.lastIndex < whole.length) continue;
      fields.push("");
    }
    yield fields;
    fields = [];
  }
}

function fromCsv(text: string, serial: string, client: number): { meter: unknown; clients: string[]; found: unknown } {
  let names: string[] | undefined;
  for (const fields of csvLines(text)) {
    if (names === undefined) {
      names = fields;
      continue;
    }
    if (fields[names.indexOf("serial")] !== serial) continue;
    const cells = names.flatMap((name, at): [string, string][] => (fields[at] ? [[name, fields[at]]] : []));
    const prefix = `client.${client}.`;
    const own = cells.flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    );
    const { passwordHex, ciphered, ...found } = Object.fromEntries(own);
    const numbers = Object.fromEntries(
      ["mechanism", "suite", "policy"].flatMap((name) => (name in found ? [[name, Number(found[name])]] : [])),
    );
    const clients = [...new Set(names.flatMap((name) => /^client\.(\d+)\./.exec(name)?.[1] ?? []))];
    return {
      meter: Object.fromEntries(cells),
      clients,
      found:
        own.length === 0
          ? undefined
          : {
              ...found,
              ...numbers,
              ciphered: ciphered === "true",
              ...(passwordHex === undefined ? {} : { password: { hex: passwordHex } }),
            },
    };
  }
  return { meter: undefined, clients: [], found: undefined };
}

function fromJson(path: string, text: string, serial: string, client: number): ReturnType<typeof fromCsv> {
  let all: unknown;
  try {
    all = JSON.parse(text);
  } catch {
    // The parser quotes the text, which has secrets in it.
    throw bad(path, "it is not JSON");
  }
  if (!Array.isArray(all)) throw bad(path, "it is not a list of meters");
  const meter = all.find((one: { serial?: unknown } | null) => one?.serial === serial);
  const clients: { readonly [sap: string]: unknown } = meter?.clients ?? {};
  return { meter, clients: Object.keys(clients), found: clients[String(client)] };
}

/** A meter and one of its clients. Faults `no-such-file`, `bad-identities-file`, `bad-option` (there is no such meter or client). */
function identityIn(path: string, serial: string, client: number): FoundMeter {
  const format = identitiesFormat(path);
  const text = readText(path);
  if (text === undefined) throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
  warnIfReadable(path);
  const read = format === "csv" ? fromCsv(text, serial, client) : fromJson(path, text, serial, client);
  const { meter, clients, found } = read;
  if (meter === undefined) {
    throw new Fault("bad-option", `${path} has no meter with the serial number ${serial}`, { layer: "cli" });
  }
  if (found === undefined) {
    throw new Fault("bad-option", `meter ${serial} in ${path} has no client ${client}`, {
      layer: "cli",
      hint: `it has ${clients.length === 0 ? "none" : clients.join(", ")}; --client chooses one`,
    });
  }
  const { port, serverAddress, physicalAddress, link, host } = meter as { readonly [name: string]: unknown };
  const numbers = { port: Number(port), serverAddress: Number(serverAddress) };
  const wrong =
    typeof host !== "string" ||
    (link !== "wrapper" && link !== "hdlc") ||
    !Object.values(numbers).every((number) => Number.isInteger(number) && number > 0);
  if (wrong) throw bad(path, `meter ${serial} does not say host, port, link and serverAddress`);
  const physical = physicalAddress === undefined ? {} : { physicalAddress: Number(physicalAddress) };
  return { meter: { ...(meter as Row), ...numbers, ...physical }, client: found as ClientRow };
}

const nameOfMechanism = (id: number | undefined): string | undefined =>
  Object.entries(mechanisms).find(([, known]) => known === id)?.[0];

/** A password as `--password` takes it, whatever octets it has. */
function passwordOption(password: ClientIdentity["password"]): string | undefined {
  if (password === undefined) return undefined;
  return `hex:${typeof password === "string" ? toHex(new TextEncoder().encode(password)) : password.hex}`;
}

/** Before the command runs: what `--meter` stands for. What the command line says goes before it, the environment does not. */
export function fillFromIdentities(command: Command): void {
  const { meter: serial, identities, client } = command.opts<{ meter?: string; identities?: string; client: number }>();
  if (serial === undefined && identities === undefined) return;
  if (serial === undefined || identities === undefined) {
    throw new Fault("bad-option", `--${serial === undefined ? "meter" : "identities"} is missing`, {
      layer: "cli",
      hint: "--meter SERIAL and --identities FILE go together",
    });
  }
  const { meter, client: known } = identityIn(identities, serial, client);
  const mine = known.mechanism === 0 ? undefined : passwordOption(known.password);
  const filled: { readonly [name: string]: unknown } = {
    link: meter.link,
    transport: meter.transport ?? "tcp",
    server: meter.serverAddress,
    physical: meter.physicalAddress,
    auth: nameOfMechanism(known.mechanism),
    context: known.encryptionKey === undefined ? undefined : known.ciphered ? "ciphered" : "plain",
    suite: known.suite ?? 0,
    encryptionOnly: known.ciphered && known.policy === 2 ? true : undefined,
    counter: known.invocationCounter,
    keys: undefined,
    ...(command.getOptionValueSource("keys") === "cli"
      ? {}
      : { password: mine, ek: known.encryptionKey, ak: known.authenticationKey }),
  };
  for (const [name, value] of Object.entries(filled)) {
    if (command.getOptionValueSource(name) !== "cli") command.setOptionValueWithSource(name, value, "config");
  }
  const host = meter.host.includes(":") ? `[${meter.host}]` : meter.host;
  command.processedArgs[0] = `${host}:${meter.port}`;
}

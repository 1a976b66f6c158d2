import { gatewayAddress } from "@dlmskit/apdu";
import { Fault, stepped, toHex } from "@dlmskit/core";
import { type ClientRow, findIdentity, type IdentitiesFormat, type IdentityRow } from "@dlmskit/simulator";
import type { Command } from "commander";
import { readText } from "../keys-file.ts";
import { warnIfReadable } from "../private-file.ts";
import { mechanisms } from "./mechanisms.ts";

interface FoundMeter {
  readonly meter: IdentityRow;
  readonly client: ClientRow;
}

/** The format of a file of identities, by its ending. Fault `bad-option` for any other. */
export function identitiesFormat(path: string): IdentitiesFormat {
  const ending = /\.(csv|json)$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === "csv" || ending === "json") return ending;
  throw new Fault("bad-option", `--identities ${path} does not end in .csv or .json`, {
    layer: "cli",
    hint: "the ending gives the format of the file: name it meters.csv or meters.json",
  });
}

/** A meter and one of its clients. Faults `no-such-file`, `bad-identities-file`, `bad-option` (there is no such meter or client). */
function identityIn(path: string, serial: string, client: number): FoundMeter {
  const format = identitiesFormat(path);
  const text = readText(path);
  if (text === undefined) throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
  warnIfReadable(path);
  const meter = found(path, text, format, serial);
  if (meter === undefined) {
    throw new Fault("bad-option", `${path} has no meter with the serial number ${serial}`, { layer: "cli" });
  }
  const known = meter.clients.find((one) => one.client === client);
  if (known !== undefined) return { meter, client: known };
  const saps = meter.clients.map((one) => one.client);
  throw new Fault("bad-option", `meter ${serial} in ${path} has no client ${client}`, {
    layer: "cli",
    hint: `it has ${saps.length === 0 ? "none" : saps.join(", ")}; --client chooses one`,
  });
}

function found(path: string, ...[text, format, serial]: Parameters<typeof findIdentity>): IdentityRow | undefined {
  try {
    return findIdentity(text, format, serial);
  } catch (caught) {
    throw stepped(caught, path);
  }
}

const nameOfMechanism = (id: number | undefined): string | undefined =>
  Object.entries(mechanisms).find(([, known]) => known === id)?.[0];

/** A password in the form of `--password`, for any octets. */
function passwordOption(password: ClientRow["password"]): string | undefined {
  if (password === undefined) return undefined;
  return `hex:${typeof password === "string" ? toHex(new TextEncoder().encode(password)) : password.hex}`;
}

/** Sets the options that `--meter` stands for, before the command runs. They override the environment, but not options of the command line. */
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
    gateway: meter.gateway === undefined ? undefined : gatewayAddress(meter.gateway),
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

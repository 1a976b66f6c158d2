import { Fault, type GatewayAddress } from "@dlmskit/core";
import type { LinkName } from "@dlmskit/simulator";
import { type Command, Option } from "commander";
import { gatewayOption, hexOption, numberOption } from "../options.ts";
import { pcapOption } from "../output/pcap-file.ts";
import { type ProgressOptions, progressOption } from "../output/progress.ts";
import { recordOption } from "../record/client-record.ts";
import { type AttemptOptions, startDeadline } from "./attempts.ts";
import { fillFromIdentities } from "./from-identities.ts";
import { type AuthName, mechanisms } from "./mechanisms.ts";
import { type ProtectionOptions, protectionOptions } from "./protection-options.ts";
import { quirkNames, quirkOption } from "./quirks.ts";

/** Options of every command that connects to a meter. */
export interface MeterOptions extends ProgressOptions, AttemptOptions, ProtectionOptions {
  readonly client: number;
  readonly server: number;
  readonly physical?: number;
  readonly gateway?: GatewayAddress;
  readonly link: LinkName;
  readonly transport: "tcp" | "udp";
  /** The serial port of `--serial`, for commands in which that is not a serial number. */
  readonly device?: string;
  readonly baud?: number;
  readonly modeE?: boolean;
  readonly rs485?: "high" | "low";
  readonly silence?: number;
  readonly modem?: string;
  readonly meter?: string;
  readonly identities?: string;
  readonly auth: AuthName;
  readonly password?: string;
  readonly ek?: string;
  readonly ak?: string;
  readonly systemTitle?: string;
  readonly suite: number;
  readonly counter?: string;
  readonly state?: string;
  readonly context?: "plain" | "ciphered";
  readonly referencing: "ln" | "sn";
  readonly encryptionOnly?: boolean;
  readonly association?: string;
  readonly shortSecrets?: boolean;
  readonly timeout: number;
  readonly quirk?: readonly string[];
  readonly trace?: boolean;
  readonly pcap?: string;
  readonly record?: string;
  readonly json?: boolean;
}

/** Checks the options of a serial line, which carries HDLC or M-Bus. Fault `bad-option` for options that cannot be combined with it. */
function chooseSerial(command: Command): void {
  const { serial, link, modeE, baud, rs485, silence } = command.opts<MeterOptions & { serial?: string }>();
  if (serial === undefined) {
    const [named] = Object.entries({ "mode-e": modeE, baud, rs485, silence }).find(([, value]) => value) ?? [];
    if (named === undefined) return;
    const hint = "name the port with --serial DEVICE";
    throw new Fault("bad-option", `--${named} needs --serial`, { layer: "cli", hint });
  }
  if (link === "wrapper" && command.getOptionValueSource("link") === "cli") {
    throw new Fault("bad-option", "the wrapper does not work on a serial line", {
      layer: "cli",
      hint: "leave out --link wrapper, for HDLC, or give --link mbus",
    });
  }
  if (link !== "mbus") command.setOptionValueWithSource("link", "hdlc", "config");
  else if (modeE === true) {
    const hint = "leave out --mode-e: an M-Bus line needs no sign-on";
    throw new Fault("bad-option", "--mode-e cannot be combined with --link mbus", { layer: "cli", hint });
  }
  command.setOptionValueWithSource("device", serial, "config");
}

/** `--rs485` and `--silence`, for both ends of a serial line. */
export const rs485Option = (): Option =>
  new Option("--rs485 <level>", "level of RTS while sending, for an RS-485 adapter that needs it").choices([
    "high",
    "low",
  ]);
export const silenceOption = (): Option =>
  new Option("--silence <ms>", "time without an octet on the serial line before this end sends").argParser(
    numberOption(0, 60_000),
  );

/** The settings of RS-485 for `serialOpen` and `serialListen`. */
export const busOf = ({ rs485, silence }: Pick<MeterOptions, "rs485" | "silence">) => ({
  ...(rs485 && { rs485: { rts: rs485 } }),
  ...(silence && { silence }),
});

/** Adds the options of a serial line to a command in which `--serial` has no other meaning. */
export function lineOptions(command: Command): Command {
  command.hook("preAction", (_, action) => chooseSerial(action));
  return command
    .option("--serial <device>", "a serial port instead of a host, with HDLC or --link mbus: /dev/ttyUSB0 or COM3")
    .option(
      "--baud <rate>",
      "baud rate of the serial port; default 9600, with --mode-e 300 for the sign-on, with --link mbus 2400",
      numberOption(300, 4_000_000),
    )
    .addOption(rs485Option())
    .addOption(silenceOption())
    .option("--modem <number>", "dials with a Hayes modem on the serial port, or at HOST:PORT")
    .option("--mode-e", "with --serial: signs on at an optical head (IEC 62056-21 mode E), then uses HDLC");
}

/** Adds the options. With `--meter` their values come from a file of identities. Secrets can come from the environment, where no process list shows them. */
export function meterOptions(command: Command): Command {
  command.hook("preAction", (_, action) => fillFromIdentities(action));
  command.hook("preAction", (_, action) => startDeadline(action));
  return protectionOptions(command)
    .option("--client <sap>", "the client's service access point", numberOption(1, 0xffff), 16)
    .option(
      "--server <address>",
      "the logical device: wPort, upper HDLC address, or SAP on M-Bus",
      numberOption(1, 0xffff),
      1,
    )
    .option(
      "--physical <address>",
      "the lower HDLC address, if the meter has one; with --link mbus its primary address",
      numberOption(0, 0x3fff),
    )
    .option(
      "--gateway <network/address>",
      "the meter behind the gateway at the host: network id and physical device address, 1/00123456 or 1/0x0011",
      gatewayOption,
    )
    .addOption(new Option("--link <link>", "link layer").choices(["wrapper", "hdlc", "mbus"]).default("wrapper"))
    .addOption(new Option("--transport <name>", "transport layer").choices(["tcp", "udp"]).default("tcp"))
    .option("--meter <serial>", "takes host, port, addresses, password and keys of this meter from --identities FILE")
    .option("--identities <file>", "with --meter: a file written by dlms simulate --identities, .csv or .json")
    .addOption(new Option("--auth <mechanism>", "authentication").choices(Object.keys(mechanisms)).default("none"))
    .addOption(
      new Option(
        "--context <context>",
        "plain: keys are used for authentication only; default: ciphered if there are keys",
      ).choices(["plain", "ciphered"]),
    )
    .option("--encryption-only", "encryption without authentication (policy 2): messages can be altered in transit")
    .option(
      "--association <code>",
      "the Association LN object for pass 3 of HLS, for meters that refuse 0.0.40.0.0.255",
    )
    .option("--short-secrets", "accepts a password of fewer than 4 octets or an HLS secret of fewer than 8")
    .addOption(
      new Option("--referencing <form>", "how objects are named: ln logical names, sn short names")
        .choices(["ln", "sn"])
        .default("ln"),
    )
    .addOption(new Option("--password <text>", "LLS password or HLS secret, as text or hex:…").env("DLMS_PASSWORD"))
    .addOption(
      new Option("--ek <hex>", "global unicast encryption key").env("DLMS_EK").argParser(hexOption("--ek", 16, 32)),
    )
    .addOption(new Option("--ak <hex>", "authentication key").env("DLMS_AK").argParser(hexOption("--ak", 16, 32)))
    .addOption(
      new Option("--system-title <hex>", "system title of the client; generated and kept unless given")
        .env("DLMS_SYSTEM_TITLE")
        .argParser(hexOption("--system-title", 8)),
    )
    .addOption(new Option("--suite <n>", "security suite: 0, 1 or 2").default(0).argParser(numberOption(0, 2)))
    .addOption(new Option("--keys <file>", "password and keys of the client, JSON").env("DLMS_KEYS"))
    .option("--counter <code>", "object from which the invocation counter is read (OBIS code), or none")
    .option("--state <dir>", "folder for invocation counters; in the user's state folder unless given")
    .option("--timeout <ms>", "time to wait for the link and for each answer", numberOption(1, 600_000), 10_000)
    .option(
      "--deadline <ms>",
      "time limit of the whole command, from its start: every attempt, every request",
      numberOption(1, 86_400_000),
    )
    .option(
      "--retries <n>",
      "number of repetitions of a connection that fails, a frame or a GET without an answer",
      numberOption(0, 100),
    )
    .addOption(
      new Option("--quirk <name>", "accepts a deviation of some meters (docs/guides/quirks.md); may be repeated")
        .choices(quirkNames)
        .argParser(quirkOption),
    )
    .addOption(progressOption())
    .addOption(pcapOption())
    .addOption(recordOption())
    .option("--trace", "shows octets and explained APDUs on standard error")
    .option("--json", "prints one JSON document per line");
}

import { leastSecretLength } from "@dlmskit/association";
import { connect, DurableCounters, type Line, readInvocationCounter, type Session } from "@dlmskit/client";
import { type ClientLink, Fault, fromAscii, fromHex, logicalName, type Tracer } from "@dlmskit/core";
import { Primary } from "@dlmskit/hdlc";
import { ModeEClient } from "@dlmskit/iec62056-21";
import { MbusClientLink } from "@dlmskit/mbus";
import { CounterGuard, Keys } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { type Duplex, dial, LinkPump } from "@dlmskit/transport";
import { systemClock, tcpConnect, udpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";
import { io } from "../io.ts";
import { readKeysFile } from "../keys-file.ts";
import { PcapFile } from "../output/pcap-file.ts";
import type { Progress } from "../output/progress.ts";
import { recordTracer } from "../record/client-record.ts";
import { attempting } from "./attempts.ts";
import { calledAt, nextCall } from "./called.ts";
import { causeTexts } from "./likely-causes.ts";
import { mechanisms } from "./mechanisms.ts";
import { busOf, type MeterOptions } from "./meter-options.ts";
import { protectionOf } from "./protection-options.ts";
import { quirksOf } from "./quirks.ts";
import { CounterFile, ownSystemTitle, stateFolder } from "./state.ts";
import { traceText } from "./trace.ts";

type SecurityOf = NonNullable<Parameters<typeof connect>[1]["security"]>;

/** Parses `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; the default port is 4059. Fault `bad-option`. */
function placeOf(text: string): { host: string; port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(found?.[3] ?? 4059);
  if (found === null || port < 1 || port > 65535) {
    throw new Fault("bad-option", `"${text}" is not an address`, {
      layer: "cli",
      hint: "give HOST or HOST:PORT, such as 127.0.0.1:4059, or listen://HOST:PORT for a meter that calls in",
    });
  }
  return { host: (found[1] ?? found[2]) as string, port };
}

/** Default of `--retries`: how often a frame is repeated. */
const frameRetries = 3;
/** Without `--physical`: the only meter on an M-Bus line. */
const anyMbusAddress = 254;
/** Maximum time to wait for the peer to close the connection, ms. */
const linger = 1000;

function linkOf(options: MeterOptions, client: number): ClientLink {
  const { server, physical, link, timeout, retries = frameRetries } = options;
  const quirks = quirksOf(options.quirk ?? [], link);
  if (link === "wrapper") return new WrapperClientLink({ client, server, quirks: quirks.wrapper });
  // `--timeout` applies to all attempts together.
  const timing = { timeout: Math.ceil(timeout / (retries + 1)), retries, pollFor: timeout };
  if (link === "mbus") return new MbusClientLink({ client, server, address: physical ?? anyMbusAddress, ...timing });
  const primary = new Primary({
    client,
    server: { upper: server, ...(physical === undefined ? {} : { lower: physical }) },
    maxInfoSend: 512,
    maxInfoReceive: 512,
    quirks: quirks.hdlc,
    ...timing,
  });
  if (options.modeE !== true) return primary;
  return new ModeEClient({ link: primary, ...(options.baud === undefined ? {} : { initialBaudRate: options.baud }) });
}

/** Fault `bad-option` for HDLC over UDP, and those of the transports. */
export async function duplexTo(place: string, options: MeterOptions): Promise<Duplex> {
  const line = await lineOf(place, options);
  const duplex = options.pcap === undefined ? line : PcapFile.of(options.pcap).recording(line);
  const { modem } = options;
  return modem === undefined ? duplex : dial(duplex, { clock: systemClock, number: modem });
}

async function lineOf(place: string, options: MeterOptions): Promise<Duplex> {
  const { link, timeout, transport, device, baud, modeE } = options;
  if (device !== undefined) {
    const usualRate = modeE === true ? 300 : 9600;
    const { serialOpen } = await import("@dlmskit/transport/serial");
    const line =
      link === "mbus" ? { baudRate: baud ?? 2400, parity: "even" as const } : { baudRate: baud ?? usualRate };
    return serialOpen(device, { ...line, ...busOf(options) });
  }
  const called = calledAt(place);
  if (called !== undefined) return nextCall(called, timeout);
  const { host, port } = placeOf(place);
  if (transport === "tcp") return tcpConnect(host, port, { timeout });
  if (link === "wrapper") return udpConnect(host, port);
  throw new Fault("bad-option", `--link ${link} does not work over UDP`, {
    layer: "cli",
    hint: "leave out --transport udp",
  });
}

async function lineTo(place: string, options: MeterOptions, client: number, progress?: Progress): Promise<Line> {
  const link = linkOf(options, client);
  const opened = await duplexTo(place, options);
  const duplex = progress?.counting(opened) ?? opened;
  const tracers = tracersOf(options);
  if (tracers.length === 0) return { duplex, link };
  const trace: Tracer = (event) => {
    for (const tracer of tracers) tracer(event);
  };
  return new LinkPump<ClientLink>({ duplex, link, clock: systemClock, linger, trace });
}

/** What `--trace` and `--record` ask for. */
function tracersOf(options: MeterOptions): readonly Tracer[] {
  if (options.trace !== true && options.record === undefined) return [];
  const { secret, encryptionKey, authenticationKey } = secretsOf(options);
  const { masterKey, peerKeys } = protectionOf(options);
  const keys = { encryptionKey, authenticationKey, masterKey, peerKeys };
  const { stderr } = io();
  const shown = {
    keys,
    ...(options.auth === "lls" ? { password: secret } : {}),
    write: (text: string) => void stderr.write(text),
  };
  return [
    ...(options.trace === true ? [traceText(shown)] : []),
    ...(options.record === undefined ? [] : [recordTracer(options.record, keys)]),
  ];
}

/** Password and keys from the options, else from the keys file. */
function secretsOf(options: MeterOptions) {
  const named = options.keys === undefined ? undefined : readKeysFile(options.keys).clients?.[String(options.client)];
  const { password } = options;
  const hex = password === undefined ? undefined : /^hex:((?:[0-9a-fA-F]{2})*)$/.exec(password)?.[1];
  return {
    secret: hex !== undefined ? fromHex(hex) : password !== undefined ? fromAscii(password) : named?.password,
    encryptionKey: options.ek === undefined ? named?.encryptionKey : fromHex(options.ek),
    authenticationKey: options.ak === undefined ? named?.authenticationKey : fromHex(options.ak),
  };
}

/** The objects in which IS 15959 meters, and some others, keep the last invocation counter that they received from a client. */
function counterObject({ counter, client }: MeterOptions): string | undefined {
  if (counter === "none") return undefined;
  if (counter !== undefined) return logicalName(counter);
  return `0.0.43.1.${client % 16 === 0 && client <= 0xff0 ? client / 16 : 0}.255`;
}

/** The first counter for a key that is used for the first time here: one above the meter's last counter, if that can be read. */
async function firstCounter(place: string, options: MeterOptions): Promise<number> {
  const instanceId = counterObject(options);
  if (instanceId === undefined) return 0;
  try {
    const asked = {
      clock: systemClock,
      provider: node,
      instanceId,
      timeout: options.timeout,
      causeText: causeTexts(options),
      ...referencingOf(options),
      ...gatewayOf(options),
      ...untilOf(options),
    };
    const read = async () => ({
      counter: await readInvocationCounter(await lineTo(place, options, 16), asked),
      close() {},
    });
    return (await attempting(place, options, read)).counter + 1;
  } catch (caught) {
    // If the meter has no such object, its refusal of a counter contains the expected one.
    if (caught instanceof Fault && caught.layer !== "transport") return 0;
    throw caught;
  }
}

const gatewayOf = ({ gateway }: MeterOptions) => (gateway === undefined ? {} : { gateway });
const untilOf = ({ until }: MeterOptions) => (until === undefined ? {} : { until });

const referencingOf = ({ referencing }: MeterOptions) =>
  ({ referencing: referencing === "sn" ? "short-name" : "logical-name" }) as const;

/** A key that is required by type and never used. */
const unusedKey = new Uint8Array(16);

async function securityOf(place: string, options: MeterOptions): Promise<SecurityOf | undefined> {
  const { encryptionKey: ek, authenticationKey: ak } = secretsOf(options);
  const mechanism = mechanisms[options.auth];
  const keyless = ek === undefined && ak === undefined;
  // SHA-256 needs the system titles and, in the plain context, no keys.
  const titlesAlone = keyless && mechanism === 6 && options.context !== "ciphered";
  if (keyless && !titlesAlone) return undefined;
  const encryptionKey = ek ?? (titlesAlone ? unusedKey : undefined);
  const authenticationKey = ak ?? (titlesAlone || options.encryptionOnly === true ? unusedKey : undefined);
  if (encryptionKey === undefined || authenticationKey === undefined) {
    throw new Fault("bad-option", `--${encryptionKey === undefined ? "ek" : "ak"} is missing`, {
      layer: "cli",
      hint: "ciphering needs the encryption key and the authentication key",
    });
  }
  const folder = options.state ?? stateFolder();
  const systemTitle = options.systemTitle === undefined ? ownSystemTitle(folder) : fromHex(options.systemTitle);
  const file = new CounterFile(folder, encryptionKey, systemTitle);
  await file.hold();
  const start = file.reserved ?? (await firstCounter(place, options));
  let next = start;
  const counters = new DurableCounters({
    start,
    block: 64,
    reserve(upTo) {
      file.reserve(next, upTo);
      next = upTo;
    },
  });
  return {
    suite: options.suite,
    keys: new Keys({ encryptionKey, authenticationKey }),
    systemTitle,
    counters,
    replay: new CounterGuard(),
    ...(options.encryptionOnly === true ? { authenticated: false, accept: ["encryption-only"] as const } : {}),
    ...protectionOf(options),
  };
}

/** Opens the association of the options. After an invocation-counter-error it tries once more, with the counter that the meter expects. */
export async function openMeter(place: string, options: MeterOptions, progress?: Progress): Promise<Session> {
  const { secret } = secretsOf(options);
  const mechanism = mechanisms[options.auth];
  if (mechanism !== 0 && mechanism !== 5 && mechanism !== 7 && secret === undefined) {
    throw new Fault("bad-option", `--auth ${options.auth} needs a password`, {
      layer: "cli",
      hint: "give --password, DLMS_PASSWORD, or --keys FILE with a password for this client",
    });
  }
  const { context, association, shortSecrets } = options;
  const least = leastSecretLength(mechanism);
  if (mechanism !== 0 && secret !== undefined && secret.length < least && shortSecrets !== true) {
    throw new Fault(
      "bad-option",
      `the secret of --auth ${options.auth} has ${secret.length} octets; at least ${least} are needed`,
      {
        layer: "cli",
        hint: "check that the secret is complete; --short-secrets allows shorter ones",
      },
    );
  }
  const security = await securityOf(place, options);
  const hasKeys = secretsOf(options).encryptionKey !== undefined;
  if (!hasKeys && (context === "ciphered" || mechanism === 5)) {
    throw new Fault("bad-option", `--${context === "ciphered" ? "context ciphered" : "auth hls-gmac"} needs keys`, {
      layer: "cli",
      hint: "give --ek and --ak, or --keys FILE with the keys of this client",
    });
  }
  const associate = {
    ...{ ...referencingOf(options), ...gatewayOf(options) },
    clock: systemClock,
    provider: node,
    timeout: options.timeout,
    causeText: causeTexts(options),
    quirks: quirksOf(options.quirk ?? [], options.link).association,
    ...(options.retries === undefined ? {} : { retries: options.retries }),
    mechanism,
    ciphered: context === undefined ? hasKeys : context === "ciphered",
    ...(association === undefined ? {} : { association }),
    ...(shortSecrets === undefined ? {} : { shortSecrets }),
    ...untilOf(options),
    ...(mechanism === 0 || secret === undefined ? {} : { secret }),
    ...(security === undefined ? {} : { security }),
  };
  const isAsked = options.form !== undefined || options.keyInfo !== undefined || options.sign !== undefined;
  if (isAsked && !associate.ciphered) {
    const hint = "give --ek and --ak (or --keys), and not --context plain";
    throw new Fault("bad-option", "--form, --key-info and --sign need a ciphered association", { layer: "cli", hint });
  }
  const open = (): Promise<Session> =>
    attempting(place, options, async () => connect(await lineTo(place, options, options.client, progress), associate));
  try {
    return await open();
  } catch (caught) {
    if (caught instanceof Fault && caught.code === "invocation-counter-error" && security !== undefined) return open();
    throw caught;
  }
}

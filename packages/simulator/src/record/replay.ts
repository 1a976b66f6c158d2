import { Mechanism, type MechanismName } from "@dlmskit/apdu";
import type { MechanismId } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import type { CryptoProvider } from "@dlmskit/security";
import { type AssociationSpec, type KnownMeter, Meter, meterTemplate, Server, tcp } from "@dlmskit/server";
import type { Clock, Listener } from "@dlmskit/transport";
import type { LinkName } from "../fleet/identity.ts";
import type { KeysFile } from "../simulate/keys-file.ts";
import { linkFactory } from "../simulate/lines.ts";
import type { Departure } from "./departure.ts";
import { Player } from "./player.ts";
import { apduOf, type RecordedSession } from "./record-file.ts";

export interface ReplayOptions {
  readonly clock: Clock;
  readonly provider?: CryptoProvider;
  /** Passwords and keys of the clients: needed for ciphered sessions and HLS. The password of LLS is in the record. */
  readonly keys?: KeysFile;
  /** Which meter of the record, by its serial number; the one that it has, by default. */
  readonly meter?: string;
  readonly departed?: (departure: Departure) => void;
}

export interface Replay {
  readonly server: Server;
  /** The clients that it answers. */
  readonly clients: readonly number[];
  /** How many calls were answered from the record. */
  readonly answered: number;
  /** Listens on TCP. Faults of listeners. */
  listen(how: { readonly port: number; readonly host?: string; readonly link?: LinkName }): Promise<Listener>;
}

/**
 * A server that answers clients as a recorded meter did, each of its logical devices from its own sessions. By octets: as long as a session without ciphering and HLS goes as in the record, the
 * client gets the recorded octets; another invoke id is no difference. By meaning: else the calls of GET, SET and ACTION are answered with
 * what the record has for them, in its order and the last answer again, whatever the invoke ids, counters, challenges and blocks are. Faults
 * `bad-record` (no session, several meters), `missing-secret` (ciphered, without keys).
 */
export function replayRecord(record: readonly RecordedSession[], options: ReplayOptions): Replay {
  const sessions = ofMeter(record, options.meter);
  const saps = [...new Set(sessions.map(({ device }) => device))];
  const devices = new Map<number | undefined, PlayedDevice>();
  for (const sap of saps) {
    const played = playedDevice(sap, sessions, options);
    if (played !== undefined) devices.set(sap, played);
  }
  const [first, ...others] = [...devices.values()];
  if (first === undefined) throw bad("the record has no association that was accepted");
  const playerOf = (meter: KnownMeter | undefined): Player | undefined =>
    [...devices.values()].find((one) => one.meter.id === meter?.id)?.player;
  // One logical device answers at any address, several ones at their own.
  const at = (sap: number): PlayedDevice | undefined => (others.length === 0 ? first : devices.get(sap));
  const server = new Server({
    ...{
      meters: ({ server: sap }) => {
        const played = at(sap);
        return played && { meter: played.meter, device: 1 };
      },
      clock: options.clock,
      interceptors: [(call, next) => playerOf(call.meter)?.interceptor(call, next) ?? next()],
      taps: [(message) => playerOf(message.meter)?.tap(message)],
    },
    ...(options.provider && { provider: options.provider }),
  });
  const clients = new Set([...devices.values()].flatMap((one) => one.clients));
  return {
    ...{ server, clients: [...clients] },
    get answered() {
      return [...devices.values()].reduce((sum, { player }) => sum + player.answered, 0);
    },
    listen({ port, host = "127.0.0.1", link = "wrapper" }) {
      const spec = tcp(port, linkFactory(link ?? "wrapper", undefined), { host });
      return spec.listen(
        (duplex) =>
          server.accept(
            duplex,
            spec.link((address) => server.knows(address)),
          ),
        server.limits.connections,
        { ...server.listenLimits, failed: (fault) => server.listenerFailed(`${link} on ${host}`, fault) },
      );
    },
  };
}

interface PlayedDevice {
  readonly meter: Meter;
  readonly player: Player;
  readonly clients: readonly number[];
}

/** A logical device, as a meter of its own; undefined: it has accepted no association. */
function playedDevice(
  sap: number | undefined,
  record: readonly RecordedSession[],
  { keys, departed = () => undefined }: ReplayOptions,
): PlayedDevice | undefined {
  const sessions = record.filter(({ device }) => device === sap);
  const specs = new Map<number, AssociationSpec>();
  const titles: Uint8Array[] = [];
  for (const session of sessions) {
    const opened = associationOf(session, keys);
    if (opened === undefined) continue;
    specs.set(session.client, opened.spec);
    if (opened.title !== undefined) titles.push(opened.title);
  }
  if (specs.size === 0) return undefined;
  const template = meterTemplate({
    objects: [],
    associations: Object.fromEntries([...specs].map(([client, spec]) => [`client-${client}`, spec])),
  });
  const [systemTitle = keys?.systemTitle] = titles;
  const meter = new Meter(template, {
    name: `DLKREPLAY${String(sap ?? 1).padStart(7, "0")}`,
    ...(systemTitle === undefined ? {} : { systemTitle }),
  });
  return { meter, player: new Player(sessions, specs, departed), clients: [...specs.keys()] };
}

const bad = (message: string, hint?: string): Fault =>
  new Fault("bad-record", message, { layer: "simulator", ...(hint === undefined ? {} : { hint }) });

function ofMeter(record: readonly RecordedSession[], wanted: string | undefined): readonly RecordedSession[] {
  const meters = [...new Set(record.map(({ meter }) => meter))];
  if (wanted !== undefined) return record.filter(({ meter }) => meter === wanted);
  if (meters.length <= 1) return record;
  throw bad(`the record has ${meters.length} meters`, `choose one: ${meters.slice(0, 5).join(", ")}`);
}

/** The association that a session opened; undefined: none was accepted. */
function associationOf(
  { apdus, client }: RecordedSession,
  keys: KeysFile | undefined,
): { readonly spec: AssociationSpec; readonly title: Uint8Array | undefined } | undefined {
  const [aarq, aare] = ["received", "sent"].map((way) =>
    apdus
      .flatMap((one) => (one.way === way ? [apduOf(one.pdu)] : []))
      .find((one) => one?.apdu === (way === "sent" ? "aare" : "aarq")),
  );
  if (aarq?.apdu !== "aarq" || aare?.apdu !== "aare" || aare.result !== "accepted") return undefined;
  const { applicationContextName: context, mechanismName = "lowest", callingAuthenticationValue: value } = aarq;
  const mechanism = (Mechanism[mechanismName as MechanismName] ?? 0) as MechanismId;
  const ciphered = context.endsWith("with-ciphering");
  const own = keys?.clients?.[String(client)] ?? {};
  const told = mechanism === Mechanism.low && value?.choice === "charstring" ? value.value.slice() : undefined;
  const { password: secret = told, ...given } = own;
  const secrets = Object.fromEntries(Object.entries(given).filter(([, key]) => key !== undefined));
  return {
    title: aare.respondingApTitle,
    spec: {
      client,
      security: {
        ...{ mechanism, ciphered, suite: 0, policy: ciphered ? 3 : 0, setupVersion: 0 },
        secrets: { ...secrets, ...(secret === undefined ? {} : { secret }) },
      },
      access: "full",
      referencing: "either",
      shortSecrets: true,
      maxReceivePduSize: 0xffff,
    },
  };
}

import { Fault, toHex } from "@dlmskit/core";
import type { Random } from "@dlmskit/security";
import {
  Meter,
  type MeterIdentity,
  type MeterTemplate,
  platformRandom,
  type Secrets,
  type ServeOptions,
  Server,
} from "@dlmskit/server";
import { type Meter as MeterRow, openMemoryStore } from "@dlmskit/storage";
import type { Clock, WallClock } from "@dlmskit/transport";
import { monthOf, startOfMonth } from "../meter/local-time.ts";
import { SimulatedMeter, type World } from "../meter/simulated-meter.ts";
import { createModel } from "../model/model.ts";
import { findTemplate, type SimulatorTemplate } from "../templates/template.ts";
import { templates } from "../templates/templates.ts";
import { commission } from "./commission.ts";
import { configure } from "./configuration.ts";
import type { Identity } from "./identities.ts";
import { identityOf } from "./identity-of.ts";
import type { KeysFile } from "./keys-file.ts";
import { linkOf, listen, routeToAll } from "./listeners.ts";
import type { Simulator, SimulatorListening, SimulatorOptions } from "./options.ts";
import { recorder, serverStore } from "./recorder.ts";
import { checkKeys, secretsFor } from "./secrets.ts";

const mostMeters = 100_000;
/** Meters whose computed state is kept. */
const computedMeters = 256;
// The billing profile shows twelve months that are over.
const monthsOfHistory = 13;

/**
 * Meters of a template, from what a store keeps or new: a store that is empty gets a first configuration, and what stands in
 * its rows is followed. Faults: `unknown-template`, `bad-keys-file`, `template-mismatch`, `identity-mismatch`, `bad-row`,
 * `bad-value` (an option) and those of the store.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { keys, random = platformRandom, onProgress = () => undefined } = options;
  const count = checkedCount(options.meters ?? 1);
  const template = templateOf(options.template ?? "is15959-d1");
  const store = options.store ?? (await openMemoryStore());
  const clock = options.clock ?? (await import("@dlmskit/transport/node")).systemClock;
  const provider = options.provider ?? (await import("@dlmskit/security/node")).node;
  const now = timeOf(clock, options);

  const configuration = await configure(store, template, keys);
  const { meterTemplate, hdlcSettings } = configuration;
  const notices = keys === undefined ? [] : [...checkKeys(keys, meterTemplate.associations)];
  const { zoneMinutesEast } = template;
  const commissioned =
    options.commissioned ?? startOfMonth(monthOf(now(), zoneMinutesEast) - monthsOfHistory, zoneMinutesEast);
  const seed = options.seed ?? toHex(random(8));
  const world: World = {
    store,
    templates: configuration.loadProfiles,
    powerQuality: configuration.powerQuality,
    zoneMinutesEast,
    tariffDay: template.tariffDay,
    switchLog: template.switchLog,
    kept: new Map(),
    keepAtMost: computedMeters,
  };
  // Rows that the model cannot follow are found now, and not when the first client reads.
  const { loadProfiles, powerQuality } = configuration;
  createModel({ seed, meter: "", templates: loadProfiles, powerQuality, zoneMinutesEast, commissioned });

  if (count > 100) onProgress(`commissioning ${count} meters`);
  const rows = await commission({
    ...{ store, template, compiled: meterTemplate, meters: count, seed, keys, random },
    ...{ commissioned, now: Math.floor(now()) },
  });
  const meters = rows.map((row) => {
    const meter = new Meter(meterTemplate, identityFor(row, world, meterTemplate, keys, random));
    meter.runOn({ instant: now, provider });
    return meter;
  });

  if (store.kind !== "memory" && !store.sealed) {
    notices.push("keys are stored as they are: give the store a key-encryption key to have them sealed");
  }
  for (const row of configuration.ports) {
    if (linkOf(row) === undefined) notices.push(`communication_ports id ${row.id}: a serial port is not served yet`);
  }

  const serving: Omit<ServeOptions, "on"> & { readonly clock: Clock } = {
    ...{ clock, instant: now, provider, random },
    store: serverStore(store, configuration.associations),
    // What clients changed is written where nothing can answer in the meter's place any more.
    interceptors: [...(options.interceptors ?? []), recorder(template)],
    ...(options.limits && { limits: options.limits }),
    ...(options.events && { events: options.events }),
  };
  const open = new Set<SimulatorListening>();
  const close = async (): Promise<void> => {
    const all = [...open];
    open.clear();
    await Promise.all(all.map((one) => one.close()));
  };
  return {
    ...{ template, meterTemplate, meters, store, notices, now, close },
    server: () => new Server({ ...serving, meters: routeToAll(meters, hdlcSettings) }),
    async listen(how = {}) {
      const opened = await listen({ meters, hdlcSettings, ports: configuration.ports, serve: serving }, how);
      open.add(opened);
      return opened;
    },
    async identities() {
      const all: Identity[] = [];
      for (const [at, row] of rows.entries()) all.push(await identityOf(store, meterTemplate, row, at, hdlcSettings));
      return all;
    },
    [Symbol.asyncDispose]: close,
  };
}

function checkedCount(meters: number): number {
  if (Number.isInteger(meters) && meters >= 1 && meters <= mostMeters) return meters;
  throw new Fault("bad-value", `${meters} is no number of meters`, {
    layer: "simulator",
    hint: `from 1 to ${mostMeters}`,
  });
}

const templateOf = (template: string | SimulatorTemplate): SimulatorTemplate =>
  typeof template === "string" ? findTemplate(templates, template) : template;

/** The simulated time of day: the machine's, or from a start on, faster or slower. */
function timeOf(clock: Clock & WallClock, { start, speed = 1 }: SimulatorOptions): () => number {
  if (!(speed > 0 && Number.isFinite(speed))) {
    throw new Fault("bad-value", `time cannot pass ${speed} times as fast`, { layer: "simulator" });
  }
  if (start === undefined && speed === 1) return () => clock.instant();
  const from = start ?? clock.instant();
  const began = clock.now();
  return () => from + (clock.now() - began) * speed;
}

/** Who a meter is. Its secrets are the store's: those given here only stand in where a row was deleted. */
function identityFor(
  row: MeterRow,
  world: World,
  { associations }: MeterTemplate,
  keys: KeysFile | undefined,
  random: Random,
): MeterIdentity {
  return {
    name: row.logicalDeviceName,
    id: row.meterId,
    serial: row.serial,
    systemTitle: row.systemTitle,
    own: new SimulatedMeter(world, row),
    get secrets(): { readonly [association: string]: Secrets } {
      const masterKey = keys?.masterKey ?? random(16);
      return Object.fromEntries(associations.map((one) => [one.name, secretsFor(one, keys, masterKey, random)]));
    },
  };
}

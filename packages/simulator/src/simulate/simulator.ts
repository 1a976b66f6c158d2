import { Fault } from "@dlmskit/core";
import { defaultLimits, platformRandom, Server, SimulatedTime } from "@dlmskit/server";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import type { Clock, Duplex, WallClock } from "@dlmskit/transport";
import { FaultSet } from "../faults/fault-set.ts";
import { explained, runFaults } from "../faults/run-faults.ts";
import type { Span } from "../fleet/addresses.ts";
import type { GatewayAddresses } from "../fleet/gateway-addresses.ts";
import type { IdentitySource } from "../fleet/identity.ts";
import { spanOf, whole } from "../fleet/shard.ts";
import { readoutOf } from "../meter/readout.ts";
import { worldOf } from "../meter/world.ts";
import { createModel } from "../model/model.ts";
import { CustomerClasses } from "../model/population.ts";
import { loadTemplate } from "../template-files.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { callIn } from "./call-in.ts";
import { ChangedTables } from "./changed-tables.ts";
import { checkKeys } from "./check-keys.ts";
import { usuallyCommissioned } from "./commissioned.ts";
import { configure } from "./configuration.ts";
import { FleetMeters } from "./fleet-meters.ts";
import { followKeys } from "./follow-keys.ts";
import { FollowedRows } from "./followed-rows.ts";
import { keptIdentities, keptMeters } from "./identities.ts";
import { IdleMeters } from "./idle-meters.ts";
import { addressesOfRows, routeInMemory } from "./lines.ts";
import { Listeners } from "./listeners.ts";
import { LoopTurns } from "./loop-turns.ts";
import { openFleet } from "./open-fleet.ts";
import type { Reached, Simulator, SimulatorOptions } from "./options.ts";
import { progressOf } from "./progress.ts";
import { pushTransports } from "./push.ts";
import { recorder } from "./recorder.ts";
import { SimulatorSnapshots } from "./snapshots.ts";
import { storeOf } from "./workers.ts";

const mostMeters = 100_000_000;
/** Number of meters whose computed state is kept. */
const computedMeters = 256;

/**
 * Creates the meters of a template, new or from a store. An empty store gets a first configuration. The rows of the store are applied.
 * Faults: `unknown-template`, `bad-keys-file`, `template-mismatch`, `identity-mismatch`, `bad-row`, `bad-value` (an option) and those of
 * the store.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const store = options.store ?? (await openMemoryStore());
  const changed = new ChangedTables(store);
  try {
    return await simulatorOn(store, changed, options);
  } catch (caught) {
    changed.close();
    throw caught;
  }
}

async function simulatorOn(store: Store, changed: ChangedTables, options: SimulatorOptions): Promise<Simulator> {
  const { keys, seed, random = platformRandom } = options;
  const count = checkedCount(options.meters ?? 1);
  const all: Span = { first: 0, meters: count };
  const served = spanOf(all, options.shard ?? whole);
  const own = spanOf(served, options.worker ?? whole);
  const template = await templateOf(options.template);
  const clock = options.clock ?? (await import("@dlmskit/transport/node")).systemClock;
  const provider = options.provider ?? (await import("@dlmskit/security/node")).node;
  const time = timeOf(clock, options);

  const configuration = await configure(store, template, options, changed);
  const { meterTemplate, loadProfiles, powerQuality } = configuration;
  const notices = keys === undefined ? [] : [...checkKeys(keys, meterTemplate.associations)];
  const { zoneMinutesEast } = template;
  const commissioned = options.commissioned ?? usuallyCommissioned(time.now, zoneMinutesEast);
  const isKnown = (await store.fleets.get(template.name)) !== undefined;
  const { fleet, commissionedAt } = await openFleet({
    ...{ store, template, meters: count, seed, keys, commissioned, random },
  });
  // Rows that the model cannot use are found now, not when the first client reads.
  const { population } = options;
  const classes = population === undefined ? undefined : new CustomerClasses(population, loadProfiles);
  for (const templates of classes?.lists ?? [loadProfiles]) {
    createModel({
      ...{ seed: fleet.seed, meter: "", templates, powerQuality, zoneMinutesEast },
      commissioned: commissionedAt,
    });
  }
  if (keys !== undefined) {
    await followKeys({ store, fleet, compiled: meterTemplate, keys, now: Math.floor(time.now) });
  }
  const world = worldOf({
    ...{
      store,
      template,
      fleet,
      loadProfiles,
      powerQuality,
      classes,
      keepAtMost: computedMeters,
      pushes: options.push !== undefined,
    },
    ...(options.network === undefined ? {} : { network: options.network }),
  });
  let idle: IdleMeters | undefined;
  const meters = new FleetMeters({
    ...{ store, fleet, commissionedAt, compiled: meterTemplate, world, keys },
    ranFrom: () => idle?.ranUpTo,
    letGo: (index, next) => idle?.letGo(index, next),
  });
  const connections = options.limits?.connections ?? defaultLimits.connections;
  const reachable = { span: served, meter: (index: number) => meters.at(index), rows: configuration, connections };
  const faults = options.faults && new FaultSet({ fleet, time, provider }, options.faults);
  let behind: GatewayAddresses | undefined;
  const server = new Server({
    ...{ meters: routeInMemory(reachable), clock, time, provider, random },
    ...storeOf(store, {
      ...{ fleet, served, worker: options.worker, meter: reachable.meter },
      associations: () => configuration.associations,
    }),
    // The recorder is the last interceptor, so no other interceptor can answer in the meter's place after it.
    interceptors: [...(faults ? [faults.interceptor] : []), ...(options.interceptors ?? []), recorder(template)],
    taps: [...(faults ? [faults.tap] : []), ...(options.taps ?? [])],
    ...(faults && { alterLink: faults.alterLink }),
    push: {
      ...(faults && { alter: faults.alterPush }),
      transports: { ...pushTransports(options.pushTls), ...options.pushTransports },
      meter: (id) => {
        const index = fleet.indexOfMeterId(id);
        return index === undefined ? undefined : meters.at(index);
      },
      gateway({ id }) {
        const index = behind === undefined ? undefined : fleet.indexOfMeterId(id);
        return index === undefined ? undefined : behind?.of(index);
      },
    },
    ...(options.limits && { limits: options.limits }),
    ...(options.events && { events: options.events }),
    ...(options.metrics && { metrics: options.metrics }),
  });
  if (meterTemplate.timed.length > 0) {
    idle = new IdleMeters({
      ...{ store, compiled: meterTemplate, template: template.name, span: own, time, clock },
      ...(await progressOf({ store, template, own, meters: count, time })),
      meter: (index) => server.adopt(meters.at(index)),
      kept: (span) => keptMeters(store, fleet, span),
      changed: (changed) => server.run(changed),
      failed: (meter, error) =>
        options.events?.({ type: "store-failed", meter: meter.name, what: "a visit of an idle meter", error }),
    });
    server.run(idle);
  }
  if (store.kind !== "memory" && !store.sealed) {
    notices.push("keys are stored unencrypted: give the store a key-encryption key to encrypt them");
  }

  const atRows = (): Reached => {
    return { link: "wrapper", transport: "tcp", addresses: addressesOfRows(served, configuration.ports) };
  };
  const sourceOf = ({ link, transport, addresses, gateway }: Reached = atRows()): IdentitySource => ({
    ...{ fleet, associations: meterTemplate.associations, addresses, link, transport },
    ...(gateway === undefined ? {} : { gateway }),
    ...(keys === undefined ? {} : { keys }),
  });
  const open = new Set<{ close(): Promise<void> }>();
  const followed = new FollowedRows({
    ...{ store, changed, template, population, configuration, world, server, clock },
    referencing: options.referencing,
    model: { seed: fleet.seed, commissioned: commissionedAt },
    listeners: () => [...open].filter((one) => one instanceof Listeners),
    tell: (event) => server.tell(event),
  });
  const close = async (): Promise<void> => {
    followed.close();
    await followed.settled();
    const all = [...open];
    open.clear();
    await Promise.all(all.map((one) => one.close()));
    server.close();
    await idle?.settled();
    await server.settled();
  };
  const using: Simulator["using"] = async (index, run) => {
    const meter = server.adopt(meters.at(index));
    const leave = meter.use();
    try {
      await meter.enter(undefined);
      return await run(meter);
    } finally {
      leave();
      await meter.settled();
    }
  };
  if (faults !== undefined)
    runFaults({
      ...{ template, faults, fleet, own, server, time, using, start: options.start, events: options.events },
      store: isKnown ? store : undefined,
    });
  const snapshots = new SimulatorSnapshots({
    ...{ store, template: template.name, time, server, faults, instant: () => clock.instant() },
    async settled(meterId) {
      const index = fleet.indexOfMeterId(meterId);
      if (index !== undefined) await meters.at(index).settled();
    },
    async restored() {
      world.kept.clear();
      // A meter that is taken for one without power answers nobody, so nobody would load its state.
      const turns = new LoopTurns();
      for (const index of meters.dark) {
        await turns.step();
        await using(index, () => undefined);
      }
      if (idle !== undefined) idle.restart((await progressOf({ store, template, own, meters: count, time })).ranUpTo);
    },
  });
  return {
    ...(options.network === undefined ? {} : { network: options.network }),
    ...(population === undefined ? {} : { population }),
    ...{ template, meterTemplate, count, served, fleet, store, notices, time, server, faults, snapshots, close },
    explain(meter) {
      const found = explained(fleet, faults, meter);
      const customer = world.classes?.of(fleet.seed, found.meterId).template;
      return customer === undefined ? found : { ...found, customer };
    },
    meter: (index) => server.adopt(meters.at(index)),
    using,
    async listen(how = {}) {
      const readout = (deviceAddress: string) => {
        const index = deviceAddress === "" ? 0 : fleet.indexOf(deviceAddress.replace(/^0+/, "").padStart(8, "0"));
        return index === undefined ? undefined : using(index, readoutOf);
      };
      const opened = await Listeners.open({ ...reachable, fleet, server, readout }, how);
      behind ??= opened.reached[0]?.gateway;
      open.add(opened);
      return opened;
    },
    callIn(how) {
      const port = { server, clock, span: own, meter: (index: number) => meters.at(index), dial: dialTcp };
      const calling = callIn(port, how);
      open.add(calling);
      return calling;
    },
    identities: ({ reached, of = served } = {}) => keptIdentities(store, sourceOf(reached), of),
    async identity(index, reached) {
      for await (const identity of keptIdentities(store, sourceOf(reached), { first: index, meters: 1 }))
        return identity;
      throw new Fault("out-of-range", `there is no meter ${index}`, { layer: "simulator" });
    },
    [Symbol.asyncDispose]: close,
  };
}

async function dialTcp(host: string, port: number): Promise<Duplex> {
  const { tcpConnect } = await import("@dlmskit/transport/node");
  return tcpConnect(host, port);
}

function checkedCount(meters: number): number {
  if (Number.isInteger(meters) && meters >= 1 && meters <= mostMeters) return meters;
  throw new Fault("bad-value", `${meters} is not a number of meters`, {
    layer: "simulator",
    hint: `from 1 to ${mostMeters}`,
  });
}

/** The template of the options. Fault `unknown-template`. */
export const templateOf = async (template: string | SimulatorTemplate = "is15959-d1"): Promise<SimulatorTemplate> =>
  typeof template === "string" ? loadTemplate(template) : template;

/** The simulated time of day: the time of the machine, or a time that begins at `start`, faster or slower. Fault `bad-value`. */
function timeOf(clock: Clock & WallClock, { start, speed = 1 }: SimulatorOptions): SimulatedTime {
  if (start === undefined && speed === 1) return new SimulatedTime({ source: () => clock.instant() });
  return new SimulatedTime({ source: () => clock.now(), start: start ?? clock.instant(), rate: speed });
}

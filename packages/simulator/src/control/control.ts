import { Data, treeOf } from "@dlmskit/apdu";
import { Fault, type Json } from "@dlmskit/core";
import { type AnyObject, type DeviceView, DisconnectControl, PushSetup0 } from "@dlmskit/cosem-objects";
import { faultKinds, faultNames } from "../faults/fault-kinds.ts";
import type { FaultSet } from "../faults/fault-set.ts";
import { faultsToJson, parseFaults } from "../faults/faults-file.ts";
import { SimulatedMeter } from "../meter/simulated-meter.ts";
import type { Explanation, Simulator } from "../simulate/options.ts";
import type { TakenSnapshot } from "../simulate/snapshots.ts";
import type { ShownApdu } from "./apdu-rings.ts";
import { loadProfileOf, type ProfileChart, profileChart } from "./day.ts";
import { type EventReader, eventJson } from "./events.ts";
import { type Feeder, Feeders } from "./feeders.ts";
import { type Switched, switchPower } from "./power.ts";
import { endSession, type ListedSession, listSessions, type SessionsOptions } from "./sessions.ts";
import type { FleetState, Invocation, ListedMeter, MeterState, Page, TimeState } from "./states.ts";
import {
  dataFromJson,
  expectAttribute,
  expectMethod,
  expectWritable,
  type ListedObject,
  listObjects,
  objectNamed,
  type ReadValue,
  readValue,
} from "./values.ts";
import type { Watch } from "./watch.ts";

const plainArgument: Data = { type: "integer", value: 0 };
/** Entries that the log of fired events keeps. */
const logKept = 1000;

const noMeter = (serial: string): Fault =>
  new Fault("unknown-meter", `there is no meter ${JSON.stringify(serial)}`, {
    layer: "simulator",
    hint: "give its serial number or its meter id",
  });

const noObject = (message: string, hint: string): Fault =>
  new Fault("no-object", message, { layer: "simulator", hint });

/**
 * Controls the meters of a simulator while they run. It acts as the meters themselves do, without access rights, and keeps nothing for each
 * meter. `serial`: the serial number or the meter id; Fault `unknown-meter`. Further Faults: those of `Simulator.using`.
 */
export class Control {
  readonly simulator: Simulator;
  readonly watch: Watch;
  readonly #feeders: Feeders;
  #stepping: Promise<unknown> = Promise.resolve();

  /** `watch`: its options were given to the simulator. */
  constructor(simulator: Simulator, watch: Watch) {
    this.simulator = simulator;
    this.watch = watch;
    this.#feeders = new Feeders(simulator.count, simulator.network);
  }

  get #faults(): FaultSet {
    const { faults } = this.simulator;
    if (faults !== undefined) return faults;
    throw new Fault("missing-parameter", "the simulator was created without faults", {
      layer: "simulator",
      hint: "give `watch.options(…)` to createSimulator",
    });
  }

  /** Number of meters that this process serves. */
  get meterCount(): number {
    return this.simulator.served.meters;
  }

  /** Tells a reader what happens at the meters, until the returned function is called. */
  listen(reader: EventReader): () => void {
    const { fleet } = this.simulator;
    return this.watch.listen((event) => reader.event(() => eventJson(event, fleet)));
  }

  /** The index of a meter. */
  indexOf(serial: string): number {
    const { fleet, served } = this.simulator;
    const index = fleet.indexOf(serial) ?? fleet.indexOfMeterId(serial);
    if (index === undefined || index < served.first || index >= served.first + served.meters) throw noMeter(serial);
    return index;
  }

  #objects(): readonly AnyObject[] {
    return this.simulator.meterTemplate.devices.get(1)?.objects ?? [];
  }

  /** Runs code on the management logical device of a meter, as one change. */
  async #change<T>(serial: string, run: (device: DeviceView) => Promise<T> | T): Promise<T> {
    return this.simulator.using(this.indexOf(serial), (meter) => meter.change(run));
  }

  async fleet(): Promise<FleetState> {
    const { template, served, server, store, faults } = this.simulator;
    return {
      ...{ template: template.name, title: template.title, meters: served.meters },
      ...{ connections: server.connections, sessions: server.sessions.length },
      ...this.watch.counts,
      faults: faults?.file.faults.filter(({ on }) => on).length ?? 0,
      pushesWaiting: (await store.messageQueue.counts()).PENDING,
      time: this.time(),
    };
  }

  #listed(index: number, sessions: number): ListedMeter {
    const { fleet } = this.simulator;
    return {
      ...{ index, serial: fleet.serial(index), meterId: fleet.meterId(index) },
      logicalDeviceName: fleet.logicalDeviceName(index),
      ...this.#feeders.of(index),
      sessions,
    };
  }

  /** Meters that this process serves, in the order of their indexes. */
  meters({ from, count }: Page): readonly ListedMeter[] {
    const { simulator } = this;
    const sessions = new Map<string, number>();
    for (const { meterId } of simulator.server.sessions) sessions.set(meterId, (sessions.get(meterId) ?? 0) + 1);
    const { served, fleet } = simulator;
    const length = Math.max(0, Math.min(count, served.meters - from));
    return Array.from({ length }, (_, at) => {
      const index = served.first + from + at;
      return this.#listed(index, sessions.get(fleet.meterId(index)) ?? 0);
    });
  }

  async meter(serial: string): Promise<MeterState> {
    const index = this.indexOf(serial);
    const { fleet } = this.simulator;
    const loadSwitch = this.#loadSwitch();
    return this.simulator.using(index, (meter) => ({
      ...this.#listed(index, meter.openAssociations),
      systemTitle: [...fleet.systemTitle(index)].map((octet) => octet.toString(16).padStart(2, "0")).join(""),
      ...{ powered: meter.powered, clock: new Date(meter.now).toISOString(), changedObjects: meter.diverged },
      objects: this.#objects().length,
      ...(loadSwitch && { connected: (meter.values(loadSwitch) as { outputState: boolean }).outputState }),
      faults: this.explain(serial).faults,
    }));
  }

  /** The objects of a meter with their main values. */
  objects(serial: string, page: Page): Promise<readonly ListedObject[]> {
    return this.#change(serial, (device) => listObjects(device, this.simulator.template, page));
  }

  /** Reads an attribute. Faults `no-object`, and the refusals of the object. */
  async read(serial: string, instanceId: string, attributeId: number): Promise<ReadValue> {
    const object = objectNamed(this.#objects(), instanceId);
    expectAttribute(object, attributeId);
    return this.#change(serial, (device) => readValue(device, object, attributeId));
  }

  /**
   * Writes an attribute, through its hook. `value`: the JSON form of the Data. Faults `no-object`, `computed-value`, `bad-request` (it is no
   * Data), and the refusals of the object (`type-unmatched` …): then nothing is changed.
   */
  async write(serial: string, instanceId: string, attributeId: number, value: unknown): Promise<ReadValue> {
    const object = objectNamed(this.#objects(), instanceId);
    expectAttribute(object, attributeId);
    expectWritable(object, attributeId);
    const data = dataFromJson(value, "value");
    const { classId } = object.spec;
    return this.#change(serial, async (device) => {
      await device.set({ classId, instanceId: object.instance, attributeId }, data);
      return readValue(device, object, attributeId);
    });
  }

  /** Invokes a method. Returns the JSON form of its Data; undefined: it returns none. Faults as for `write`. */
  async invoke(serial: string, { instanceId, methodId, argument }: Invocation): Promise<Json | undefined> {
    const object = objectNamed(this.#objects(), instanceId);
    expectMethod(object, methodId);
    const data = argument === undefined ? plainArgument : dataFromJson(argument, "argument");
    return this.#invoke(serial, object, methodId, data);
  }

  async #invoke(serial: string, object: AnyObject, methodId: number, data: Data): Promise<Json | undefined> {
    const returned = await this.#change(serial, async (device) => device.invoke(object, methodId, data));
    return returned === undefined ? undefined : Data.toJson(treeOf(returned));
  }

  /** The load switch of the template: its first Disconnect control. */
  #loadSwitch(): AnyObject | undefined {
    return this.#objects().find(({ spec }) => spec.classId === DisconnectControl.classId);
  }

  /** Opens or closes the load switch of a meter. Fault `no-object`: it has none. */
  async connect(serial: string, closed: boolean): Promise<void> {
    const object = this.#loadSwitch();
    if (object === undefined) throw noObject("the meter has no Disconnect control", "use another template");
    await this.#invoke(serial, object, closed ? 2 : 1, plainArgument);
  }

  /** Cuts or restores the power of a meter. */
  async power(serial: string, on: boolean): Promise<void> {
    await this.simulator.using(this.indexOf(serial), (meter) => (on ? meter.powerUp() : meter.powerDown()));
  }

  /** A feeder (`feeder-1`) or transformer (`transformer-1`). Fault `unknown-feeder`. */
  feeder(name: string): Feeder {
    return this.#feeders.named(name);
  }

  feeders({ from, count }: Page): readonly Feeder[] {
    return this.#feeders.list(from, count);
  }

  /** Cuts or restores the power of all meters of a feeder (`feeder-1`) or transformer (`transformer-1`). Fault `unknown-feeder`. */
  async feederPower(name: string, on: boolean): Promise<Switched> {
    return switchPower(this.simulator, this.feeder(name), on);
  }

  /** Invokes the method push of a Push setup, of the first one by default. Returns its logical name. Fault `no-object`. */
  async push(serial: string, instanceId?: string): Promise<string> {
    const setups = this.#objects().filter(({ spec }) => spec.classId === PushSetup0.classId);
    const setup = instanceId === undefined ? setups[0] : objectNamed(setups, instanceId);
    if (setup === undefined) throw noObject("the meter has no Push setup", "use another template");
    await this.#invoke(serial, setup, 1, plainArgument);
    return setup.instance;
  }

  /** The event logs in which an event can be entered: those of a template file, and others whose entries do not follow from the model. */
  get eventLogs(): readonly string[] {
    const { form, logs = {} } = this.simulator.template;
    if (form !== undefined) return Object.keys(form.logs ?? {});
    return Object.entries(logs).flatMap(([log, { kinds }]) => (kinds === undefined ? [log] : []));
  }

  /** Enters an event in a log of a meter, with the time of its clock. Fault `no-object`: no such log. */
  async fire(serial: string, { log, code }: { readonly log: string; readonly code: number }): Promise<void> {
    const { instance } = objectNamed(this.#objects(), log);
    if (!this.eventLogs.includes(instance)) {
      throw noObject(
        `events cannot be entered in ${instance}`,
        this.eventLogs.length === 0 ? "the template has no such log" : `the logs are ${this.eventLogs.join(", ")}`,
      );
    }
    const index = this.indexOf(serial);
    await this.simulator.using(index, (meter) => {
      const { own } = meter.identity;
      if (!(own instanceof SimulatedMeter)) throw noMeter(serial);
      const at = Math.floor(meter.now);
      return meter.change((device) => own.journal.append(device, instance, code, at, logKept));
    });
  }

  /** The rows of a profile, of the load profile by default, in a span of time. Faults `no-object`, `no-day`. */
  profile(
    serial: string,
    { instanceId, from, to }: { readonly instanceId?: string; readonly from: number; readonly to: number },
  ): Promise<ProfileChart> {
    return this.#change(serial, (device) => {
      const object = instanceId === undefined ? loadProfileOf(device) : objectNamed(this.#objects(), instanceId);
      if (object === undefined) throw noObject("the meter has no load profile", "name a profile");
      return profileChart(device, this.simulator.template, object, { from, to });
    });
  }

  sessions(
    options: Omit<SessionsOptions, "meterId"> & { readonly serial?: string } = {},
  ): Promise<readonly ListedSession[]> {
    const { serial, ...rest } = options;
    const meterId = serial === undefined ? {} : { meterId: this.simulator.fleet.meterId(this.indexOf(serial)) };
    return listSessions(this.simulator, { ...rest, ...meterId });
  }

  /** Fault `no-session`. */
  endSession(id: number): Promise<void> {
    return endSession(this.simulator, id);
  }

  /** The last APDUs of a meter, in plain and explained, oldest first. They are kept from the first call on. */
  apdus(serial: string): readonly ShownApdu[] {
    return this.watch.apdus(this.simulator.fleet.meterId(this.indexOf(serial)));
  }

  faults(): ReturnType<typeof faultsToJson> {
    return faultsToJson(this.#faults.file);
  }

  /** Replaces the faults. Fault `bad-faults-file`: then nothing is changed. */
  setFaults(file: unknown): ReturnType<typeof faultsToJson> {
    this.#faults.replace(parseFaults(file));
    return this.faults();
  }

  /** Switches a fault on or off. Fault `unknown-fault`. */
  switchFault(name: string, on: boolean): ReturnType<typeof faultsToJson> {
    this.#faults.switch(name, on);
    return this.faults();
  }

  /** The kinds of faults that there are. */
  faultKinds(): readonly { readonly fault: string; readonly what: string }[] {
    return faultNames.map((fault) => ({ fault, what: faultKinds[fault].what }));
  }

  explain(serial: string): Explanation {
    return this.simulator.explain(this.indexOf(serial));
  }

  time(): TimeState {
    const { now, rate } = this.simulator.time;
    return { now: new Date(Math.floor(now)).toISOString(), speed: rate };
  }

  /** Sets the time of day (ms since 1970 UTC), the speed, or both. Fault `bad-value`. */
  setTime({ now, speed }: { readonly now?: number; readonly speed?: number }): TimeState {
    const { time } = this.simulator;
    if (speed !== undefined) time.setRate(speed);
    if (now !== undefined) time.set(now);
    return this.time();
  }

  /** Steps forward to an instant, and waits until everything that is due until then is done. Fault `bad-value`: it is in the past. */
  async step(to: number): Promise<TimeState> {
    const begin = (): Promise<void> => this.simulator.time.step(to);
    const stepping = this.#stepping.then(begin, begin);
    this.#stepping = stepping.catch(() => undefined);
    await stepping;
    return this.time();
  }

  snapshots(): Promise<readonly TakenSnapshot[]> {
    return this.simulator.snapshots.list();
  }

  /** Fault `too-many-snapshots`. */
  snapshot(): Promise<TakenSnapshot> {
    return this.simulator.snapshots.take();
  }

  /** Puts the meters, the time of day and the faults back. All associations end. Fault `no-snapshot`. */
  restore(id: number): Promise<TakenSnapshot> {
    return this.simulator.snapshots.restore(id);
  }

  /** Fault `no-snapshot`. */
  removeSnapshot(id: number): Promise<void> {
    return this.simulator.snapshots.remove(id);
  }
}

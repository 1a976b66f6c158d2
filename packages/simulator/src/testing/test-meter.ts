import { AssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { type Data, type DataLike, treeOf } from "@dlmskit/apdu";
import { connect, type Session } from "@dlmskit/client";
import { Fault, fromAscii, type LogicalName, logicalName } from "@dlmskit/core";
import type { AttributeDescriptor } from "@dlmskit/cosem-objects";
import { CounterLedger } from "@dlmskit/security";
import type { Interceptor } from "@dlmskit/server";
import { type Duplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import type { FaultsFile } from "../faults/faults-file.ts";
import { identityOptions } from "../identities/identity-options.ts";
import { instantOfText } from "../instant-text.ts";
import type { Simulator, SimulatorOptions } from "../simulate/options.ts";
import { createSimulator, templateOf } from "../simulate/simulator.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { TestTrace } from "./test-trace.ts";

/**
 * An attribute by class, logical name and id; or by its logical name alone, `1.0.1.8.0.255` or `1-0:1.8.0`, for the value (attribute 2).
 */
export type MeterReference = string | AttributeDescriptor;

export interface TestMeterOptions
  extends Pick<SimulatorOptions, "template" | "store" | "keys" | "commissioned" | "referencing" | "limits" | "push"> {
  /** `"test"` by default. The same seed gives the same meter. */
  readonly seed?: string;
  /** The time of day at the start of the test, ISO 8601 (without a zone: local time of the meter) or ms since 1970 UTC; 2026-01-01T00:00Z by default. */
  readonly start?: string | number;
  /** SAP of the client that the expectations use; 48 by default. */
  readonly client?: number;
  /** The faults of the meter. They can be changed with `simulator.faults` while the meter runs. */
  readonly faults?: FaultsFile;
  readonly interceptors?: readonly Interceptor[];
}

/** A meter in the process of the test. It has no port, and its time passes only as the test specifies. */
export interface TestMeter extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly clock: VirtualClock;
  /** The latest APDUs that the meter received and sent, decoded. */
  readonly trace: string;
  /** A connection to the meter, with the wrapper, for the system under test. */
  duplex(): Duplex;
  /** The association of a client. Each client's association is opened once. Faults of `connect`. */
  session(client?: number): Promise<Session>;
  /**
   * Waits for a promise of code that communicates with the meter. If this code waits for a timeout, the time is advanced to that timeout.
   */
  settle<V>(promise: Promise<V>): Promise<V>;
  /** Advances the time by `ms`. */
  advance(ms: number): Promise<void>;
  /** Advances the time to a time of day (ISO 8601, without a zone local time of the meter, or ms since 1970 UTC). The meter does everything that is due until then. */
  stepTo(instant: string | number): Promise<void>;
  /**
   * Reads an attribute and returns it. `expected`: the expected value of the Data, the whole Data (`{ type, value }`), or a function that
   * checks it. An error shows the trace.
   */
  expectGet(reference: MeterReference, expected?: unknown): Promise<Data>;
  /** Writes an attribute. An error shows the trace. */
  expectSet(reference: MeterReference, value: DataLike): Promise<void>;
  /**
   * Reads the attribute, or writes it if a value is given, and returns the Fault. The Fault must have this code (`"read-write-denied"`).
   */
  expectFault(reference: MeterReference, code: string, value?: DataLike): Promise<Fault>;
}

const valueAttribute = 2;
const clientTitle = fromAscii("TST00001");
const longestWait = 24 * 3_600_000;
const roundsBeforeTime = 10;

/** Fault `bad-value`: the text is no time. */
function instantOf(instant: string | number, { zoneMinutesEast }: SimulatorTemplate): number {
  const found = typeof instant === "number" ? instant : instantOfText(instant, zoneMinutesEast);
  if (found !== undefined) return found;
  const hint = "give a time in ISO 8601, such as 2026-01-31T18:30:00Z";
  throw new Fault("bad-value", `${JSON.stringify(instant)} is not a time`, { layer: "simulator", hint });
}

/** Creates a meter for a test. Faults of `createSimulator`. */
export async function testMeter(options: TestMeterOptions = {}): Promise<TestMeter> {
  const { start = Date.UTC(2026, 0, 1), client = 48, faults = { faults: [] }, seed = "test", ...rest } = options;
  const template = await templateOf(options.template);
  const clock = new VirtualClock({ epoch: instantOf(start, template) });
  const trace = new TestTrace();
  const simulator = await createSimulator({ ...rest, template, seed, clock, faults, taps: [trace.tap] });
  return new MemoryMeter({ simulator, clock, trace, client });
}

interface Parts {
  readonly simulator: Simulator;
  readonly clock: VirtualClock;
  readonly trace: TestTrace;
  readonly client: number;
}

class MemoryMeter implements TestMeter {
  readonly simulator: Simulator;
  readonly clock: VirtualClock;
  readonly #trace: TestTrace;
  readonly #client: number;
  readonly #sessions = new Map<number, Promise<Session>>();
  readonly #counters = new Map<number, CounterLedger>();

  constructor({ simulator, clock, trace, client }: Parts) {
    this.simulator = simulator;
    this.clock = clock;
    this.#trace = trace;
    this.#client = client;
  }

  get trace(): string {
    return this.#trace.text;
  }

  duplex(): Duplex {
    const [near, far] = memoryPair();
    this.simulator.server.accept(far, new WrapperServerLink({ inactivity: 0 }));
    return near;
  }

  session(client = this.#client): Promise<Session> {
    let session = this.#sessions.get(client);
    if (session === undefined) {
      session = this.#connect(client);
      this.#sessions.set(client, session);
      session.catch(() => this.#sessions.delete(client));
    }
    return session;
  }

  async #connect(client: number): Promise<Session> {
    const identity = await this.simulator.identity(0);
    let counters = this.#counters.get(client);
    if (counters === undefined) {
      counters = new CounterLedger({ start: 1 });
      counters.reserved(0x7fffffff);
      this.#counters.set(client, counters);
    }
    const { link, options } = identityOptions(identity, client, { systemTitle: clientTitle, counters });
    return this.settle(connect({ duplex: this.duplex(), link }, { clock: this.clock, ...options }));
  }

  async settle<V>(promise: Promise<V>): Promise<V> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    promise.then(end, end);
    const until = this.clock.now() + longestWait;
    for (let round = 0; !over && this.clock.now() < until; round++) {
      const { next } = this.clock;
      // Most promises resolve without any advance of the time.
      const passes = round >= roundsBeforeTime && next !== undefined ? Math.max(0, next - this.clock.now()) : 0;
      await this.clock.advanceAsync(passes);
      if (passes > 0) round = 0;
    }
    return promise;
  }

  advance(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms);
  }

  stepTo(instant: string | number): Promise<void> {
    return this.settle(this.simulator.time.step(instantOf(instant, this.simulator.template)));
  }

  async expectGet(reference: MeterReference, expected?: unknown): Promise<Data> {
    const attribute = this.#attributeOf(reference);
    const data = await this.#shown(async () => {
      const session = await this.session();
      return treeOf(await this.settle(session.get(attribute)));
    });
    if (expected === undefined) return data;
    const actual = isData(expected) ? data : "value" in data ? data.value : null;
    const right = typeof expected === "function" ? expected(actual) === true : isDeepStrictEqual(actual, expected);
    if (right) return data;
    throw new AssertionError({
      message: `${textOf(attribute)} is not what was expected\n\n${this.trace}`,
      ...{ actual, expected, operator: "deepStrictEqual" },
    });
  }

  async expectSet(reference: MeterReference, value: DataLike): Promise<void> {
    const attribute = this.#attributeOf(reference);
    await this.#shown(async () => this.settle((await this.session()).set(attribute, value)));
  }

  async expectFault(reference: MeterReference, code: string, value?: DataLike): Promise<Fault> {
    const attribute = this.#attributeOf(reference);
    let actual: string = "an answer";
    try {
      const session = await this.session();
      await this.settle<unknown>(value === undefined ? session.get(attribute) : session.set(attribute, value));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      if (caught.code === code) return caught;
      actual = caught.code;
    }
    throw new AssertionError({
      message: `${textOf(attribute)} gives ${actual}, and not the Fault ${code}\n\n${this.trace}`,
      ...{ actual, expected: code, operator: "strictEqual" },
    });
  }

  /** Turns a Fault into a test error that contains the trace. */
  async #shown<V>(run: () => Promise<V>): Promise<V> {
    try {
      return await run();
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      throw new Error(`${cause.message} (${cause.code})\n\n${this.trace}`, { cause });
    }
  }

  #attributeOf(reference: MeterReference): AttributeDescriptor {
    if (typeof reference !== "string") return reference;
    const instanceId: LogicalName = logicalName(reference);
    const object = this.simulator.meterTemplate.devices.get(1)?.byName.get(instanceId);
    if (object === undefined) {
      throw new Fault("bad-value", `the meter has no object ${instanceId}`, {
        layer: "simulator",
        hint: "name class, logical name and attribute if it is an object of another logical device",
      });
    }
    return { classId: object.spec.classId, instanceId, attributeId: valueAttribute };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settle(this.simulator.close());
  }
}

const isData = (value: unknown): boolean => typeof value === "object" && value !== null && "type" in value;

const textOf = ({ classId, instanceId, attributeId }: AttributeDescriptor): string =>
  `${classId}/${instanceId} attribute ${attributeId}`;

import { T } from "@dlmskit/apdu";
import { connect, DurableCounters, KeyRotation, type KeyTarget, type Session } from "@dlmskit/client";
import { Fault, fromAscii } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { CounterGuard } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { hls5, Meter, type MeterTemplate, meterTemplate, platformRandom, Server } from "@dlmskit/server";
import { MemoryState, openMemoryStore, type SecuritySetting, type Store } from "@dlmskit/storage";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { Fuse, mortal } from "./fuse.ts";
import { NonceOracles } from "./nonce-oracle.ts";
import { withReceived } from "./received.ts";

export const setup = "0.0.43.0.1.255";
export const reading = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };
const headEnd = fromAscii("HES00001");
const instant = Date.UTC(2030, 0, 1);

const template: MeterTemplate = meterTemplate({
  objects: [dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 })],
  associations: {
    utility: { client: 48, security: hls5(), access: "full" },
    reader: { client: 32, security: hls5(), access: "read" },
  },
});

interface Factory {
  readonly meterId: string;
  readonly systemTitle: Uint8Array;
  readonly utility: Readonly<Record<"encryptionKey" | "authenticationKey" | "masterKey", Uint8Array>>;
  readonly reader: Readonly<Record<"encryptionKey" | "authenticationKey", Uint8Array>>;
}

/** Meters whose database outlives them, a head-end system whose database outlives it, and an ear on every line. */
export class Fleet {
  readonly meters: readonly Factory[];
  /** What the meters keep, and what the head-end system keeps: two databases that know nothing of each other. */
  readonly #meterState = new MemoryState();
  #meterStore: Store | undefined;
  readonly #headEndState = new MemoryState();
  readonly #alive = new Map<string, { readonly server: Server; readonly fuse: Fuse }>();
  readonly #oracles = new NonceOracles();
  /** How often each kind of crash happened. */
  readonly crashes = { meter: 0, headEnd: 0, line: 0 };

  constructor(count: number) {
    this.meters = Array.from({ length: count }, (_, at) => {
      const keys = { encryptionKey: platformRandom(16), authenticationKey: platformRandom(16) };
      const systemTitle = new Uint8Array([...fromAscii("FLT"), 0, 0, at >> 16, at >> 8, at]);
      const reader = { encryptionKey: platformRandom(16), authenticationKey: platformRandom(16) };
      return { meterId: `meter-${at}`, systemTitle, utility: { ...keys, masterKey: platformRandom(16) }, reader };
    });
  }

  /** What the head-end system knows when the meters are delivered: all of them due. */
  async import(): Promise<void> {
    this.#meterStore = await this.meterStore();
    const store = await this.headEnd();
    await store.meters.putIfAbsent(
      this.meters.map(({ meterId, systemTitle }) => ({
        ...{ meterId, systemTitle, serial: meterId, logicalDeviceName: meterId, seed: "", template: "fleet" },
        commissionedAt: instant,
      })),
    );
    await store.securitySettings.putIfAbsent(
      this.meters.map(
        ({ meterId, utility }): SecuritySetting => ({
          ...{ meterId, instanceId: setup, securityPolicy: 3, securitySuite: 0, keyVersion: 1, ...utility },
          ...{ globalKeyChangeInterval: 86_400, lastKeyChange: instant },
        }),
      ),
    );
  }

  headEnd(): Promise<Store> {
    return openMemoryStore({}, this.#headEndState);
  }

  meterStore(): Promise<Store> {
    return openMemoryStore({}, this.#meterState);
  }

  /** From now on the meter lives until that fuse blows; then it starts anew, from what it kept. */
  #start({ meterId, systemTitle, utility, reader }: Factory, fuse: Fuse): Server {
    if (this.#meterStore === undefined) throw new Error("nothing was imported");
    const meter = new Meter(template, { name: meterId, systemTitle, secrets: { utility, reader } });
    const store = mortal(this.#meterStore, fuse);
    const server = new Server({ meters: meter, clock: systemClock, provider: node, store, limits: { inactivity: 0 } });
    this.#alive.set(meterId, { server, fuse });
    // It may have died already, while it started.
    fuse.whenBlown(() => {
      this.crashes.meter++;
      server.close();
      this.#alive.delete(meterId);
    });
    return server;
  }

  restart(meter: Factory, fuse: Fuse): void {
    this.#alive.get(meter.meterId)?.fuse.blow();
    this.#start(meter, fuse);
  }

  /** The meter breaks no more. */
  mend({ meterId }: Factory): void {
    this.#alive.get(meterId)?.fuse.mend();
  }

  /** A connection with the meter; it breaks when `line` blows, and when `process` does. */
  #connection(meter: Factory, key: Uint8Array, line: Fuse, process: Fuse): Duplex {
    const server = this.#alive.get(meter.meterId)?.server ?? this.#start(meter, new Fuse(Number.POSITIVE_INFINITY));
    const [near, far] = memoryPair({ clock: systemClock, latency: 1 });
    server.accept(far, new WrapperServerLink());
    const cut = (): void => near.destroy();
    line.whenBlown(cut);
    process.whenBlown(cut);
    const broken: Duplex = {
      remote: near.remote,
      get bufferedOctets() {
        return near.bufferedOctets;
      },
      send: (octets) => {
        if (line.step()) near.send(octets);
      },
      end: () => near.end(),
      destroy: () => near.destroy(),
      start: (handlers) =>
        near.start(
          withReceived(handlers, (octets) => {
            if (line.step()) handlers.received(octets);
          }),
        ),
    };
    // Behind what breaks, as far as the client goes: what was sent was sent, also where it never arrives.
    return this.#oracles.of(key).tap(broken);
  }

  /** Throws where a key was used with one counter twice. */
  check(): void {
    this.#oracles.check();
  }

  /** An association of a client, with counters of the head-end system's database. */
  async open(
    meter: Factory,
    client: 32 | 48,
    target: KeyTarget,
    store: Store,
    line: Fuse,
    process: Fuse,
  ): Promise<Session> {
    const { encryptionKey, authenticationKey } = target.keys;
    if (encryptionKey === undefined || authenticationKey === undefined) throw new Error("no keys");
    const key = { meterId: meter.meterId, keyId: `client ${client} ${target.keyId}` };
    let next = ((await store.counters.reserved(key)) ?? 0) + 1;
    const counters = new DurableCounters({
      ...{ start: next, block: 32 },
      async reserve(upTo) {
        const { from } = await store.counters.reserve(key, next, upTo - next);
        if (from !== next) throw new Fault("counter-taken", "another process has them", { layer: "cli" });
        next = upTo;
      },
    });
    return connect(
      {
        duplex: this.#connection(meter, encryptionKey, line, process),
        link: new WrapperClientLink({ client, server: 1 }),
      },
      {
        ...{ clock: systemClock, provider: node, ciphered: true, mechanism: 5 },
        security: {
          ...{ suite: 0, keys: { encryptionKey, authenticationKey }, systemTitle: headEnd, counters },
          replay: new CounterGuard(),
        },
      },
    );
  }

  /** The head-end system's service in a process of its own, which dies when its fuse blows. It reads while it changes keys. */
  async rotation(meter: Factory, line: Fuse, process: Fuse): Promise<KeyRotation> {
    const store = mortal(await this.headEnd(), process);
    process.whenBlown(() => this.crashes.headEnd++);
    line.whenBlown(() => this.crashes.line++);
    return new KeyRotation({
      records: store.securitySettings,
      pending: store.keyRotations,
      provider: node,
      instant: () => instant + 86_400_000,
      open: async (target) => {
        const session = await this.open(meter, 48, target, store, line, process);
        for (let at = 0; at < 3; at++) session.get(reading).catch(() => undefined);
        return session;
      },
    });
  }
}

import { type ClientLink, type Fault, type Link, type LinkAddress, type LinkOutput, toHex } from "@dlmskit/core";
import { type Duplex, LineProxy, LinkPump, memoryPair, type ProxyFaults, VirtualClock } from "@dlmskit/transport";
import fc from "fast-check";
import { expect, it } from "vitest";
import { isLong, times } from "../../../test/campaign.ts";
import { decodeFrame, encodeFrame, encodeRejection, Primary, Station } from "../src/index.ts";
import { client, server } from "./meter.ts";

interface Limits {
  readonly maxInfoSend: number;
  readonly maxInfoReceive: number;
  readonly windowSend: number;
  readonly windowReceive: number;
}

/** What the application of the meter does with a request: it answers at once, after so many ms, or not at all. */
type Application = number | "never";

/** A client that can lose its state and come back with other limits, on the same line. */
class Restarting implements ClientLink {
  #now: Primary;

  constructor(limits: Limits) {
    this.#now = this.restart(limits);
  }

  restart(limits: Limits): Primary {
    this.#now = new Primary({ client, server, timeout: 1000, retries: 4, pollFor: 10_000, ...limits });
    return this.#now;
  }

  get mode(): string {
    return this.#now.mode;
  }
  get address(): LinkAddress {
    return this.#now.address;
  }
  get deadline(): number | undefined {
    return this.#now.deadline;
  }
  connect(now: number): void {
    this.#now.connect(now);
  }
  receive(octets: Uint8Array, now: number): void {
    this.#now.receive(octets, now);
  }
  send(pdu: Uint8Array, now: number): void {
    this.#now.send(pdu, now);
  }
  expire(now: number): void {
    this.#now.expire(now);
  }
  close(now: number): void {
    this.#now.close(now);
  }
  poll(): LinkOutput | undefined {
    return this.#now.poll();
  }
}

interface Sent {
  readonly id: number;
  readonly session: number;
  readonly at: number;
}

/** How long a send may take to be delivered or to fail, ms: all tries of it and of what is queued before it. */
const bound = 600_000;

/** Primary and secondary over a line that fails, in virtual time; what must hold is checked as it happens. */
class Line {
  readonly clock = new VirtualClock();
  readonly link: Restarting;
  readonly proxy: LineProxy;
  readonly #client: LinkPump<ClientLink>;
  readonly #server: LinkPump<Link>;
  /** RR frames that each end still sends as RNR, as an end without room does. */
  busy = { client: 0, server: 0 };
  /** The server's next frame is FRMR. */
  reject = false;
  application: Application = 0;
  session = 0;
  connected = false;
  #nextId = 1;
  readonly sent: Sent[] = [];
  readonly delivered: number[] = [];
  readonly answered: number[] = [];
  readonly faults: string[] = [];
  #linkAge = 0;
  /** When the meter's last answer is due: an application answers in order. */
  #answersUntil = 0;
  /** The first rule that was broken; a pump ends its connection for what is thrown in it, and says no more. */
  #broken: { readonly error: unknown } | undefined;

  constructor(limits: Limits, meter: Limits, seed: number) {
    const { clock } = this;
    this.link = new Restarting(limits);
    const [near, proxied] = memoryPair({ clock, latency: 1 });
    const [behind, far] = memoryPair({ clock, latency: 1 });
    this.proxy = new LineProxy({ clock, seed, connect: () => Promise.resolve(behind as Duplex) });
    this.proxy.accept(proxied);
    this.#client = new LinkPump<ClientLink>({
      link: this.link,
      duplex: near,
      clock,
      tap: { transmit: (octets) => this.#asClient(octets) },
    });
    this.#server = new LinkPump<Link>({
      link: new Station({ addresses: [server], ...meter }),
      duplex: far,
      clock,
      tap: { transmit: (octets) => this.#asServer(octets) },
    });
    this.#client.start({
      connected: () => {
        this.connected = true;
      },
      disconnected: (_why, _address, fault) => this.#ended(fault),
      received: (pdu) => this.#check(() => this.#answer(pdu)),
      closed: () => undefined,
    });
    this.#server.start({
      connected: () => void this.#linkAge++,
      disconnected: () => void this.#linkAge++,
      received: (pdu, address) => this.#check(() => this.#deliver(pdu, address)),
      closed: () => undefined,
    });
  }

  connect(): void {
    this.session++;
    this.#client.connect();
  }

  send(length: number): void {
    const id = this.#nextId++;
    this.sent.push({ id, session: this.session, at: this.clock.now() });
    this.#client.send(pduOf(id, length));
  }

  /** The client forgets all, and begins again with other limits: SNRM in normal response mode. */
  restart(limits: Limits): void {
    this.#ended(undefined);
    this.link.restart(limits);
    this.connect();
  }

  disconnect(): void {
    this.link.close(this.clock.now());
    // Dropped, as nothing is connected any more; the pump sends what the link wants to say.
    this.#client.send(new Uint8Array(3));
  }

  /** Everything that is under way comes to its end; then nothing that was sent may be open. */
  settle(): void {
    this.clock.advance(bound);
    if (this.#broken !== undefined) throw this.#broken.error;
    const last = this.delivered.at(-1) ?? 0;
    for (const { id, session } of this.sent) {
      const open = id > last && session === this.session && this.link.mode === "connected";
      expect(open, `send ${id} neither arrived nor failed`).toBe(false);
    }
  }

  #check(rule: () => void): void {
    try {
      rule();
    } catch (error) {
      this.#broken ??= { error };
    }
  }

  #asClient(octets: Uint8Array): Uint8Array {
    if (this.busy.client === 0) return octets;
    return this.#asBusy(octets, () => void this.busy.client--);
  }

  #asServer(octets: Uint8Array): Uint8Array {
    if (this.reject) {
      this.reject = false;
      const { destination, source } = decodeFrame(octets);
      const information = encodeRejection({
        control: 0xff,
        sendSequence: 0,
        receiveSequence: 0,
        response: false,
        reasons: ["unknown-control"],
      });
      return encodeFrame({ frame: "frmr", pollFinal: true, destination, source, segmented: false, information });
    }
    return this.busy.server === 0 ? octets : this.#asBusy(octets, () => void this.busy.server--);
  }

  #asBusy(octets: Uint8Array, done: () => void): Uint8Array {
    const frame = decodeFrame(octets);
    if (frame.frame !== "rr") return octets;
    done();
    return encodeFrame({ ...frame, frame: "rnr" });
  }

  #ended(fault: Fault | undefined): void {
    this.connected = false;
    if (fault !== undefined) this.faults.push(fault.code);
  }

  #deliver(pdu: Uint8Array, address: LinkAddress): void {
    const id = idOf(pdu);
    expect(toHex(pdu)).toBe(toHex(pduOf(id, pdu.length)));
    const before = this.delivered.at(-1) ?? 0;
    expect(id, "repeated or out of order").toBeGreaterThan(before);
    const own = this.sent[id - 1] as Sent;
    // What was sent before it on the same link was delivered before it.
    const lost = this.sent.slice(before, id - 1).filter(({ session }) => session === own.session);
    expect(lost, "lost").toEqual([]);
    expect(this.clock.now() - own.at).toBeLessThan(bound);
    this.delivered.push(id);
    const { application } = this;
    if (application === "never") {
      this.#server.yield(address);
      return;
    }
    const answer = pduOf(id, pdu.length + (id % 40));
    const now = this.clock.now();
    const at = Math.max(now + application, this.#answersUntil);
    if (at === now) {
      this.#server.send(answer, address);
      return;
    }
    this.#answersUntil = at;
    const age = this.#linkAge;
    this.clock.at(at, () => {
      if (age === this.#linkAge) this.#server.send(answer, address);
    });
  }

  #answer(pdu: Uint8Array): void {
    const id = idOf(pdu);
    expect(toHex(pdu)).toBe(toHex(pduOf(id, pdu.length)));
    expect(id, "an answer repeated or out of order").toBeGreaterThan(this.answered.at(-1) ?? 0);
    expect(this.delivered, "an answer to what did not arrive").toContain(id);
    this.answered.push(id);
  }
}

/** A PDU that says which one it is, in so many octets or more. */
const pduOf = (id: number, length: number): Uint8Array =>
  Uint8Array.from({ length: Math.max(length, 3) }, (_, at) =>
    at === 0 ? id >> 8 : at === 1 ? id & 0xff : (id * 31 + at * 7) & 0xff,
  );
const idOf = (pdu: Uint8Array): number => ((pdu[0] as number) << 8) | (pdu[1] as number);

interface Model {
  /** Whether a link is wanted: `connect` or `send` came last, no `disconnect`. */
  wanted: boolean;
}
type Step = fc.Command<Model, Line>;

const step = (
  name: string,
  run: (model: Model, line: Line) => unknown,
  check: (model: Model) => boolean = () => true,
): Step => ({
  check,
  run,
  toString: () => name,
});

const limits = fc.record({
  maxInfoSend: fc.integer({ min: 8, max: 128 }),
  maxInfoReceive: fc.integer({ min: 8, max: 128 }),
  windowSend: fc.integer({ min: 1, max: 7 }),
  windowReceive: fc.integer({ min: 1, max: 7 }),
});
const probability = fc.constantFrom(0, 0.05, 0.3);
const none: ProxyFaults = { loss: 0, duplicate: 0, corrupt: 0, latency: 0, split: 5000 };
/** Cuts do not go with altered octets: several flipped bits of one frame are more than 16 bits of check sequence always see. */
const faults: fc.Arbitrary<ProxyFaults> = fc.oneof(
  fc.constant(none),
  fc.record({ loss: probability, duplicate: probability }).map((some) => ({ ...none, ...some })),
  fc.record({ corrupt: probability, loss: probability }).map((some) => ({ ...none, ...some })),
  fc.integer({ min: 1, max: 40 }).map((split) => ({ ...none, split })),
  fc.constantFrom(20, 300, 1300).map((most) => ({ ...none, latency: [0, most] as const })),
  fc.constant({ ...none, loss: 1 }),
);

const steps: fc.Arbitrary<Step>[] = [
  fc.constant(
    step("connect", (model, line) => {
      model.wanted = true;
      if (line.link.mode === "disconnected") line.connect();
    }),
  ),
  ...[0, 300, 300, 3000].map((pause) =>
    fc.integer({ min: 3, max: 300 }).map((length) =>
      step(`send ${length}, ${pause} ms`, (model, line) => {
        model.wanted = true;
        if (line.link.mode === "disconnected") line.connect();
        line.send(length);
        line.clock.advance(pause);
      }),
    ),
  ),
  fc.constantFrom(1, 50, 1000, 5000).map((ms) => step(`advance ${ms}`, (_, line) => line.clock.advance(ms))),
  fc.constantFrom(1, 50, 1000, 30_000).map((ms) => step(`advance ${ms}`, (_, line) => line.clock.advance(ms))),
  faults.map((some) => step(`faults ${JSON.stringify(some)}`, (_, line) => line.proxy.change(some))),
  fc
    .tuple(faults, fc.constantFrom("up" as const, "down" as const))
    .map(([some, way]) => step(`${way} ${JSON.stringify(some)}`, (_, line) => line.proxy.change(some, way))),
  fc
    .constantFrom<Application>(0, 0, 30, 1500, "never")
    .map((how) => step(`application ${how}`, (_, line) => Object.assign(line, { application: how }))),
  fc
    .tuple(fc.constantFrom("client" as const, "server" as const), fc.integer({ min: 1, max: 5 }))
    .map(([who, count]) => step(`${who} busy ${count}`, (_, line) => Object.assign(line.busy, { [who]: count }))),
  fc.constant(step("frmr", (_, line) => Object.assign(line, { reject: true }))),
  limits.map((other) =>
    step(
      `restart ${JSON.stringify(other)}`,
      (_, line) => line.restart(other),
      ({ wanted }) => wanted,
    ),
  ),
  fc.constant(
    step("disconnect", (model, line) => {
      model.wanted = false;
      line.disconnect();
    }),
  ),
];

const seen = { delivered: 0, answered: 0, faults: new Set<string>(), windows: new Set<number>() };

it("primary and secondary over a line that fails: nothing is lost, repeated or reordered, and each send ends", async () => {
  const numRuns = isLong ? Math.max(10_000, times(300)) : times(300);
  await fc.assert(
    fc.asyncProperty(
      limits,
      limits,
      fc.integer(),
      fc.commands(steps, { maxCommands: 40 }),
      async (ours, theirs, seed, commands) => {
        const line = new Line(ours, theirs, seed);
        // The proxy is joined by a promise.
        await Promise.resolve();
        await Promise.resolve();
        fc.modelRun(() => ({ model: { wanted: false }, real: line }), commands);
        line.settle();
        seen.delivered += line.delivered.length;
        seen.answered += line.answered.length;
        for (const code of line.faults) seen.faults.add(code);
        seen.windows.add(Math.min(ours.windowSend, theirs.windowReceive));
      },
    ),
    { numRuns },
  );
  // The campaign meets what it is for.
  expect(seen.delivered).toBeGreaterThan(numRuns / 2);
  expect(seen.answered).toBeGreaterThan(numRuns / 4);
  expect([...seen.faults]).toEqual(expect.arrayContaining(["no-answer", "frame-rejected"]));
  expect([...seen.windows].sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

import { T } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { dataObject, type Image, type ImageTransferOptions, imageTransfer } from "@dlmskit/cosem-objects";
import { type Interceptor, Meter, meterTemplate, none, Server, SimulatedTime } from "@dlmskit/server";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { connect, type ImageProgress, type LoadImageOptions, loadImage, type Session } from "../src/index.ts";

const instanceId = "0.0.44.0.0.255";
const imageOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => (at * 5 + 1) & 0xff);
const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);

/** A meter that can be restarted, its store, and lines to it that break. */
class World {
  readonly clock = new VirtualClock();
  readonly state = new MemoryState();
  readonly verified: Image[] = [];
  readonly blocks: number[] = [];
  readonly activations: string[] = [];
  /** What becomes of each block: it is lost before it comes, its answer is lost, or the meter restarts instead. */
  fate: (at: number) => "lost" | "unanswered" | "restart" | undefined = () => undefined;
  readonly #options: ImageTransferOptions;
  #server: Server | undefined;
  #sent = 0;

  constructor(options: ImageTransferOptions = {}) {
    this.#options = {
      blockSize: 16,
      firmware: "1.0.0.2.0.255",
      verify: (image) => {
        this.verified.push(image);
        return true;
      },
      ...options,
      activate: (image, context) => {
        this.activations.push(text(image.identifier));
        return options.activate?.(image, context);
      },
    };
  }

  async start(): Promise<void> {
    this.state.endProcesses();
    const meter = new Meter(
      meterTemplate({
        objects: [
          imageTransfer(instanceId, this.#options),
          dataObject("1.0.0.2.0.255", { type: T.visibleString, value: "FW1" }),
        ],
        associations: { open: { client: 16, security: none(), access: "full" } },
      }),
      { name: "IMG1" },
    );
    const count: Interceptor = (call, next) => {
      if (call.do === "invoke" && call.index === 2) this.blocks.push(this.#sent);
      return next();
    };
    this.#server = new Server({
      meters: meter,
      clock: this.clock,
      store: await openMemoryStore({}, this.state),
      interceptors: [count],
      time: new SimulatedTime({ source: () => this.clock.now() }),
    });
  }

  async connect(): Promise<Session> {
    const [near, far] = memoryPair({ clock: this.clock });
    this.#server?.accept(far, new WrapperServerLink());
    const link = new WrapperClientLink({ client: 16, server: 1 });
    const session = await connect({ duplex: near, link }, { clock: this.clock, timeout: 1000 });
    const invoke = session.invoke.bind(session) as (...given: unknown[]) => Promise<unknown>;
    const faulty = async (...given: unknown[]): Promise<unknown> => {
      if ((given[0] as { methodId?: number }).methodId !== 2) return invoke(...given);
      const fate = this.fate(this.#sent++);
      const lost = new Fault("timeout", "no answer", { layer: "client" });
      if (fate === undefined) return invoke(...given);
      if (fate === "unanswered") await invoke(...given);
      if (fate === "restart") await this.start();
      throw lost;
    };
    Object.defineProperty(session, "invoke", { value: faulty });
    return session;
  }

  async firmware(): Promise<unknown> {
    const session = await this.connect();
    return session.read({ classId: 1, instanceId: "1.0.0.2.0.255", attributeId: 2 }, T.visibleString);
  }

  /** Time passes until it settles. */
  async run<R>(work: Promise<R>): Promise<R> {
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    while (!over) {
      await this.clock.advanceAsync(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return done;
  }

  load(image: Uint8Array, more: Partial<LoadImageOptions> = {}) {
    const { clock } = this;
    const load = async () =>
      loadImage(await this.connect(), image, { clock, identifier: "FW2", pollEvery: 100, ...more });
    return this.run(load());
  }
}

async function started(options: ImageTransferOptions = {}): Promise<World> {
  const world = new World(options);
  await world.start();
  return world;
}

describe("loadImage", () => {
  it("transfers, verifies, checks and activates, with progress", async () => {
    const world = await started({ verificationTime: 3, activationTime: 5 });
    const image = imageOf(100);
    const seen: ImageProgress[] = [];
    const { status, info } = await world.load(image, { progress: (progress) => void seen.push(progress) });
    expect([status, info.map((one) => [text(one.imageToActivateIdentification), one.imageToActivateSize])]).toEqual([
      6,
      [["FW2", 100]],
    ]);
    expect(world.verified.map(({ octets }) => octets)).toEqual([image]);
    expect(await world.run(world.firmware())).toBe("FW2");
    expect(world.blocks).toHaveLength(7);
    expect(seen.filter(({ step }) => step === "transfer").map(({ transferred }) => transferred)).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7, 7],
    ]);
    expect(seen.slice(-2)).toEqual(["verify", "activate"].map((step) => ({ step, transferred: 7, blocks: 7 })));
  });

  it("leaves the activation to the meter's schedule where it is told to", async () => {
    const world = await started();
    expect((await world.load(imageOf(20), { activate: false })).status).toBe(3);
    expect(world.activations).toEqual([]);
    // And goes on from there later: nothing is sent again.
    expect((await world.load(imageOf(20), { resume: true })).status).toBe(6);
    expect(world.blocks).toHaveLength(2);
  });

  it("without `reconnect` ends with the line's fault, and resumed sends only the missing blocks", async () => {
    const world = await started();
    world.fate = (at) => (at === 3 ? "lost" : undefined);
    await expect(world.load(imageOf(100))).rejects.toMatchObject({ code: "timeout" });
    world.blocks.length = 0;
    expect((await world.load(imageOf(100), { resume: true })).status).toBe(6);
    expect(world.blocks).toHaveLength(4);
    // Another size is another image: the transfer begins anew.
    expect((await world.load(imageOf(40), { resume: true })).status).toBe(6);
    expect(world.verified.at(-1)?.octets).toEqual(imageOf(40));
  });

  it("O11: blocks and answers are lost, and the meter restarts: the image is whole at the end, or a Fault tells", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.constantFrom("lost", "unanswered", "restart", undefined, undefined, undefined), { maxLength: 30 }),
        fc.nat(3),
        async (size, fates, verificationTime) => {
          const world = await started({ verificationTime, activationTime: verificationTime });
          world.fate = (at) => fates[at] as ReturnType<World["fate"]>;
          const image = imageOf(size);
          const done = await world.load(image, { reconnect: () => world.connect() }).catch((fault: unknown) => fault);
          if (done instanceof Fault) {
            // Line after line broke before a single block came through.
            expect(done.code).toBe("image-not-transferred");
            expect(world.activations).toEqual([]);
            world.fate = () => undefined;
            expect((await world.load(image, { resume: true })).status).toBe(6);
          } else expect(done).toMatchObject({ status: 6 });
          expect(world.verified.at(-1)?.octets).toEqual(image);
          expect(world.activations).toEqual(["FW2"]);
        },
      ),
      { numRuns: times(25) },
    ));

  it("waits for a meter that restarts", async () => {
    const world = await started({ activationTime: 30, restarts: true });
    const { status, session } = await world.load(imageOf(50), { reconnect: () => world.connect() });
    expect([status, await world.run(world.firmware())]).toEqual([6, "FW2"]);
    await world.run(session.release());
    const silent = await started({ activationTime: 30, restarts: true });
    await expect(silent.load(imageOf(50))).rejects.toMatchObject({
      code: expect.stringMatching(/timeout|link-lost|closed/),
    });
  });

  it("gives up where nothing comes through", async () => {
    const world = await started();
    world.fate = () => "lost";
    await expect(world.load(imageOf(50), { reconnect: () => world.connect() })).rejects.toMatchObject({
      code: "image-not-transferred",
    });
    expect(world.blocks).toEqual([]);
  });

  it("tells of an image that is bad, is another one, or cannot be activated", async () => {
    const bad = await started({ verify: () => false, verificationTime: 1 });
    await expect(bad.load(imageOf(20))).rejects.toMatchObject({ code: "image-not-verified" });
    const nothing = new Uint8Array(0);
    const shown = {
      imageToActivateSize: 20,
      imageToActivateIdentification: nothing,
      imageToActivateSignature: nothing,
    };
    const other = await started({ verify: () => [shown] });
    await expect(other.load(imageOf(20))).rejects.toMatchObject({ code: "image-mismatch" });
    expect(other.activations).toEqual([]);
    const accepted = await other.load(imageOf(20), { check: ([one]) => one?.imageToActivateSize === 20 });
    expect(accepted.status).toBe(6);
    const stuck = await started({ activate: () => false });
    await expect(stuck.load(imageOf(20))).rejects.toMatchObject({ code: "image-not-activated" });
    const small = await started({ largestImage: 10 });
    await expect(small.load(imageOf(20))).rejects.toMatchObject({ code: "other-reason" });
    const off = await started({ enabled: false });
    await expect(off.load(imageOf(20))).rejects.toMatchObject({ code: "read-write-denied" });
    const slow = await started({ verificationTime: 60 });
    await expect(slow.load(imageOf(20), { within: 5000 })).rejects.toMatchObject({ code: "image-not-verified" });
  });
});

// What a client says and does when the link below fails it: how long it takes, what was dropped, that the transport is closed.
import { type ClientLink, Fault, type LinkOutput } from "@dlmskit/core";
import { Primary } from "@dlmskit/hdlc";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { encodeWpdu, WrapperClientLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { connect } from "../src/index.ts";
import { BareLink, FakeMeter, register, settle } from "./fake-meter.ts";

/** A peer that answers nothing; whether this end has closed, and when. */
function silent(link: ClientLink, timeout: number) {
  const clock = new VirtualClock();
  const [duplex, peer] = memoryPair();
  const state = { closed: undefined as number | undefined, peer };
  // It is told that this end has ended, and never ends itself.
  peer.start({ received: () => undefined, ended: () => undefined, closed: () => undefined });
  const destroy = duplex.destroy.bind(duplex);
  duplex.destroy = () => {
    state.closed = clock.now();
    destroy();
  };
  const done = connect({ duplex, link }, { clock, timeout }).then(
    () => undefined,
    (caught: Fault) => caught,
  );
  return { clock, state, done };
}

const primary = (timeout: number, retries = 3) =>
  new Primary({ client: 16, server: { upper: 1, lower: 17 }, timeout, retries });

describe("a link that does not open", () => {
  it("keeps to the timeout, although the link would try for longer", async () => {
    const { clock, state, done } = silent(primary(2000), 3000);
    const began = clock.now();
    await clock.advance(2999);
    await settle();
    await clock.advance(1);
    const fault = (await done) as Fault;
    expect(fault.toJSON()).toMatchObject({ code: "timeout", layer: "client" });
    expect(clock.now() - began).toBe(3000);
    // A peer that does not close costs a second, not five.
    await clock.advance(1000);
    await settle();
    expect(state.closed).toBeLessThanOrEqual(began + 4000);
    expect(clock.waiting).toBe(0);
  });

  it("closes the transport when the link gives up first, with what the link says", async () => {
    const { clock, state, done } = silent(primary(100, 1), 60_000);
    await clock.advance(200);
    const fault = (await done) as Fault;
    expect(fault.toJSON()).toMatchObject({ code: "link-lost", detail: "no-answer" });
    expect(fault.message).toContain("2 attempts");
    expect(fault.hint).toContain("snrm-with-parameters");
    await clock.advance(1000);
    await settle();
    expect(state.closed).toBeDefined();
    expect(clock.waiting).toBe(0);
  });
});

describe("what the link dropped", () => {
  it("F31: is named by the timeout, with the quirk that takes it", async () => {
    const link = new WrapperClientLink({ client: 16, server: 1 });
    const { clock, state, done } = silent(link, 1000);
    await settle();
    state.peer.send(encodeWpdu({ source: 103, destination: 102, pdu: Uint8Array.of(0xc4) }));
    await settle();
    await clock.advance(1000);
    const fault = (await done) as Fault;
    expect(fault.code).toBe("timeout");
    expect(fault.message).toContain("dropped received octets (address)");
    expect(fault.hint).toContain("any-wport");
  });

  it("is forgotten with the next request", async () => {
    const meter = register(new FakeMeter(), "1.0.1.8.0.255", 1, 0, 30);
    const { duplex } = meter.line();
    const dropping = new (class extends BareLink {
      readonly more: LinkOutput[] = [];
      override poll(): LinkOutput | undefined {
        return this.more.shift() ?? super.poll();
      }
    })();
    const session = await connect({ duplex, link: dropping }, { ...meter.options(), retries: 0 });
    const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
    dropping.more.push({ type: "dropped", why: "address", octets: new Uint8Array(1) });
    await session.get(energy);
    meter.mute = 1;
    const late = session.get(energy).catch((caught) => caught);
    await settle();
    await meter.clock.advance(60_000);
    const fault = await late;
    expect(fault).toBeInstanceOf(Fault);
    expect(fault.message).not.toContain("dropped");
  });
});

describe("a line that throws", () => {
  it("rejects the request once: its time limit neither sends it again nor rejects unseen", async () => {
    const meter = register(new FakeMeter(), "1.0.1.8.0.255", 1, 0, 30);
    const { duplex, link } = meter.line();
    let sends = 0;
    const session = await connect({ duplex, link }, meter.options({ retries: 1 }));
    duplex.send = () => {
      sends++;
      throw new Error("no line");
    };
    const unseen: unknown[] = [];
    const note = (reason: unknown) => unseen.push(reason);
    process.on("unhandledRejection", note);
    try {
      const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
      await expect(session.get(energy)).rejects.toThrow("no line");
      await meter.clock.advanceAsync(60_000);
      await new Promise((resolve) => setImmediate(resolve));
      expect(sends).toBe(1);
      expect(unseen).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});

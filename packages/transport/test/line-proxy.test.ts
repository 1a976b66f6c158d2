import { concat, fromAscii, toLatin1 } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { type Duplex, LineProxy, type LineProxyOptions, memoryPair, VirtualClock } from "../src/index.ts";

/** A client, the proxy, and a target that answers in capital letters. */
function joined(options: Partial<LineProxyOptions> = {}, target: "answers" | "is not there" = "answers") {
  const clock = new VirtualClock();
  const [client, near] = memoryPair({ clock, latency: 1 });
  const failed: string[] = [];
  const heard: Uint8Array[] = [];
  let targetEnded = false;
  const proxy = new LineProxy({
    clock,
    connect: () => {
      if (target === "is not there") return Promise.reject(new Error("nobody"));
      const [far, meter] = memoryPair({ clock, latency: 1 });
      meter.start({
        received: (octets) => meter.send(fromAscii(toLatin1(octets).toUpperCase())),
        ended: () => {
          targetEnded = true;
          meter.send(fromAscii("bye"));
          meter.end();
        },
        closed: () => undefined,
      });
      return Promise.resolve(far);
    },
    failed: (fault) => failed.push(fault.code),
    ...options,
  });
  let over = false;
  client.start({
    received: (octets) => void heard.push(octets),
    ended: () => {
      over = true;
    },
    closed: () => {
      over = true;
    },
  });
  proxy.accept(near as Duplex);
  const run = async (ms = 100): Promise<string> => {
    // The target is connected by a promise.
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(ms);
    return toLatin1(concat(...heard.splice(0)));
  };
  return { client, proxy, run, failed, clock, ended: () => targetEnded, isClosed: () => over };
}

const ask = async (line: ReturnType<typeof joined>, text: string, ms?: number): Promise<string> => {
  line.client.send(fromAscii(text));
  return line.run(ms);
};

describe("a faulty line as a proxy", () => {
  it("passes everything where there is no fault, and a half-close", async () => {
    const line = joined();
    expect(await ask(line, "hello")).toBe("HELLO");
    expect(line.proxy.connections).toBe(1);
    line.client.end();
    expect(await line.run()).toBe("bye");
    expect(line.ended()).toBe(true);
    await line.run(10_000);
    expect(line.isClosed()).toBe(true);
    expect(line.proxy.connections).toBe(0);
  });

  it("has faults that are switched while it runs, one way or both", async () => {
    const line = joined();
    line.proxy.change({ loss: 1 }, "down");
    expect(await ask(line, "lost")).toBe("");
    line.proxy.mend();
    expect(await ask(line, "found")).toBe("FOUND");
    line.proxy.change({ latency: 500 });
    expect(await ask(line, "late", 900)).toBe("");
    expect(await line.run(200)).toBe("LATE");
    line.proxy.change({ latency: 0, corrupt: 1 }, "up");
    expect(line.proxy.faults("down")).toEqual({ latency: 500 });
    expect(await ask(line, "same", 2000)).not.toBe("SAME");
    expect(() => line.proxy.change({ loss: 2 })).toThrow("probability");
    expect(line.proxy.faults("up")).toEqual({ latency: 0, corrupt: 1 });
  });

  it("echoes, and resets a connection after so many octets", async () => {
    const line = joined();
    line.proxy.change({ echo: true }, "up");
    expect(await ask(line, "ab")).toBe("abAB");
    const cut = joined({ faults: { cut: 12 } });
    expect(await ask(cut, "hello")).toBe("HELLO");
    expect(await ask(cut, "again")).toBe("");
    expect(cut.isClosed()).toBe(true);
  });

  it("is cut at once when asked for", async () => {
    const line = joined();
    await line.run();
    line.proxy.cut();
    await line.run();
    expect(line.isClosed()).toBe(true);
    expect(line.proxy.connections).toBe(0);
  });

  it("closes a connection whose target is not there, and says why", async () => {
    const line = joined({}, "is not there");
    line.client.send(fromAscii("x"));
    await line.run();
    expect(line.failed).toEqual(["transport-failed"]);
    expect(line.isClosed()).toBe(true);
  });

  it("takes faults that cannot be from nobody", () => {
    const clock = new VirtualClock();
    const connect = (): Promise<Duplex> => Promise.reject(new Error("never"));
    expect(() => new LineProxy({ clock, connect, faults: { cut: -1 } })).toThrow("cut after -1 octets");
    expect(() => new LineProxy({ clock, connect, faults: { split: 0 } })).toThrow("pieces cannot have 0 octets");
  });
});

describe("a peer of the line that sends without end", () => {
  /** An end that reads nothing, and says how much it was given and whether it was told to wait. */
  function end(buffered = false) {
    const state = { given: 0, paused: false, handlers: undefined as Parameters<Duplex["start"]>[0] | undefined };
    const duplex: Duplex = {
      remote: "test",
      get bufferedOctets() {
        return buffered ? state.given : 0;
      },
      send: (octets) => {
        state.given += octets.length;
      },
      end: () => undefined,
      destroy: () => undefined,
      pause: () => {
        state.paused = true;
      },
      resume: () => {
        state.paused = false;
      },
      start: (handlers) => {
        state.handlers = handlers;
      },
    };
    const flood = (): number => {
      let sent = 0;
      for (; sent < 0x200000 && !state.paused; sent += 4096) state.handlers?.received(new Uint8Array(4096));
      return sent;
    };
    return { duplex, state, flood };
  }

  it("waits while the target is being connected, and loses nothing", async () => {
    const [near, far] = [end(), end()];
    let join: (duplex: Duplex) => void = () => undefined;
    const connect = (): Promise<Duplex> => new Promise((resolve) => (join = resolve));
    new LineProxy({ clock: new VirtualClock(), connect }).accept(near.duplex);
    const sent = near.flood();
    expect(sent).toBeLessThan(0x80000);
    join(far.duplex);
    await new Promise((resolve) => setImmediate(resolve));
    expect([far.state.given, near.state.paused]).toEqual([sent, false]);
  });

  it("waits until it reads the answers, also while the other end reads what it is sent", async () => {
    const [near, far] = [end(true), end(true)];
    const options = { clock: new VirtualClock(), connect: () => Promise.resolve(far.duplex) };
    new LineProxy(options).accept(near.duplex);
    await new Promise((resolve) => setImmediate(resolve));
    far.flood();
    far.state.handlers?.drained?.();
    expect(far.state.paused).toBe(true);
    near.state.given = 0;
    near.state.handlers?.drained?.();
    expect(far.state.paused).toBe(false);
  });

  it("waits until it reads its own echo", async () => {
    const [near, far] = [end(true), end()];
    const options = { clock: new VirtualClock(), connect: () => Promise.resolve(far.duplex), faults: { echo: true } };
    new LineProxy(options).accept(near.duplex);
    await new Promise((resolve) => setImmediate(resolve));
    expect(near.flood()).toBeLessThan(0x80000);
    near.state.given = 0;
    near.state.handlers?.drained?.();
    expect(near.state.paused).toBe(false);
  });
});

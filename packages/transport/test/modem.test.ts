import { fromAscii, toLatin1 } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import { type AnswerCallsOptions, answerCalls, type Duplex, dial, memoryPair, VirtualClock } from "../src/index.ts";
import { systemClock, tcpConnect, tcpListen } from "../src/node.ts";
import { serialListen, serialOpen } from "../src/serial.ts";
import { callContract, type DuplexPair } from "../src/testing.ts";

// Long enough for a busy machine: octets and the `+++` behind them must not arrive together.
const guard = 120;
const number = "0301234";

/** A call over a line: one end dials, the other is the meter behind its modem. */
async function called(near: Duplex, answering: (accept: (call: Duplex) => void) => void): Promise<DuplexPair> {
  const accepted = new Promise<Duplex>((resolve) => answering(resolve));
  const call = await dial(near, { clock: systemClock, number, guard });
  return { near: call, far: await accepted };
}

describe("a call over a pair in memory", () => {
  const open = (): Promise<DuplexPair> => {
    const [near, far] = memoryPair();
    return called(near, (accept) => answerCalls(far, { clock: systemClock, accept, guard }));
  };
  for (const { name, run } of callContract(open)) it(name, run);
});

describe("a call over TCP", () => {
  const open = async (): Promise<DuplexPair> => {
    let answering: ((call: Duplex) => void) | undefined;
    const listener = await tcpListen({
      port: 0,
      accept: (duplex) => answerCalls(duplex, { clock: systemClock, guard, accept: (call) => answering?.(call) }),
    });
    const near = await tcpConnect("127.0.0.1", listener.port);
    const pair = await called(near, (accept) => {
      answering = accept;
    });
    return { ...pair, close: () => listener.close() };
  };
  for (const { name, run } of callContract(open)) it(name, run);
});

describe.skipIf(noPty !== undefined)("a call over a serial line", () => {
  const open = async (): Promise<DuplexPair> => {
    const pair = await ptyPair();
    let answering: ((call: Duplex) => void) | undefined;
    const listener = await serialListen(pair.far, {
      accept: (line) => answerCalls(line, { clock: systemClock, guard, accept: (call) => answering?.(call) }),
    });
    const line = await serialOpen(pair.near);
    const ends = await called(line, (accept) => {
      answering = accept;
    });
    const close = async (): Promise<void> => {
      line.destroy();
      await listener.close();
      await pair.close();
    };
    return { ...ends, close };
  };
  for (const { name, run } of isLong ? callContract(open) : []) it(name, run);

  it("is dialled, carries octets, is hung up, and is dialled again", async () => {
    const pair = await ptyPair();
    const listener = await serialListen(pair.far, {
      accept: (duplex) =>
        answerCalls(duplex, {
          clock: systemClock,
          guard,
          number,
          accept: (call) => call.start({ received: (octets) => call.send(octets), closed: () => undefined }),
        }),
    });
    for (let time = 0; time < 2; time++) {
      const call = await dial(await serialOpen(pair.near), { clock: systemClock, number, guard });
      const heard = await new Promise<string>((resolve) => {
        call.start({ received: (octets) => resolve(toLatin1(octets)), closed: () => resolve("closed") });
        call.send(fromAscii("hello"));
      });
      expect(heard).toBe("hello");
      await new Promise<void>((resolve) => {
        call.end();
        const look = (): unknown => (call.bufferedOctets === 0 ? setTimeout(resolve, 300) : setTimeout(look, 5));
        look();
      });
    }
    await listener.close();
    await pair.close();
  });
});

/** A terminal at the modem, in virtual time. */
function terminal(options: Partial<AnswerCallsOptions> = {}) {
  const clock = new VirtualClock();
  const [near, far] = memoryPair({ clock, latency: 1 });
  let text = "";
  const calls: Duplex[] = [];
  near.start({
    received: (octets) => {
      text += toLatin1(octets);
    },
    closed: () => undefined,
  });
  answerCalls(far, {
    clock,
    accept(call) {
      calls.push(call);
      call.start({ received: (octets) => call.send(octets), closed: () => undefined });
    },
    ...options,
  });
  const type = (typed: string, ms = 10): string => {
    text = "";
    near.send(fromAscii(typed));
    clock.advance(1);
    // What a microtask starts has begun by the next call.
    clock.advance(ms);
    return text.replaceAll("\r\n", "|").replaceAll("\r", "<");
  };
  return { clock, type, calls, wait: () => Promise.resolve().then(() => Promise.resolve()) };
}

describe("a modem that answers", () => {
  it("echoes, knows its commands, and says so", () => {
    const { type } = terminal();
    expect(type("AT\r")).toBe("AT<|OK|");
    expect(type("ATE0\r")).toBe("ATE0<|OK|");
    expect(type("ATS0=1\r")).toBe("|OK|");
    expect(type("hello\r")).toBe("|ERROR|");
    expect(type("ATV0\r")).toBe("0<");
    expect(type("ATZ\r")).toBe("|OK|");
  });

  it("carries a call until +++ between two silences, goes back with ATO, and hangs up with ATH", async () => {
    const { type, clock, wait } = terminal();
    type("ATE0\r");
    expect(type("ATDT 030-1234\r")).toBe("|CONNECT 9600|");
    await wait();
    clock.advance(2000);
    expect(type("data+++", 2000)).toBe("data+++");
    expect(type("+++", 500)).toBe("");
    expect(type("x", 2000)).toBe("+++x");
    expect(type("+++", 1500)).toBe("|OK|");
    expect(type("ATO\r")).toBe("|CONNECT|");
    clock.advance(2000);
    expect(type("+++", 1500)).toBe("|OK|");
    expect(type("ATH\r")).toBe("|OK|");
    expect(type("ATO\r")).toBe("|NO CARRIER|");
  });

  it("does not answer another number, and a key ends the dialling", () => {
    const { type, calls } = terminal({ number, dialTime: 5000 });
    type("ATE0\r");
    expect(type("ATD99\r")).toBe("|NO CARRIER|");
    expect(type(`ATDT${number}\r`)).toBe("");
    expect(type("x")).toBe("|NO CARRIER|");
    expect(calls).toHaveLength(0);
  });
});

describe("a modem that dials", () => {
  /** What dialling ends in where the modem says something else. */
  async function dialled(says: (command: string) => string, options: object = {}): Promise<unknown> {
    const [near, far] = memoryPair();
    far.start({
      received: (octets) => far.send(fromAscii(says(toLatin1(octets).trim()))),
      closed: () => undefined,
    });
    const given = { clock: systemClock, number, commandTimeout: 50, timeout: 50, ...options };
    return dial(near, given).then(
      () => "connected",
      (fault: { code: string }) => fault.code,
    );
  }

  it.each([
    ["BUSY", "dial-failed"],
    ["NO CARRIER", "dial-failed"],
    ["NO DIALTONE", "dial-failed"],
    ["7", "dial-failed"],
    ["RING", "modem-silent"],
    ["CONNECT 2400/V22", "connected"],
    ["1", "connected"],
  ])("hears %s: %s", async (said, code) => {
    expect(await dialled((command) => (command.startsWith("ATD") ? `\r\n${said}\r\n` : "\r\nOK\r\n"))).toBe(code);
  });

  it("hears of commands that the modem does not know, and of silence", async () => {
    expect(await dialled(() => "\r\nERROR\r\n")).toBe("dial-failed");
    expect(await dialled(() => "")).toBe("modem-silent");
    expect(await dialled(() => "\r\nOK\r\n", { number: "\r" })).toBe("bad-value");
  });
});

describe("a peer that sends commands without end", () => {
  /** The modem's end of a line that the peer does not read. */
  function end() {
    const clock = new VirtualClock();
    const state = { unread: 0, sends: 0, destroyed: false, paused: false };
    let received: (octets: Uint8Array) => void = () => undefined;
    const line: Duplex = {
      remote: "test",
      get bufferedOctets() {
        return state.unread;
      },
      send: (octets) => {
        state.unread += octets.length;
        state.sends++;
      },
      end: () => undefined,
      destroy: () => {
        state.destroyed = true;
      },
      pause: () => {
        state.paused = true;
      },
      resume: () => {
        state.paused = false;
      },
      start: (handlers) => {
        received = (octets) => handlers.received(octets);
      },
    };
    answerCalls(line, { clock, accept: () => undefined });
    return { clock, state, send: (pieces = 1) => received(fromAscii("A".repeat(511).concat("\r").repeat(pieces))) };
  }

  it("is hung up on if it never reads their echo", () => {
    const { state, send } = end();
    for (let sent = 0; sent < 1 << 20 && !state.destroyed; sent += 512) send();
    expect(state.destroyed).toBe(true);
    expect(state.unread).toBeLessThan(1 << 17);
  });

  it("may send them in one large piece", () => {
    const { state, send } = end();
    send(512);
    expect([state.sends, state.unread > 512 * 512]).toEqual([1, true]);
  });

  it("is received as fast as a serial line carries it, and gets echo and results together", () => {
    const { clock, state, send } = end();
    send();
    expect([state.sends, state.paused]).toEqual([1, true]);
    clock.advance(44);
    expect(state.paused).toBe(true);
    clock.advance(1);
    expect(state.paused).toBe(false);
  });
});

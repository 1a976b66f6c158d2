// A real modem that rings at the meter.
import { fromAscii, toLatin1 } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import { type Duplex, memoryPair, VirtualClock, type WaitForCallsOptions, waitForCalls } from "../src/index.ts";
import { systemClock } from "../src/node.ts";
import { serialListen, serialOpen } from "../src/serial.ts";
import { callContract, type DuplexPair } from "../src/testing.ts";
import { ringingModem } from "./ringing-modem.ts";

const guard = 120;
const soon = async (holds: () => boolean): Promise<void> => {
  for (let waited = 0; !holds(); waited += 5) {
    if (waited > 5000) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** A meter that echoes each call, behind a modem. */
function echoing(options: Partial<WaitForCallsOptions> = {}) {
  const [near, far] = memoryPair();
  const calls: Duplex[] = [];
  const failures: string[] = [];
  waitForCalls(near, {
    ...{ clock: systemClock, guard, commandTimeout: 100 },
    accept(call) {
      calls.push(call);
      call.start({ received: (octets) => call.send(octets), closed: () => undefined });
    },
    failed: ({ code }) => failures.push(code),
    ...options,
  });
  return { modem: ringingModem(far), calls, failures };
}

/** What the meter echoes in a call. */
async function said(call: Duplex, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    call.start({
      received(octets) {
        heard += toLatin1(octets);
        if (heard.length >= text.length) resolve(heard);
      },
      closed: () => resolve(`closed after ${heard}`),
    });
    call.send(fromAscii(text));
  });
}

for (const auto of [false, true]) {
  describe(`a call that ${auto ? "the modem answers by itself" : "is answered with ATA"}`, () => {
    const open = async (): Promise<DuplexPair> => {
      const [near, far] = memoryPair();
      const modem = ringingModem(near);
      const accepted = new Promise<Duplex>((accept) => waitForCalls(far, { clock: systemClock, guard, auto, accept }));
      await soon(() => modem.commands.includes(`ATS0=${auto ? 1 : 0}`));
      const caller = (await modem.call()) as Duplex;
      return { near: await accepted, far: caller };
    };
    for (const { name, run } of callContract(open)) it(name, run);
  });
}

describe("a modem that rings", () => {
  it("is told to leave the answer to this end, answered after the rings, and answered again after the call", async () => {
    const { modem, calls } = echoing({ rings: 2 });
    await soon(() => modem.commands.length === 3);
    expect(modem.commands).toEqual(["ATZ", "ATE0", "ATS0=0"]);
    expect(await modem.call(1)).toBe(undefined);
    for (let time = 1; time <= 2; time++) {
      const caller = (await modem.call()) as Duplex;
      expect(await said(caller, "hello")).toBe("hello");
      expect(calls.length).toBe(time);
      caller.end();
      await soon(() => modem.commands.filter((command) => command === "ATS0=0").length === time + 1);
    }
    expect(modem.commands.filter((command) => command === "ATA").length).toBe(2);
  });

  it("hangs up when the meter ends the call", async () => {
    const { modem, calls } = echoing({ auto: true });
    await soon(() => modem.commands.length === 3);
    const caller = (await modem.call()) as Duplex;
    let closed = false;
    caller.start({
      received: () => undefined,
      closed: () => {
        closed = true;
      },
    });
    await soon(() => calls.length === 1);
    calls[0]?.end();
    await soon(() => closed);
    expect(modem.commands).toContain("ATH");
  });

  it("stays in use after a call that was not answered in time", async () => {
    const { modem, failures } = echoing();
    await soon(() => modem.commands.length === 3);
    modem.say("RING"); // Nobody is there any more when ATA comes.
    await soon(() => failures.length === 1);
    expect(failures).toEqual(["dial-failed"]);
    expect(await said((await modem.call()) as Duplex, "hello")).toBe("hello");
  });

  it("is tried again when it does not answer, with growing waits, until the line is closed", async () => {
    const clock = new VirtualClock();
    const [near, far] = memoryPair({ clock });
    const asked: number[] = [];
    far.start({ received: () => void asked.push(clock.now()), closed: () => undefined });
    const failures: string[] = [];
    let closed = false;
    waitForCalls(near, {
      clock,
      accept: () => undefined,
      failed: ({ code }) => failures.push(code),
      closed: () => {
        closed = true;
      },
    });
    await clock.advanceAsync(40_000);
    expect(asked).toEqual([0, 8000, 21_000]);
    expect(failures).toEqual(["modem-silent", "modem-silent", "modem-silent"]);
    far.destroy();
    await clock.advanceAsync(100_000);
    expect([closed, asked.length, clock.waiting]).toEqual([true, 3, 0]);
  });
});

it("a modem that answers by itself while a command waits for its result has its call served", async () => {
  const [near, far] = memoryPair();
  const calls: Duplex[] = [];
  let commands = 0;
  far.start({
    received(octets) {
      if (!toLatin1(octets).startsWith("AT")) return;
      commands++;
      far.send(fromAscii(commands === 2 ? "\r\nCONNECT 9600\r\n" : "\r\nOK\r\n"));
    },
    closed: () => undefined,
  });
  waitForCalls(near, { clock: systemClock, guard, auto: true, accept: (call) => calls.push(call) });
  await soon(() => calls.length === 1);
  near.destroy();
});

describe.skipIf(noPty !== undefined)("a modem on a serial line that rings", () => {
  it("is answered, carries octets, and is answered again", async () => {
    const pair = await ptyPair();
    const modem = ringingModem(await serialOpen(pair.near));
    const listener = await serialListen(pair.far, {
      speaksFirst: true,
      accept: (line) =>
        waitForCalls(line, {
          ...{ clock: systemClock, guard },
          accept: (call) => call.start({ received: (octets) => call.send(octets), closed: () => undefined }),
        }),
    });
    for (let time = 1; time <= 2; time++) {
      await soon(() => modem.commands.filter((command) => command === "ATS0=0").length === time);
      // The answer to the last command may still be on the line when it rings: whoever is not answered calls again.
      let caller: Duplex | undefined;
      while (caller === undefined) caller = await modem.call();
      expect(await said(caller, "hello")).toBe("hello");
      caller.end();
    }
    await listener.close();
    await pair.close();
  });
});

import { Fault } from "@dlmskit/core";
import { SerialPortMock } from "serialport";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { noPty, type PtyPair, ptyPair } from "../../../test/pty-pair.ts";
import { type Duplex, type Listener, VirtualClock } from "../src/index.ts";
import { serialOpen as openSerial, serialListen } from "../src/serial.ts";
import { type DuplexPair, lineContract } from "../src/testing.ts";

const soon = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const pairs: PtyPair[] = [];
const opened: Duplex[] = [];
const serialOpen: typeof openSerial = async (...how) => {
  const duplex = await openSerial(...how);
  opened.push(duplex);
  return duplex;
};
const pty = async (): Promise<PtyPair> => {
  const pair = await ptyPair();
  pairs.push(pair);
  return pair;
};
afterEach(async () => {
  // A terminal's number is given to the next one, together with the lock of a port that is not closed yet.
  for (const duplex of opened.splice(0)) {
    const all = known.get(duplex) ?? heard(duplex);
    duplex.destroy();
    await soon(() => all.closed);
  }
  for (const pair of pairs.splice(0)) await pair.close();
});
const known = new Map<Duplex, ReturnType<typeof heard>>();
/** What arrives at a duplex, and how it ended. */
function heard(duplex: Duplex) {
  const all = { octets: [] as number[], closed: false, fault: undefined as Fault | undefined };
  known.set(duplex, all);
  duplex.start({
    received: (octets) => void all.octets.push(...octets),
    closed(fault) {
      all.closed = true;
      all.fault = fault;
    },
  });
  return all;
}
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no Fault",
    (caught: unknown) => {
      expect(caught).toBeInstanceOf(Fault);
      expect((caught as Fault).hint).toBeDefined();
      return (caught as Fault).code;
    },
  );

if (noPty !== undefined) console.warn(`serial ports are tested without pseudo-terminals: ${noPty}`);

describe.skipIf(noPty !== undefined)("a serial port on a pseudo-terminal", () => {
  const open = async (): Promise<DuplexPair> => {
    const pair = await pty();
    const near = await openSerial(pair.near, { baudRate: 9600 });
    return { near, far: await openSerial(pair.far, { baudRate: 9600 }) };
  };
  for (const { name, run } of lineContract(open)) it(name, run);

  it("can be opened once at a time, and again when it was closed", async () => {
    const { near } = await pty();
    const first = await serialOpen(near);
    expect(await codeOf(serialOpen(near))).toBe("port-in-use");
    const all = heard(first);
    first.destroy();
    await soon(() => all.closed);
    const again = heard(await serialOpen(near));
    expect(again.closed).toBe(false);
  });

  it("tells that the device is gone", async () => {
    const pair = await pty();
    const clock = new VirtualClock();
    const all = heard(await serialOpen(pair.near, { clock }));
    pair.unplugNear();
    // Told at once, or found out.
    await soon(() => all.closed || clock.advance(500) === null);
    expect(all.fault?.code).toBe("line-lost");
    expect(all.fault?.hint).toBeDefined();
  });

  it("waits until the line was silent before it sends", async () => {
    const pair = await pty();
    const clock = new VirtualClock();
    const near = await serialOpen(pair.near, { silence: 50, clock });
    const far = heard(await serialOpen(pair.far));
    heard(near);
    near.send(Uint8Array.of(1));
    await soon(() => far.octets.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    near.send(Uint8Array.of(2));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(far.octets).toEqual([1]);
    clock.advance(50);
    await soon(() => far.octets.length === 2);
  });

  it("with RS-485 direction is refused where the device has no RTS", async () => {
    const { near } = await pty();
    await expect(serialOpen(near, { rs485: { rts: "high" } })).rejects.toMatchObject({ code: "transport-failed" });
    // It was closed again.
    heard(await serialOpen(near));
  });
});

describe.skipIf(noPty !== undefined)("listening on a serial port", () => {
  it("opens a connection with the first octets, and another after its end", async () => {
    const pair = await pty();
    const accepted: { duplex: Duplex; all: ReturnType<typeof heard> }[] = [];
    const listener: Listener = await serialListen(pair.near, {
      accept: (duplex) => void accepted.push({ duplex, all: heard(duplex) }),
    });
    expect(listener.host).toBe(pair.near);
    const far = await serialOpen(pair.far);
    const answers = heard(far);
    expect(listener.connections).toBe(0);
    far.send(Uint8Array.of(1, 2, 3));
    await soon(() => accepted[0]?.all.octets.length === 3);
    expect(listener.connections).toBe(1);
    accepted[0]?.duplex.send(Uint8Array.of(9));
    accepted[0]?.duplex.end();
    await soon(() => accepted[0]?.all.closed === true && answers.octets.length === 1);
    expect(listener.connections).toBe(0);
    far.send(Uint8Array.of(4));
    await soon(() => accepted.length === 2 && accepted[1]?.all.octets.length === 1);
    expect(accepted[1]?.all.octets).toEqual([4]);
    await listener.close();
    expect(accepted[1]?.all.closed).toBe(true);
    heard(await serialOpen(pair.near));
  });

  it("what accept throws ends that connection alone", async () => {
    const pair = await pty();
    const faults: string[] = [];
    let count = 0;
    await using listener = await serialListen(pair.near, {
      accept() {
        count++;
        throw new Error("no");
      },
      failed: (fault) => void faults.push(fault.code),
    });
    const far = await serialOpen(pair.far);
    heard(far);
    far.send(Uint8Array.of(1));
    await soon(() => count === 1);
    far.send(Uint8Array.of(2));
    await soon(() => count === 2);
    expect(faults).toEqual(["handler-failed", "handler-failed"]);
    expect(listener.connections).toBe(0);
  });

  it("tells of a device that went away, and looks for it again until it is closed", async () => {
    const pair = await pty();
    const clock = new VirtualClock();
    const faults: string[] = [];
    const listener = await serialListen(pair.near, {
      clock,
      accept: (duplex) => duplex.destroy(),
      failed: (fault) => void faults.push(fault.code),
    });
    pair.unplugNear();
    await soon(() => faults.length === 1 || clock.advance(500) === null);
    expect(faults).toEqual(["line-lost"]);
    clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(listener.connections).toBe(0);
    await listener.close();
  });
});

describe("opening a serial port", () => {
  it("that is not there", async () => {
    expect(await codeOf(serialOpen("/dev/no-such-port"))).toBe("no-such-port");
  });

  it("without the package serialport", async () => {
    const load = () => Promise.reject(new Error("Cannot find package 'serialport'"));
    expect(await codeOf(serialOpen("/dev/ttyS0", {}, load))).toBe("serialport-missing");
    expect(await codeOf(serialListen("/dev/ttyS0", { accept: () => undefined }, load))).toBe("serialport-missing");
  });

  it("with settings that no port has", async () => {
    expect(await codeOf(serialOpen("/dev/ttyS0", { dataBits: 4 as 5 }))).toBe("bad-value");
    const both = { rs485: { rts: "high" }, flowControl: "rts-cts" } as const;
    expect(await codeOf(serialOpen("/dev/ttyS0", both))).toBe("bad-value");
  });
});

// Pseudo-terminals have no RTS.
describe("RS-485", () => {
  const levels: string[] = [];
  class Port extends SerialPortMock {
    override set(options: { rts?: boolean }, done?: (error: Error | null) => void): void {
      levels.push(options.rts ? "high" : "low");
      super.set(options, done);
    }
    // biome-ignore lint/suspicious/noExplicitAny: as the stream declares it
    override write(chunk: any, ...rest: any[]): boolean {
      levels.push(`octets ${[...chunk].join()}`);
      return super.write(chunk, ...(rest as []));
    }
  }
  beforeAll(() => SerialPortMock.binding.createPort("/dev/mock"));

  it("raises RTS around what is sent, and waits before and after", async () => {
    const clock = new VirtualClock();
    const load = async () => ({ SerialPort: Port }) as never;
    const rs485 = { rts: "high", before: 2, after: 3 } as const;
    const duplex = await serialOpen("/dev/mock", { rs485, clock }, load);
    const all = heard(duplex);
    expect(levels).toEqual(["low"]);
    duplex.send(Uint8Array.of(1, 2));
    await soon(() => levels.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(levels).toEqual(["low", "high"]);
    clock.advance(2);
    await soon(() => levels.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(levels).toEqual(["low", "high", "octets 1,2"]);
    clock.advance(3);
    await soon(() => levels.length === 4);
    expect(levels.at(-1)).toBe("low");
    duplex.destroy();
    await soon(() => all.closed);
  });
});

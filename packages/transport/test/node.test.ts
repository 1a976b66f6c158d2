import { createServer } from "node:net";
import type { Fault } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import type { Duplex } from "../src/index.ts";
import { systemClock, tcpConnect, tcpListen, udpBind, udpConnect, udpListen } from "../src/node.ts";
import { eventually, listen, pause } from "../src/testing/heard.ts";

const fault = (code: string) =>
  expect.objectContaining({ name: "Fault", code, layer: "transport", hint: expect.any(String) });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("TCP", () => {
  it("binds to loopback unless told otherwise, and says which port", async () => {
    await using listener = await tcpListen({ port: 0, accept: () => undefined });
    expect(listener.host).toBe("127.0.0.1");
    expect(listener.port).toBeGreaterThan(0);
  });

  it("gives octets alone in their memory: what a program keeps of them keeps nothing else", async () => {
    const given: Uint8Array[] = [];
    await using listener = await tcpListen({
      port: 0,
      accept: (far) => {
        far.start({ received: (octets) => far.send(octets), closed: () => undefined });
      },
    });
    const near = await tcpConnect("127.0.0.1", listener.port);
    near.start({ received: (octets) => void given.push(octets), closed: () => undefined });
    near.send(new Uint8Array(100));
    await eventually(() => given.length > 0, "the answer comes");
    expect(given[0]?.buffer.byteLength).toBe(given[0]?.length);
    near.destroy();
  });

  it("says what is wrong, and what to try", async () => {
    await expect(tcpConnect("127.0.0.1", await freePort())).rejects.toEqual(fault("connection-refused"));
    await expect(tcpConnect("127.0.0.1", 0)).rejects.toEqual(fault("bad-port"));
    await expect(tcpConnect("no-such-host.invalid", 4059)).rejects.toEqual(fault("unknown-host"));
    await using listener = await tcpListen({ port: 0, accept: () => undefined });
    const again = tcpListen({ port: listener.port, accept: () => undefined });
    await expect(again).rejects.toEqual(fault("address-in-use"));
    await expect(again).rejects.toThrow(String(listener.port));
    await expect(tcpListen({ port: 70_000, accept: () => undefined })).rejects.toEqual(fault("bad-port"));
    const elsewhere = tcpListen({ host: "203.0.113.1", port: 0, accept: () => undefined });
    await expect(elsewhere).rejects.toEqual(fault("address-not-available"));
  });

  it("gives an attempt up when told to", async () => {
    const given = new AbortController();
    const attempt = tcpConnect("203.0.113.1", 4059, { signal: given.signal });
    given.abort();
    await expect(attempt).rejects.toMatchObject({ code: "aborted" });
    await expect(tcpConnect("127.0.0.1", 4059, { signal: given.signal })).rejects.toMatchObject({ code: "aborted" });
  });

  it("turns away more connections than it may have", async () => {
    const faults: Fault[] = [];
    const accepted: Duplex[] = [];
    await using listener = await tcpListen({
      port: 0,
      maxConnections: 2,
      accept: (duplex) => void accepted.push(duplex),
      failed: (why) => faults.push(why),
    });
    const first = await tcpConnect("127.0.0.1", listener.port);
    await tcpConnect("127.0.0.1", listener.port);
    const third = listen(await tcpConnect("127.0.0.1", listener.port));
    await eventually(() => third.events.includes("closed"), "the third is closed");
    expect(faults).toEqual([fault("too-many-connections")]);
    expect(listener.connections).toBe(2);
    first.destroy();
    for (const duplex of accepted) listen(duplex);
    await eventually(() => listener.connections === 1, "the place is free again");
  });

  it("takes a new connection in the place of one whose peer has not shown who it is, the oldest of the host that has most", async () => {
    const faults: Fault[] = [];
    const accepted: ReturnType<typeof listen>[] = [];
    const ranks = [0, 2, 0, 0, 0] as const;
    await using listener = await tcpListen({
      port: 0,
      maxConnections: 4,
      giveWay: true,
      accept: (duplex) => {
        duplex.setRank?.(ranks[accepted.length] ?? 2);
        accepted.push(listen(duplex));
      },
      failed: (why) => faults.push(why),
    });
    // The second host has one connection of rank 0, the first has two.
    for (const [at, localAddress] of ["127.0.0.2", "127.0.0.1", "127.0.0.1", "127.0.0.1"].entries()) {
      await tcpConnect("127.0.0.1", listener.port, { localAddress });
      await eventually(() => accepted.length === at + 1, "it is accepted");
    }
    const closed = () => accepted.map(({ events }) => events.includes("closed"));
    await tcpConnect("127.0.0.1", listener.port, { localAddress: "127.0.0.3" });
    await eventually(() => accepted.length === 5 && closed().includes(true), "one gives way");
    expect(closed()).toEqual([false, false, true, false, false]);
    expect(faults).toEqual([fault("too-many-connections")]);
    expect(listener.connections).toBe(4);
  });

  it("takes no more connections of one host than it may", async () => {
    const faults: Fault[] = [];
    await using listener = await tcpListen({
      ...{ port: 0, maxPerHost: 2, failed: (why: Fault) => faults.push(why) },
      accept: (duplex) => void listen(duplex),
    });
    for (let at = 0; at < 2; at++) await tcpConnect("127.0.0.1", listener.port);
    const third = listen(await tcpConnect("127.0.0.1", listener.port));
    await eventually(() => third.events.includes("closed"), "the third is closed");
    await tcpConnect("127.0.0.1", listener.port, { localAddress: "127.0.0.2" });
    await eventually(() => listener.connections === 3, "another host is served");
    expect(faults).toEqual([fault("too-many-connections")]);
  });

  it("outlives an accept that throws", async () => {
    const faults: Fault[] = [];
    await using listener = await tcpListen({
      port: 0,
      accept() {
        throw new Error("no room");
      },
      failed: (why) => faults.push(why),
    });
    const near = listen(await tcpConnect("127.0.0.1", listener.port));
    await eventually(() => near.events.includes("closed"), "it is closed");
    expect(faults).toEqual([
      expect.objectContaining({ code: "handler-failed", message: expect.stringContaining("no room") }),
    ]);
  });

  it("takes its connections with it when it closes", async () => {
    const listener = await tcpListen({ port: 0, accept: (duplex) => void listen(duplex) });
    const near = listen(await tcpConnect("127.0.0.1", listener.port));
    await listener.close();
    await listener.close();
    await eventually(() => near.events.includes("closed"), "it is closed");
    await expect(tcpConnect("127.0.0.1", listener.port)).rejects.toEqual(fault("connection-refused"));
  });
});

describe("UDP", () => {
  it("serves as many remotes as it may, and forgets the silent ones", async () => {
    const faults: Fault[] = [];
    const served: ReturnType<typeof listen>[] = [];
    await using listener = await udpListen({
      port: 0,
      maxRemotes: 1,
      idle: 60,
      accept: (duplex) => {
        duplex.setRank?.(2);
        served.push(listen(duplex));
      },
      failed: (why) => faults.push(why),
    });
    const first = await udpConnect("127.0.0.1", listener.port);
    const second = await udpConnect("127.0.0.1", listener.port);
    first.send(Uint8Array.of(1));
    await eventually(() => served[0]?.octets.length === 1, "the first is served");
    second.send(Uint8Array.of(2));
    await eventually(() => faults.length === 1, "the second is not");
    expect(faults).toEqual([fault("too-many-connections")]);
    await eventually(() => served[0]?.events.includes("closed") === true, "the first is forgotten");
    expect(served[0]?.fault).toBeUndefined();
    second.send(Uint8Array.of(3));
    await eventually(() => served[1]?.octets.length === 1, "the second is served");
    expect(listener.connections).toBe(1);
    first.destroy();
    second.destroy();
  });

  it("serves a new remote in the place of the oldest that has not shown who it is", async () => {
    const served: ReturnType<typeof listen>[] = [];
    await using listener = await udpListen({
      port: 0,
      maxRemotes: 2,
      accept: (duplex) => {
        if (served.length === 0) duplex.setRank?.(2);
        served.push(listen(duplex));
      },
    });
    for (let at = 0; at < 4; at++) {
      const remote = await udpConnect("127.0.0.1", listener.port);
      remote.send(Uint8Array.of(at));
      await eventually(() => served[at]?.octets.length === 1, `remote ${at} is served`);
    }
    await eventually(() => served[2]?.events.includes("closed") === true, "the third gives way");
    expect(served.map(({ events }) => events.includes("closed"))).toEqual([false, true, true, false]);
    expect(listener.connections).toBe(2);
  });

  it("says what is wrong, and what to try", async () => {
    const bound = await udpBind({ port: 0 });
    await expect(udpBind({ port: bound.port })).rejects.toEqual(fault("address-in-use"));
    await bound.close();
    await bound.close();
    bound.send(Uint8Array.of(1), bound);
    expect(bound.bufferedOctets).toBe(0);
    await expect(udpConnect("127.0.0.1", 0)).rejects.toEqual(fault("bad-port"));
    await expect(udpConnect("no-such-host.invalid", 4059)).rejects.toEqual(fault("unknown-host"));
    const near = await udpConnect("127.0.0.1", bound.port);
    const told = listen(near);
    near.send(new Uint8Array(70_000));
    await eventually(() => told.events.includes("closed"), "it is closed");
    expect(told.fault).toEqual(fault("datagram-too-long"));
  });

  it("outlives an accept that throws", async () => {
    const faults: Fault[] = [];
    await using listener = await udpListen({
      port: 0,
      accept() {
        throw new Error("no room");
      },
      failed: (why) => faults.push(why),
    });
    const near = await udpConnect("127.0.0.1", listener.port);
    near.send(Uint8Array.of(1));
    await eventually(() => faults.length === 1, "it is told");
    expect([faults[0]?.code, listener.connections]).toEqual(["handler-failed", 0]);
    near.end();
  });
});

describe("systemClock", () => {
  it("runs a timer when its time has come, never before, and not when it was taken back", async () => {
    const ran: number[] = [];
    const deadline = systemClock.now() + 15;
    systemClock.at(deadline, () => ran.push(systemClock.now()));
    const cancel = systemClock.at(deadline, () => ran.push(Number.NaN));
    systemClock.at(systemClock.now() + 2 ** 33, () => ran.push(Number.NaN))();
    cancel();
    expect(ran).toEqual([]);
    await pause(60);
    expect(ran).toHaveLength(1);
    expect(ran[0]).toBeGreaterThanOrEqual(deadline);
    expect(Math.abs(systemClock.instant() - Date.now())).toBeLessThan(1000);
  });

  it("lets a process that was busy receive what has arrived before a deadline that has passed", async () => {
    const seen: string[] = [];
    await using listener = await tcpListen({
      port: 0,
      accept: (far) => {
        far.start({
          received: () => {
            far.send(new Uint8Array(3));
            busy(200);
          },
          closed: () => undefined,
        });
      },
    });
    const near = await tcpConnect("127.0.0.1", listener.port);
    near.start({ received: () => void seen.push("answer"), closed: () => undefined });
    systemClock.at(systemClock.now() + 100, () => seen.push("deadline"));
    near.send(new Uint8Array(3));
    await eventually(() => seen.length === 2, "both come");
    expect(seen).toEqual(["answer", "deadline"]);
    near.destroy();
  });

  it("does not run a late timer that an earlier one takes back", async () => {
    const ran: string[] = [];
    const deadline = systemClock.now() + 10;
    systemClock.at(deadline, () => {
      ran.push("first");
      cancel();
    });
    const cancel = systemClock.at(deadline, () => ran.push("second"));
    busy(100);
    await pause(20);
    expect(ran).toEqual(["first"]);
  });
});

/** Keeps the process busy. */
function busy(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

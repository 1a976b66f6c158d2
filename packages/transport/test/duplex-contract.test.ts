import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Duplex, type Listener, type MemoryPairOptions, memoryPair, withFaults } from "../src/index.ts";
import { systemClock, tcpConnect, tcpListen, udpConnect, udpListen } from "../src/node.ts";
import { type DuplexPair, datagramContract, duplexContract } from "../src/testing.ts";

const memory = (options: MemoryPairOptions) => (): DuplexPair => {
  const [near, far] = memoryPair(options);
  return { near, far };
};

for (const [name, options] of Object.entries<MemoryPairOptions>({
  "a pair in memory": {},
  "a pair in memory on a clock": { clock: systemClock },
  "a pair in memory, far apart and in pieces": { clock: systemClock, latency: [1, 4], split: 2000 },
})) {
  describe(name, () => {
    for (const { name, run } of duplexContract(memory(options))) it(name, run);
  });
}

describe("a pair of datagrams in memory", () => {
  for (const { name, run } of datagramContract(memory({ datagrams: true }))) it(name, run);
});

describe("a faulty duplex that wraps another", () => {
  const open = (): DuplexPair => {
    const [near, far] = memoryPair();
    return { near: withFaults(near, { clock: systemClock, latency: 2, split: 3000 }), far: withFaults(far, {}) };
  };
  for (const { name, run } of duplexContract(open)) it(name, run);
});

describe("TCP", () => {
  let listener: Listener;
  const accepted: Duplex[] = [];
  beforeAll(async () => {
    listener = await tcpListen({ port: 0, accept: (duplex) => void accepted.push(duplex) });
  });
  afterAll(() => listener.close());
  const open = async (): Promise<DuplexPair> => {
    const near = await tcpConnect("127.0.0.1", listener.port);
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return { near, far: accepted.shift() as Duplex };
  };
  for (const { name, run } of duplexContract(open)) it(name, run);
});

describe("UDP", () => {
  let listener: Listener;
  const accepted: Duplex[] = [];
  beforeAll(async () => {
    listener = await udpListen({ port: 0, accept: (duplex) => void accepted.push(duplex) });
  });
  afterAll(() => listener.close());
  // A listener hears of a remote by its first datagram, which the pair of the contract does not have yet.
  const open = async (): Promise<DuplexPair> => {
    const near = await udpConnect("127.0.0.1", listener.port);
    near.send(Uint8Array.of(0));
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return { near, far: withoutFirst(accepted.shift() as Duplex) };
  };
  for (const { name, run } of datagramContract(open)) it(name, run);
});

function withoutFirst(duplex: Duplex): Duplex {
  let first = true;
  return {
    remote: duplex.remote,
    datagrams: true,
    get bufferedOctets() {
      return duplex.bufferedOctets;
    },
    send: (octets) => duplex.send(octets),
    end: () => duplex.end(),
    destroy: () => duplex.destroy(),
    start: (handlers) =>
      duplex.start({
        ...handlers,
        received(octets) {
          if (first) first = false;
          else handlers.received(octets);
        },
      }),
  };
}

describe("the contract", () => {
  it("is not kept by a transport that changes octets", async () => {
    const rules = duplexContract(memory({ corrupt: 1 }));
    const rule = rules.find(({ name }) => name === "carries octets both ways");
    await expect(rule?.run()).rejects.toMatchObject({ code: "contract-broken" });
  });
});

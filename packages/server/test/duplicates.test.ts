import { T } from "@dlmskit/apdu";
import { fromHex } from "@dlmskit/core";
import { interfaceClass, object } from "@dlmskit/cosem-objects";
import { memoryPair } from "@dlmskit/transport";
import { encodeWpdu, WrapperDatagramLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { hls5, Meter, meterTemplate, none } from "../src/index.ts";
import { ak, Bench, ek, protectedClient } from "./a-client.ts";

const Counting = interfaceClass({
  ...{ classId: 9002, version: 0, name: "Counting", attributes: {} },
  methods: { go: { id: 1, argument: T.integer } },
});

/** A meter that counts how often its method runs. `slow`: each run ends when the test says so. */
function counting(slow = false) {
  const state = { runs: 0, end: (): void => undefined };
  const counted = object(
    Counting,
    "0.0.96.50.1.255",
    {},
    {
      invoke: {
        go: () => {
          state.runs++;
          if (!slow) return undefined;
          return new Promise<void>((resolve) => {
            state.end = resolve;
          });
        },
      },
    },
  );
  const associations = {
    public: { client: 16, security: none(), access: "full" as const },
    utility: {
      client: 48,
      security: hls5({ encryptionKey: ek, authenticationKey: ak, policy: 1 }),
      access: "full" as const,
    },
  };
  const bench = new Bench(new Meter(meterTemplate({ objects: [counted], associations }), { name: "ABC1" }));
  return { bench, state };
}

const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff");
const go = fromHex("c301c1232a0000603201ff01010f00");

describe("a datagram that arrives twice", () => {
  async function source(slow: boolean) {
    const { bench, state } = counting(slow);
    const [near, far] = memoryPair({ clock: bench.clock, datagrams: true });
    bench.server.accept(far, new WrapperDatagramLink());
    let answers = 0;
    near.start({ received: () => void answers++, closed: () => undefined });
    const send = async (pdu: Uint8Array): Promise<void> => {
      near.send(encodeWpdu({ source: 16, destination: 1, pdu }));
      await bench.settle(5);
    };
    await send(aarq);
    return { bench, state, send, answers: () => answers - 1 };
  }

  it("W10: while its request is being executed, waits for the answer and then is a request of its own", async () => {
    const { state, send, answers, bench } = await source(true);
    await send(go);
    await send(go);
    expect([state.runs, answers()]).toEqual([1, 0]);
    state.end();
    await bench.settle(5);
    expect([state.runs, answers()]).toEqual([2, 1]);
  });

  it("W10: in plain, is executed again: nothing tells it from a new request with the same invoke id", async () => {
    const { state, send, answers } = await source(false);
    await send(go);
    await send(go);
    expect([state.runs, answers()]).toEqual([2, 2]);
  });

  it("S2: ciphered, is executed once: its counter was used", async () => {
    const { bench, state } = counting();
    const client = await bench.client({ client: 48, mechanism: 5, security: protectedClient() }).open();
    expect(client.opened).toBe(true);
    const send = client.pump.send.bind(client.pump);
    client.pump.send = (pdu) => {
      send(pdu);
      send(pdu);
    };
    expect(await client.invoke(9002, "0.0.96.50.1.255", 1)).toBe("success");
    expect(state.runs).toBe(1);
  });
});

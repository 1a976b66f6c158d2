import { T } from "@dlmskit/apdu";
import { type Fault, fromAscii, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, DurableCounters, type Session } from "../src/index.ts";
import { FakeMeter, register, settle } from "./fake-meter.ts";
import { aare, RawServer, type Script } from "./raw-server.ts";

// A server that breaks the rules, in octets over the wrapper: what the client must do.

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const value = "0006000004d2";
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no fault",
    (caught) => (caught as Fault).code,
  );

async function opened(script: Script, more: Partial<ConnectOptions> = {}) {
  const server = new RawServer((apdu, count) => (apdu.startsWith("60") ? aare() : script(apdu, count)));
  const session = await connect(server.line, server.options(more));
  return { server, session };
}

/** The invoke id octet of a request. */
const invokeOf = (apdu: string): string => apdu.slice(4, 6);
const right = (apdu: string): string => `c401${invokeOf(apdu)}${value}`;

/** The client goes on: the next request is answered as it should be. */
async function goesOn(session: Session): Promise<void> {
  expect(await session.read(energy, T.doubleLongUnsigned)).toBe(1234);
}

const hls = { mechanism: 3, secret: fromAscii("0123456789abcdef") } as const;
const challengeFields = (challenge: string): string =>
  `a203020100a305a10302010e88020780890760857405080203aa${octet(challenge.length / 2)}${challenge}`;
const octet = (count: number): string => count.toString(16).padStart(2, "0");
const asCharstring = (octets: string): string => `80${octet(octets.length / 2)}${octets}`;

async function neverOpens(fields: string, code: string): Promise<void> {
  const server = new RawServer(() => aare({ fields }));
  expect(await codeOf(connect(server.line, server.options(hls)))).toBe(code);
  await settle();
  // The AARQ alone was sent, and the link is closed.
  expect(server.heard).toHaveLength(1);
  expect(server.closed).toBe(true);
  expect(server.clock.waiting).toBe(0);
}

describe("a hostile server, in octets", () => {
  it("C1: accepts without the authentication that was asked for: nothing is sent", async () => {
    await neverOpens("a203020100a305a103020100", "authentication-skipped");
  });

  it("C2: challenges of 0, 7 and 65 octets, and one that is none", async () => {
    for (const length of [0, 7, 65]) {
      await neverOpens(challengeFields(asCharstring("5a".repeat(length))), "bad-challenge");
    }
    await neverOpens(challengeFields("8103075a80"), "bad-challenge");
  });

  it("C3: pass 4 is wrong, missing, or an error: the association is not usable, the link is closed", async () => {
    const good = challengeFields(asCharstring("a1a2a3a4a5a6a7a8a9aaabacadaeafb0"));
    for (const [pass4, code] of [
      ["c701c1000100091000000000000000000000000000000000", "authentication-failed"],
      ["c701c10000", "authentication-failed"],
      ["c701c10300", "authentication-failed"],
      ["c701c100010103", "authentication-failed"],
      ["d80101", "exception-response"],
    ] as const) {
      const server = new RawServer((apdu) =>
        apdu.startsWith("60")
          ? aare({ fields: good })
          : `${pass4.slice(0, 4)}${pass4.startsWith("c7") ? invokeOf(apdu) + pass4.slice(6) : pass4.slice(4)}`,
      );
      expect(await codeOf(connect(server.line, server.options(hls))), pass4).toBe(code);
      await settle();
      expect(server.closed).toBe(true);
      expect(server.heard).toHaveLength(2);
    }
  });

  it("C4: counters that are equal or lower are dropped, rising ones are taken", async () => {
    const meter = register(new FakeMeter({ ciphered: true, mechanism: 5 }), "1.0.1.8.0.255", 1234, 0, 30);
    const said: Uint8Array[] = [];
    const send = meter.send.bind(meter);
    meter.send = (pdu) => {
      said.push(pdu);
      send(pdu);
    };
    const dropped: string[] = [];
    const session = await connect(
      meter.line(),
      meter.options({ ...meter.secured(), dropped: ({ code }) => void dropped.push(code) }),
    );
    await goesOn(session);
    await goesOn(session);
    const [last, before] = [said.at(-1), said.at(-2)] as [Uint8Array, Uint8Array];
    for (const replayed of [last, before]) send(replayed);
    await settle();
    expect(dropped).toEqual(["invocation-counter", "invocation-counter"]);
    await goesOn(session);
    expect(dropped).toHaveLength(2);
  });

  it("C5: blocks 1 and 3, 1 and 1, the last twice, one after the last", async () => {
    const block = (apdu: string, number: number, last: boolean, hex: string): string =>
      `c402${invokeOf(apdu)}${last ? "01" : "00"}0000000${number}00${octet(hex.length / 2)}${hex}`;
    for (const second of [3, 1, 0]) {
      let asked = 0;
      const { session } = await opened((apdu) => {
        asked++;
        if (asked === 1) return block(apdu, 1, false, "0600");
        if (asked === 2) return block(apdu, second, true, "0004d2");
        return right(apdu);
      });
      expect(await codeOf(session.get(energy)), String(second)).toBe("block-number");
      await goesOn(session);
    }
    const dropped: string[] = [];
    const { session } = await opened(
      (apdu) => {
        const last = block(apdu, 1, true, "06000004d2");
        return [last, last, block(apdu, 2, true, "00")];
      },
      { dropped: ({ code }) => void dropped.push(code) },
    );
    expect(await session.get(energy)).toMatchObject({ value: 1234 });
    await settle();
    expect(dropped).toEqual(["unexpected-apdu", "unexpected-apdu"]);
    await goesOn(session);
  });

  it("C6: blocks and general blocks without an end are given up, by octets and by time", async () => {
    let number = 0;
    const part = "00".repeat(200);
    const endless: Script = (apdu) =>
      apdu.startsWith("c001c2") || apdu.startsWith("c00142")
        ? right(apdu)
        : `c402${invokeOf(apdu)}00${(++number).toString(16).padStart(8, "0")}0081c8${part}`;
    const few = await opened(endless, { limits: { maxApdu: 4000 } });
    expect(await codeOf(few.session.get(energy))).toBe("response-too-long");
    expect(number).toBeLessThan(25);
    await goesOn(few.session);
    number = 0;
    const slow = await opened(
      (apdu, count) => {
        slow.server.clock.advance(100);
        return endless(apdu, count);
      },
      { limits: { transferTimeout: 5000 } },
    );
    expect(await codeOf(slow.session.get(energy))).toBe("timeout");
    expect(number).toBeLessThan(60);
    let general = 0;
    const server = new RawServer((apdu) => {
      if (apdu.startsWith("60")) return aare({ bits: "200010" });
      if (apdu.startsWith("c0") && general > 0) return right(apdu);
      general++;
      const acknowledged = (general - 1).toString(16).padStart(4, "0");
      return `e001${general.toString(16).padStart(4, "0")}${acknowledged}81c8${part}`;
    });
    const limits = { maxApdu: 4000 };
    const session = await connect(
      server.line,
      server.options({ limits, conformance: ["get", "general-block-transfer"] }),
    );
    expect(await codeOf(session.get(energy))).toBe("response-too-long");
    expect(general).toBeLessThan(25);
  });

  it("C7: rows of a profile with another arity, an unknown tag, a million that are null", async () => {
    const columns = "010102041200030906 0100010800ff0f02120000".replace(" ", "");
    const many = `01830f4240${"00".repeat(1_000_000)}`;
    for (const [buffer, code] of [
      ["0101020206000004d200", "bad-profile"],
      ["01010600000001", "bad-profile"],
      ["01010201ee", "unknown-tag"],
      ["0182ffff0201", "bad-length"],
      [many, "bad-profile"],
    ] as const) {
      let left = buffer;
      let number = 0;
      const before = process.memoryUsage().rss;
      const { session } = await opened((apdu) => {
        const invoke = invokeOf(apdu);
        if (apdu.startsWith("c001") && apdu.endsWith("0300")) {
          const isScaler = apdu.includes("0100010800ff");
          return `c401${invoke}00${isScaler ? "02020f00161e" : columns}`;
        }
        if (apdu.startsWith("c001") && !apdu.endsWith("0200"))
          return `c401${invoke}00060000ea60`.replace("ea60", "0384");
        const piece = left.slice(0, 60_000);
        left = left.slice(60_000);
        number++;
        const length = `82${(piece.length / 2).toString(16).padStart(4, "0")}`;
        return `c402${invoke}${left === "" ? "01" : "00"}${number.toString(16).padStart(8, "0")}00${length}${piece}`;
      });
      const caught = (await session.profile("1.0.99.1.0.255").catch((error: unknown) => error)) as Fault;
      expect(caught.code, buffer.slice(0, 20)).toBe(code);
      expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
    }
  });

  it("C8: notifications between a request and its answer are handed on, the answer is matched", async () => {
    const told: string[] = [];
    const { session } = await opened(
      (apdu) => ["c20000030100010800ff020600000001", "0f000000010006000004d2", right(apdu)],
      { notification: ({ apdu }) => void told.push(apdu) },
    );
    await goesOn(session);
    expect(told).toEqual(["event-notification-request", "data-notification"]);
  });

  it("the late answer to a request that was repeated is dropped, ciphered too", async () => {
    const meter = register(new FakeMeter({ ciphered: true, mechanism: 5 }), "1.0.1.8.0.255", 1234, 0, 30);
    const dropped: string[] = [];
    const session = await connect(
      meter.line(),
      meter.options({ ...meter.secured(), dropped: ({ code }) => void dropped.push(code) }),
    );
    const send = meter.send.bind(meter);
    const late: Uint8Array[] = [];
    meter.send = (pdu) => void late.push(pdu);
    const reading = session.read(energy, T.doubleLongUnsigned);
    await settle();
    meter.clock.advance(1000);
    await settle();
    expect(late).toHaveLength(2);
    for (const pdu of late) send(pdu);
    expect(await reading).toBe(1234);
    expect(dropped).toEqual(["unexpected-apdu"]);
    meter.send = send;
    await goesOn(session);
  });

  it("C9: an expected counter that is far ahead is not followed by itself", async () => {
    const meter = register(new FakeMeter({ ciphered: true, mechanism: 5 }), "1.0.1.8.0.255", 1234, 0, 30);
    const counters = new DurableCounters({ start: 0, reserve: () => undefined });
    const session = await connect(meter.line(), meter.options(meter.secured(counters)));
    await goesOn(session);
    const { lowest } = counters;
    meter.mute = 1;
    const reading = session.get(energy).catch((error: unknown) => error);
    await settle();
    const ahead = lowest + 2 ** 31;
    meter.send(fromHex(`d80106${ahead.toString(16).padStart(8, "0")}`));
    expect(await reading).toMatchObject({ code: "counter-jump", expected: ahead });
    expect(counters.lowest).toBeLessThan(lowest + 10);
    await goesOn(session);
  });

  it("D20: exceptions 04, 05, 06 and their older form", async () => {
    for (const [said, code, expected] of [
      ["d80104", "exception-response", undefined],
      ["d80105", "exception-response", undefined],
      ["d80106000003e9", "invocation-counter-error", 1001],
      ["d80106", "invocation-counter-error", undefined],
    ] as const) {
      const { session } = await opened((_, count) => (count === 2 ? said : undefined));
      const reading = session.get(energy).catch((error: unknown) => error);
      const fault = (await reading) as Fault;
      expect([fault.code, fault.expected]).toEqual([code, expected]);
    }
  });

  it("C10: limits of 0, 11 and 12 octets, nothing in common: defined, and nothing longer is sent", async () => {
    for (const [bits, pdu, code] of [
      ["005e1f", "000b", "bad-negotiation"],
      ["000000", "0400", "bad-negotiation"],
      ["ffffff", "0400", "bad-negotiation"],
    ] as const) {
      const server = new RawServer(() => aare({ bits, pdu }));
      expect(await codeOf(connect(server.line, server.options())), bits).toBe(code);
    }
    const narrow = new RawServer((apdu) => (apdu.startsWith("60") ? aare({ pdu: "000c" }) : right(apdu)));
    const session = await connect(narrow.line, narrow.options());
    expect(await codeOf(session.get(energy))).toBe("pdu-too-long");
    expect(narrow.heard).toHaveLength(1);
    const unlimited = new RawServer((apdu) => (apdu.startsWith("60") ? aare({ pdu: "0000" }) : right(apdu)));
    await goesOn(await connect(unlimited.line, unlimited.options()));
  });

  it("C11: answers from another logical device, to another client: dropped, and the right one is taken", async () => {
    const dropped: string[] = [];
    const { server, session } = await opened(
      (apdu) => {
        const wrong = `c401${invokeOf(apdu)}000600000001`;
        server.say(wrong, 2, 16);
        server.say(wrong, 1, 32);
        return right(apdu);
      },
      { dropped: ({ code }) => void dropped.push(code) },
    );
    await goesOn(session);
    // Where only wrong ones come, the request fails by its time.
    const silent = await opened((apdu) => {
      silent.server.say(right(apdu), 3, 16);
      return undefined;
    });
    const reading = codeOf(silent.session.get(energy));
    await settle();
    silent.server.clock.advance(1000);
    expect(await reading).toBe("timeout");
  });

  it("C12: a connection that ends after any octet of what the server says", async () => {
    const octets = [aare(), `c401c1${value}`, "6303800100"].reduce((sum, apdu) => sum + 8 + apdu.length / 2, 0);
    for (let budget = 0; budget <= octets + 8; budget++) {
      const server = new RawServer((apdu) => {
        if (apdu.startsWith("60")) return aare();
        return apdu.startsWith("62") ? "6303800100" : right(apdu);
      });
      let left = budget;
      const { line } = server;
      const { near } = server;
      const start = near.start.bind(near);
      near.start = (handlers) =>
        start({
          closed: (fault) => handlers.closed(fault),
          received: (piece) => {
            const taken = piece.subarray(0, left);
            left -= piece.length;
            if (taken.length > 0) handlers.received(taken);
            if (left < 0) near.destroy();
          },
        });
      const outcome = await codeOf(
        connect(line, server.options()).then(async (session) => {
          await session.get(energy);
          await session.release();
        }),
      );
      expect(["link-lost", "no fault"], String(budget)).toContain(outcome);
      await settle();
      expect(server.clock.waiting).toBe(0);
      expect(toHex(fromHex(server.heard[0] as string))).toMatch(/^60/);
    }
  });
});

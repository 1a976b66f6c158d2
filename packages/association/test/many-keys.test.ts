import { MemoryKeyGuards } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { Bottle, type BottleOptions, energy, pseudoRandom, serverTitle } from "./bottle.ts";

const get = { service: "get", items: [energy] } as const;
const masterKey = pseudoRandom(31)(16);

let seed = 100;

function made(guards: MemoryKeyGuards, options: BottleOptions = {}): Bottle {
  return new Bottle({
    ciphered: true,
    mechanism: 5,
    // Keys of its own for every bottle.
    client: { random: pseudoRandom(++seed) },
    clientSecurity: { serverSystemTitle: serverTitle, masterKey, form: "general-ciphering", generalKey: "wrapped-key" },
    serverSecurity: { masterKey, guards },
    ...options,
  });
}

function opened(guards: MemoryKeyGuards, options: BottleOptions = {}): Bottle {
  const bottle = made(guards, options).open();
  expect(bottle.server.state).toBe("associated");
  return bottle;
}

/** What the client sent, in order. */
const sent = (bottle: Bottle): Uint8Array[] => bottle.wire.filter(({ to }) => to === "server").map(({ pdu }) => pdu);

/** Whether the server takes the APDU once more. */
function takes(bottle: Bottle, pdu: Uint8Array): boolean {
  const before = bottle.executed.length;
  bottle.raw(pdu);
  return bottle.executed.length > before;
}

describe("APDUs with keys of their own", () => {
  it("are taken without end, and none of them twice, though the window is short", () => {
    const guards = new MemoryKeyGuards({ window: 16 });
    const bottle = opened(guards);
    for (let at = 0; at < 150; at++) expect(bottle.ask(get)).toMatchObject({ type: "response" });
    expect(guards.size).toBe(16);
    // The AARQ aside, the first services are behind the window: the client counts its transactions, and is held to it.
    for (const pdu of sent(bottle).slice(1)) expect(takes(bottle, pdu)).toBe(false);
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
  });

  it("are more than the window of a server, in one association", { timeout: 60_000 }, () => {
    // 4096 is the window unless told otherwise: with less, the way there is the same and shorter.
    const bottle = opened(new MemoryKeyGuards({ window: 256 }));
    for (let at = 0; at < 300; at++) expect(bottle.ask(get)).toMatchObject({ type: "response" });
    expect(takes(bottle, sent(bottle)[2] as Uint8Array)).toBe(false);
  });

  it("of one association do not pass in the next, as long as the server remembers them", () => {
    const guards = new MemoryKeyGuards();
    const first = opened(guards);
    first.ask(get);
    const heard = sent(first).at(-1) as Uint8Array;
    expect(takes(opened(guards), heard)).toBe(false);
    // Another meter, which remembers nothing: what the memory is for.
    expect(takes(opened(new MemoryKeyGuards()), heard)).toBe(true);
  });

  it("of a recorded session do not open it again where there is no challenge and the memory lasts", () => {
    const set = new Set<string>();
    const memory = { remember: (digest: string) => !set.has(digest) && set.add(digest) !== undefined };
    for (const mechanism of [0, 1] as const) {
      const recorded = opened(new MemoryKeyGuards({ memory }), { mechanism });
      recorded.ask(get);
      const session = sent(recorded);
      const without = made(new MemoryKeyGuards(), { mechanism });
      const withMemory = made(new MemoryKeyGuards({ memory }), { mechanism });
      for (const pdu of session) without.raw(pdu);
      for (const pdu of session) withMemory.raw(pdu);
      expect(without.executed).toHaveLength(1);
      expect(withMemory.executed).toHaveLength(0);
      expect(withMemory.server.state).toBe("idle");
    }
  });

  it("that are signed and no more are held to the same", () => {
    const guards = new MemoryKeyGuards({ window: 4 });
    const bottle = opened(guards, {
      suite: 1,
      clientSecurity: { serverSystemTitle: serverTitle, authenticated: false, encrypted: false, signed: "inside" },
      serverSecurity: { guards },
    });
    for (let at = 0; at < 70; at++) expect(bottle.ask(get)).toMatchObject({ type: "response" });
    expect(guards.size).toBe(4);
    for (const pdu of sent(bottle).slice(2)) expect(takes(bottle, pdu)).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import type { MechanismId } from "../src/index.ts";
import { Bottle, type BottleOptions, energy, noteCounters, protectedPolicy } from "./bottle.ts";

const mechanisms = [0, 1, 2, 3, 4, 5, 6, 7] as const satisfies readonly MechanismId[];
const request = { service: "get", items: [energy] } as const;

function served(options: BottleOptions): Bottle {
  const bottle = new Bottle(options).open();
  expect(bottle.fromClient).toMatchObject([{ type: "associated" }]);
  expect(bottle.server.state).toBe("associated");
  expect(bottle.fromServer.filter(({ type }) => type !== "associated")).toEqual([]);
  expect(bottle.ask(request)).toMatchObject({
    type: "response",
    results: [{ data: { type: "visible-string", value: "1.0.1.8.0.255:2" } }],
  });
  noteCounters(bottle, "matrix");
  bottle.client.release(0);
  bottle.run();
  expect(bottle.fromClient.at(-1)).toEqual({ type: "released" });
  expect(bottle.fromServer.at(-1)).toEqual({ type: "released", why: "rlrq" });
  expect(bottle.server.state).toBe("idle");
  return bottle;
}

describe("every mechanism in every context", () => {
  for (const mechanism of mechanisms) {
    for (const suite of [0, 1, 2] as const) {
      if (mechanism === 7 && suite === 0) continue;
      for (const ciphered of [false, true]) {
        if (suite > 0 && !ciphered && mechanism < 5) continue;
        it(`mechanism ${mechanism}, suite ${suite}, ${ciphered ? "ciphered" : "plain"}`, () => {
          const bottle = served({ mechanism, suite, ciphered, ...(ciphered ? { policy: protectedPolicy } : {}) });
          expect(bottle.executed[0]?.protection).toEqual({
            authenticated: ciphered,
            encrypted: ciphered,
            signed: false,
          });
        });
      }
    }
  }
});

describe("every form of protection", () => {
  for (const form of ["glo", "general-glo"] as const) {
    for (const dedicatedKey of [false, true]) {
      for (const [authenticated, encrypted] of [
        [true, false],
        [true, true],
        [false, true],
      ] as const) {
        it(`${form}${dedicatedKey ? ", dedicated key" : ""}${authenticated ? ", authenticated" : ""}${encrypted ? ", encrypted" : ""}`, () => {
          const accept = { accept: ["encryption-only"] } as const;
          const bottle = served({
            ciphered: true,
            mechanism: 5,
            clientSecurity: { form, dedicatedKey, authenticated, encrypted, ...accept },
            serverSecurity: accept,
          });
          expect(bottle.executed[0]?.protection).toEqual({ authenticated, encrypted, signed: false });
          const last = bottle.wire.find(
            ({ pdu }) =>
              pdu[0] ===
              (form === "glo" ? (dedicatedKey && encrypted ? 0xd0 : 0xc8) : dedicatedKey && encrypted ? 0xdc : 0xdb),
          );
          expect(last).toBeDefined();
        });
      }
    }
  }
});

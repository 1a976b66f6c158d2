import type { Data } from "@dlmskit/apdu";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResultsOf, ServiceRequest } from "../src/index.ts";
import { Bottle, noteCounters } from "./bottle.ts";

const octets = (length: number, seed: number): Data => ({
  type: "octet-string",
  value: Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff),
});
const lengths = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 4 });
const pduSize = fc.oneof(fc.integer({ min: 64, max: 300 }), fc.constantFrom(128, 512, 1024, 65535));
const clientPduSize = fc.oneof(fc.integer({ min: 12, max: 300 }), fc.constantFrom(0, 64, 128, 512, 1024, 65535));
const protection = fc.constantFrom("none", "glo", "general-glo", "ded", "auth") as fc.Arbitrary<
  "none" | "glo" | "general-glo" | "ded" | "auth"
>;

function bottle(
  kind: "none" | "glo" | "general-glo" | "ded" | "auth",
  client: number,
  server: number,
  answer: NonNullable<ConstructorParameters<typeof Bottle>[0]>["answer"],
): Bottle {
  return new Bottle({
    ciphered: kind !== "none",
    mechanism: kind === "none" ? 0 : 5,
    client: { maxReceivePduSize: client },
    offer: { maxReceivePduSize: server },
    clientSecurity: {
      form: kind === "general-glo" ? "general-glo" : "glo",
      dedicatedKey: kind === "ded",
      encrypted: kind !== "auth",
    },
    ...(answer === undefined ? {} : { answer }),
  });
}

function noLongerThan(made: Bottle, client: number, server: number): void {
  for (const { to, pdu } of made.wire) {
    const tag = pdu[0] as number;
    // The sizes are those of xDLMS APDUs: what opens and closes the association comes before or after the agreement.
    if (tag < 0xc0) continue;
    const most = to === "client" ? client : server;
    if (most !== 0) expect(pdu.length).toBeLessThanOrEqual(most);
  }
}

describe("block transfer between both ends", () => {
  const values = (given: readonly number[]) => given.map(octets);

  it("GET: whatever the sizes, what is read is what is there, or a fault, and no APDU is too long", () => {
    fc.assert(
      fc.property(lengths, clientPduSize, protection, (given, client, kind) => {
        const data = values(given);
        const made = bottle(kind, client, 2048, () => data.map((value) => ({ data: value }))).open();
        if (made.client.state !== "associated") {
          expect(client).toBeLessThan(64);
          return;
        }
        const items = given.map((_, at) => ({ classId: 1, instanceId: `0.0.96.1.${at}.255`, attributeId: 2 }));
        const outcome = made.ask({ service: "get", items });
        if (outcome.type === "failed") {
          expect(outcome.fault).toMatchObject({ code: "exception-response", detail: "pdu-too-long" });
          expect(client).toBeLessThan(40);
        } else {
          expect(outcome).toEqual({
            type: "response",
            id: 1,
            service: "get",
            results: data.map((value) => ({ data: value })),
          });
        }
        noLongerThan(made, client, 2048);
        noteCounters(made, "get");
        expect(made.executed).toHaveLength(1);
      }),
    );
  });

  for (const service of ["set", "action"] as const) {
    it(`${service.toUpperCase()}: whatever the sizes, what arrives is what was sent, once`, () => {
      fc.assert(
        fc.property(lengths, clientPduSize, pduSize, protection, (given, client, server, kind) => {
          const data = values(given);
          const results: ResultsOf =
            service === "set"
              ? data.map(() => "success" as const)
              : data.map((value) => ({ result: "success" as const, data: value }));
          const made = bottle(kind, Math.max(client, 64), server, () => results).open();
          if (made.client.state !== "associated") {
            expect(server).toBeLessThan(96);
            return;
          }
          const request: ServiceRequest =
            service === "set"
              ? {
                  service,
                  items: data.map((value, at) => ({
                    attribute: { classId: 1, instanceId: `0.0.96.1.${at}.255`, attributeId: 2 },
                    value,
                  })),
                }
              : {
                  service,
                  items: data.map((parameters, at) => ({
                    method: { classId: 9, instanceId: `0.0.10.0.${at}.255`, methodId: 1 },
                    parameters,
                  })),
                };
          const outcome = made.ask(request);
          if (outcome.type === "failed") {
            // The descriptors of a list must fit in the first APDU, with a block of at least one octet.
            expect(outcome.fault.code).toBe("pdu-too-long");
            expect(server).toBeLessThan(120);
            expect(made.executed).toHaveLength(0);
          } else {
            expect(outcome).toEqual({ type: "response", id: 1, service, results });
            expect(made.executed).toHaveLength(1);
            expect(made.executed[0]?.request).toEqual(request);
          }
          noLongerThan(made, Math.max(client, 64), server);
          noteCounters(made, service);
        }),
      );
    });
  }
});

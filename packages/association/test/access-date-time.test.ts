import { decodeApdu } from "@dlmskit/apdu";
import { dateTimeOf, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { Bottle, energy } from "./bottle.ts";

const time = dateTimeOf(Date.UTC(2026, 10, 28, 12));
const result = (length: number) =>
  [{ service: "get", result: "success", data: { type: "octet-string", value: new Uint8Array(length) } }] as const;
const request = (dateTime?: typeof time) =>
  ({ service: "access", items: [{ service: "get", attribute: energy }], ...(dateTime && { dateTime }) }) as const;

/** A server that answers at the time `told`. */
function open(length: number, told?: typeof time): Bottle {
  const bottle = new Bottle({ client: { maxReceivePduSize: 64 } });
  bottle.execute = (incoming) => {
    bottle.executed.push(incoming);
    bottle.server.respond(incoming.id, result(length), 0, undefined, told);
  };
  return bottle.open();
}

describe("the date-time of ACCESS", () => {
  it("of the request reaches the server, that of the response the client", () => {
    const bottle = open(4, time);
    expect(bottle.ask(request(time))).toMatchObject({ type: "response", dateTime: { year: 2026, hour: 12 } });
    expect(bottle.executed.at(-1)?.request).toMatchObject({ dateTime: { year: 2026, month: 11, day: 28 } });
    const sent = bottle.wire.slice(-2).map(({ pdu }) => decodeApdu(pdu));
    expect(sent).toMatchObject([
      { apdu: "access-request", dateTime: { hour: 12 } },
      { apdu: "access-response", dateTime: { hour: 12 } },
    ]);
  });

  it("is empty if nobody gives it: one octet, 00", () => {
    const bottle = open(4);
    expect(bottle.ask(request())).not.toHaveProperty("dateTime");
    expect(bottle.wire.slice(-2).map(({ pdu }) => toHex(pdu.subarray(5, 6)))).toEqual(["00", "00"]);
  });

  it("is left out before data are: what fits without it arrives", () => {
    const bottle = open(44, time);
    const done = bottle.ask(request(time));
    expect(done).toMatchObject({ type: "response", results: [{ result: "success", data: { type: "octet-string" } }] });
    expect(done).not.toHaveProperty("dateTime");
    expect(bottle.wire.at(-1)?.pdu.length).toBeLessThanOrEqual(64);
  });
});

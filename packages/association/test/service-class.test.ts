import { encodeApdu } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import { Bottle, type BottleOptions } from "./bottle.ts";

const open = (options: BottleOptions = {}) => new Bottle(options).open();
const octets = (count: number) =>
  [{ data: { type: "octet-string", value: new Uint8Array(count).fill(0x31) } }] as const;
const get = "c0018100010000600100ff0200";
const set = "c1018100010000600100ff020011ff";
const action = "c301810046000060030aff0100";

describe("requests of service class 0 (invoke-id-and-priority 0x81)", () => {
  it("F01: a GET is answered, and so is what is refused of it", () => {
    const bottle = open({ answer: () => octets(8) });
    expect(bottle.rawHex(get)).toBe("c401810009083131313131313131");
    expect(bottle.executed).toMatchObject([{ confirmed: true }]);
    expect(bottle.rawHex(`c0038101${get.slice(6)}`)).toMatch(/^c4038101/);
    expect(bottle.rawHex(get.slice(0, -4))).toBe("d80102");
  });

  it("F04: a GET-next gets the next block", () => {
    const bottle = open({ client: { maxReceivePduSize: 100 }, answer: () => octets(150) });
    expect(bottle.rawHex(get)).toMatch(/^c402810000000001/);
    expect(bottle.rawHex("c0028100000001")).toMatch(/^c4028101000000020/);
  });

  it("SET and ACTION are executed, and answered where the offer says so", () => {
    const silent = open();
    expect(silent.rawHex(set)).toBe("");
    expect(silent.rawHex(action)).toBe("");
    expect(silent.rawHex(set.slice(0, -2))).toBe("");
    expect(silent.executed).toMatchObject([{ confirmed: false }, { confirmed: false }]);
    const answered = open({ offer: { unconfirmed: "answered" } });
    expect(answered.rawHex(set)).toBe("c5018100");
    expect(answered.rawHex(action)).toBe("c701810000");
    expect(answered.rawHex(set.slice(0, -2))).toBe("d80102");
    expect(answered.executed).toMatchObject([{ confirmed: true }, { confirmed: true }]);
  });

  it("pass 3 is answered, also when nothing waits for it", () => {
    const bottle = new Bottle({ mechanism: 3 });
    bottle.tamper = (to, pdu) => {
      const changed = pdu.slice();
      if (to === "server" && changed[0] === 0xc3) changed[2] = (changed[2] as number) & 0xbf;
      return [changed];
    };
    bottle.open();
    expect(bottle.client.state).toBe("associated");
    expect(bottle.wire.at(-1)?.pdu.subarray(0, 4)).toEqual(Uint8Array.of(0xc7, 1, 1, 0));
    const again = bottle.wire.find(({ to, pdu }) => to === "server" && pdu[0] === 0xc3)?.pdu.slice() as Uint8Array;
    again[2] = 1;
    expect(bottle.rawHex(again)).toBe("c701010300");
    // A client that has not finished its authentication is told so.
    const pending = new Bottle({ mechanism: 3 });
    pending.tamper = (to, pdu) => (to === "server" && pdu[0] === 0xc3 ? [] : [pdu]);
    pending.open();
    expect(pending.rawHex(set)).toBe("d80101");
  });

  it("a client that wants no response by its InitiateRequest gets none", () => {
    const userInformation = encodeApdu({
      apdu: "initiate-request",
      responseAllowed: false,
      proposedDlmsVersionNumber: 6,
      proposedConformance: ["get", "set"],
      clientMaxReceivePduSize: 0,
    });
    const bottle = new Bottle({ offer: { unconfirmed: "answered" } });
    const applicationContextName = "logical-name-referencing-no-ciphering";
    expect(bottle.rawHex(encodeApdu({ apdu: "aarq", applicationContextName, userInformation }))).toBe("");
    expect(bottle.server.state).toBe("associated");
    expect(bottle.rawHex(get)).toBe("");
    expect(bottle.rawHex(set)).toBe("");
    expect(bottle.executed).toMatchObject([{ request: { service: "set" }, confirmed: false }]);
  });
});

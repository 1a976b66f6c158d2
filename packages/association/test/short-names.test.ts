import type { Data } from "@dlmskit/apdu";
import { concat, fromHex, toHex } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import type { Offer, ServiceRequest } from "../src/index.ts";
import { Alone } from "./alone.ts";
import { Bottle } from "./bottle.ts";
import { type Step, sequence } from "./sequences.ts";
import { all, bottle, fifty, int32, none, octets, type Values, withValues } from "./short-name-bottle.ts";

const read = (...items: Extract<ServiceRequest, { service: "read" }>["items"]): ServiceRequest => ({
  service: "read",
  items,
});

/** Plays the client's side of a sequence on the server, step by step; a client's step without an answer has none. */
function played(id: string, server: Bottle, from = 0): void {
  const { steps } = sequence(id);
  for (let at = from; at < steps.length; at++) {
    const step = steps[at] as Step;
    if (step.from !== "client") continue;
    const next = steps[at + 1];
    const expected = next?.from === "server" ? next.hex : "";
    expect(server.rawHex(step.hex), `${id}, step ${at}`).toBe(expected);
  }
}

const rows: Data = {
  type: "array",
  value: [
    { type: "structure", value: [int32(10)] },
    { type: "structure", value: [int32(11)] },
  ],
};

describe("the server plays the sequences of short names", () => {
  it("sn-002, sn-003, sn-005, sn-006, sn-007, sn-015", () => {
    const list = fromHex(octets("sn-002", 1).slice(6));
    const answers: [string, Values][] = [
      ["sn-002", { 64008: { type: "encoded", octets: list } as unknown as Data }],
      ["sn-003", { 8200: int32(5009) }],
      ["sn-005", { 11296: none }],
      ["sn-006", { 11296: none }],
      ["sn-007", { 12296: rows }],
      ["sn-015", { 11296: none }],
    ];
    for (const [id, values] of answers) {
      const server = bottle({ answer: withValues(values) });
      played(id, server);
      expect(server.executed.length, id).toBe(1);
    }
  });

  it("sn-004: two attributes are written, one is denied", () => {
    const server = bottle({ answer: withValues({ 8200: none, 8208: "read-write-denied" }) });
    played("sn-004", server);
    expect(server.executed[0]?.request.items.length).toBe(2);
  });

  it("sn-008 and sn-009 (B10): a long Read in blocks; another number ends it with 19, then there is none: 16", () => {
    const options = { client: { maxReceivePduSize: 31 }, answer: withValues({ 8200: fifty }) };
    played("sn-008", bottle(options));
    played("sn-009", bottle(options));
  });

  it("sn-010: a long request in blocks", () => {
    const row: Data = { type: "array", value: [{ type: "structure", value: [int32(10)] }] };
    const server = bottle({
      answer: withValues({ 12296: row, 12552: "object-undefined", 12808: "read-write-denied" }),
    });
    played("sn-010", server);
    expect(server.executed.length).toBe(1);
  });

  it("sn-011: a long Write in blocks; nothing is written before the last", () => {
    const server = bottle({ answer: withValues({ 8200: none }) });
    const [first, acknowledged, second, answered] = sequence("sn-011").steps as [Step, Step, Step, Step];
    expect(server.rawHex(first.hex)).toBe(acknowledged.hex);
    expect(server.executed).toEqual([]);
    expect(server.rawHex(second.hex)).toBe(answered.hex);
    expect(server.executed[0]?.request).toMatchObject({
      service: "write",
      items: [{ variable: { variableName: 0x2008 } }],
    });
  });

  it("sn-016: a service of the other referencing is refused; an unknown variable access is an error of Read", () => {
    const server = bottle();
    played("sn-016", server);
    expect(server.executed).toEqual([]);
    expect(server.rawHex("050102fa08")).not.toBe("");
  });

  it("an UnconfirmedWrite has no answer, also where unconfirmed SET and ACTION are answered", () => {
    const server = bottle({ offer: { unconfirmed: "answered" } });
    expect(server.rawHex("1601022c20010f00")).toBe("");
    expect(server.rawHex("160102fff8010f00")).toBe("");
    expect(server.rawHex("1601")).toBe("");
    expect(server.executed).toHaveLength(2);
  });

  it("sn-017 (A1): a Read before the association", () => {
    const server = new Bottle({ offer: { context: "short-name", conformance: all } });
    played("sn-017", server);
    expect(server.rawHex("0600")).toBe("0e010302");
  });

  it("D6, D7: what cannot be read is 0E 05 or 0E 06, and nothing is written", () => {
    const server = bottle();
    for (const pdu of ["0501", "050102fa", "0501092008", "0500"]) expect(server.rawHex(pdu)).toMatch(/^0e0503/);
    for (const pdu of ["0601", "06010220080206000000010600000002", "0600 00".replace(" ", "")]) {
      expect(server.rawHex(pdu)).toMatch(/^0e0603/);
    }
    expect(server.executed).toEqual([]);
    expect(server.rawHex("050102fff8")).toBe("0c010104");
  });

  it("D8: what was not negotiated is refused", () => {
    const offer: Partial<Offer> = { conformance: ["read"] };
    const server = bottle({ offer });
    expect(server.rawHex("060102200801 0600000001".replace(" ", ""))).toBe("0e060302");
    expect(server.rawHex("0502022008022008")).toBe("0e050302");
    expect(server.rawHex(octets("sn-005", 0))).toBe("0e050302");
    expect(server.rawHex("1601022c20010f00")).toBe("");
    expect(server.executed).toEqual([]);
    expect(server.rawHex("0501022008")).toBe("0c01000a0432303038");
  });

  it("B10: blocks that do not fit are 16, 18 and 19, and what was begun is over", () => {
    const server = bottle();
    expect(server.rawHex("0501050001")).toBe("0c010110");
    expect(server.rawHex("050106000002020102")).toBe("0c010110");
    expect(server.rawHex("0601070100020109020102")).toBe("0d010112");
    expect(server.rawHex("0601070000010109020102")).toBe("0d01020001");
    expect(server.rawHex("0601070000030109020102")).toBe("0d010113");
    expect(server.rawHex("0601070100020109020102")).toBe("0d010112");
    expect(server.executed).toEqual([]);
  });

  it("a transfer that stands still is dropped, and its next block told so once", () => {
    const server = bottle({ server: { transferTimeout: 1000 } });
    expect(server.rawHex("0601070000010109020102")).toBe("0d01020001");
    server.now += 1000;
    expect(server.rawHex("0601070100020109020102")).toBe("0d010111");
    expect(server.rawHex("0601070100020109020102")).toBe("0d010112");
  });

  it("blocks never make more than the offer takes", () => {
    const server = bottle({ offer: { maxApdu: 40 } });
    const piece = "01".repeat(30);
    expect(server.rawHex(`060107000001 01091e${piece}`.replace(" ", ""))).toBe("0d01020001");
    expect(server.rawHex(`060107000002 01091e${piece}`.replace(" ", ""))).toBe("0d010111");
  });
});

const secret = fromHex("3030303030303030");
const proof = (challenge: Uint8Array): string => toHex(noble.hash("md5", concat(challenge, secret)));

describe("high level security with short names", () => {
  it("sn-012: the server's passes 2 and 4", () => {
    const server = new Bottle({ mechanism: 3, offer: { context: "short-name", conformance: all, secret } });
    const [pass1, , , pass4] = sequence("sn-012").steps as [Step, Step, Step, Step];
    const aare = server.rawHex(pass1.hex);
    expect(aare).toMatch(/be10040e0800065f1f04001c1b200400fa00$/);
    const challenge = /aa128010(.{32})/.exec(aare)?.[1] as string;
    expect(server.server.state).toBe("pending");
    expect(server.rawHex(`050104fa58000910${proof(fromHex(challenge))}`)).toBe(pass4.hex);
    expect(server.server.state).toBe("associated");
  });

  it("sn-012: the client's pass 3", () => {
    const [, pass2, pass3] = sequence("sn-012").steps as [Step, Step, Step];
    const client = new Alone({ context: "short-name", conformance: all, mechanism: 3, secret });
    client.open(pass2.hex);
    expect(client.sent.at(-1)).toBe(pass3.hex);
  });

  it("a client and a server of ours, by every mechanism, plain and ciphered", () => {
    for (const mechanism of [0, 1, 2, 3, 4, 5, 6] as const) {
      for (const ciphered of [false, true]) {
        const both = bottle({ mechanism, ciphered });
        expect(both.client.state, `mechanism ${mechanism}`).toBe("associated");
        expect(both.client.association?.context).toBe("short-name");
        expect(both.server.association?.conformance.toSorted()).toEqual(all.toSorted());
        const request = { service: "read", items: [{ variableName: 0x2008 }] } as const;
        expect(both.ask(request)).toMatchObject({ results: [{ data: { value: "2008" } }] });
      }
    }
  });

  it("until pass 3 nothing else is served", () => {
    const server = new Bottle({
      mechanism: 3,
      client: { context: "short-name", conformance: all },
      offer: { context: "short-name", conformance: all },
    });
    server.tamper = (to, pdu) => (to === "server" && pdu[0] === 0x05 ? [fromHex("0501022008")] : [pdu]);
    server.open();
    expect(server.executed).toEqual([]);
    expect(toHex((server.wire.at(-1) as { pdu: Uint8Array }).pdu)).toBe("0e010302");
  });

  it("sn-013: pass 3 as a Write is answered by a ReadResponse; sn-014: a wrong one, and the association is of no use", () => {
    for (const wrong of [false, true]) {
      const both = new Bottle({
        mechanism: 3,
        client: { context: "short-name", conformance: all },
        offer: { context: "short-name", conformance: all },
      });
      both.tamper = (to, pdu) => {
        if (to !== "server" || pdu[0] !== 0x05) return [pdu];
        // count, choice 4, name, selector, parameter: the same as a Write of the parameter
        const parameter = pdu.slice(6);
        if (wrong) parameter[3] = (parameter[3] as number) ^ 1;
        return [Uint8Array.from([0x06, 0x01, 0x02, 0xfa, 0x58, 0x01, ...parameter])];
      };
      both.open();
      const answer = toHex((both.wire.at(-1) as { pdu: Uint8Array }).pdu);
      expect(answer.slice(0, 10)).toBe(wrong ? "0c010103" : "0c01000910");
      expect(both.client.state).toBe(wrong ? "closed" : "associated");
      expect(both.server.state).toBe(wrong ? "idle" : "associated");
      if (wrong) expect(both.fromClient[0]).toMatchObject({ fault: { code: "authentication-failed" } });
    }
  });
});

describe("ciphered short names", () => {
  it("sn-020: glo-read-request and glo-read-response, and one APDU for each block", () => {
    const answer = withValues({ 64008: int32(5009), 8200: fifty });
    const both = bottle({ ciphered: true, client: { maxReceivePduSize: 60 }, answer });
    const tags = () => both.wire.map(({ pdu }) => toHex(pdu.subarray(0, 1)));
    both.wire.length = 0;
    expect(both.ask(read({ variableName: 0xfa08 }))).toMatchObject({ results: [{ data: int32(5009) }] });
    expect(tags()).toEqual(["25", "2c"]);
    both.wire.length = 0;
    expect(both.ask(read({ variableName: 0x2008 }))).toMatchObject({ results: [{ data: fifty }] });
    expect(tags().join(" ")).toBe("25 2c 25 2c");
    both.wire.length = 0;
    both.ask({ service: "write", items: [{ variable: { variableName: 0x2008 }, value: none }] });
    both.ask({ service: "write", items: [{ variable: { variableName: 0x2008 }, value: none }] }, { confirmed: false });
    expect(tags()).toEqual(["26", "2d", "36"]);
  });

  it("the same under a dedicated key, and in the general forms", () => {
    const item = { variableName: 0x2008 };
    const forms = [
      [{ dedicatedKey: true }, "45 4c"],
      [{ form: "general-glo" }, "db db"],
    ] as const;
    for (const [clientSecurity, tags] of forms) {
      const conformance = [...all, "general-protection" as const];
      const both = bottle({ ciphered: true, clientSecurity, client: { conformance }, offer: { conformance } });
      both.wire.length = 0;
      expect(both.ask(read(item))).toMatchObject({ results: [{ data: { value: "2008" } }] });
      expect(both.wire.map(({ pdu }) => toHex(pdu.subarray(0, 1))).join(" ")).toBe(tags);
    }
  });

  it("B11: a block that came before is refused, and nothing goes on", () => {
    const both = bottle({ ciphered: true, client: { maxReceivePduSize: 60 }, answer: withValues({ 8200: fifty }) });
    both.wire.length = 0;
    both.ask(read({ variableName: 0x2008 }));
    const next = both.wire.filter(({ to }) => to === "server")[1] as { pdu: Uint8Array };
    expect(both.rawHex(next.pdu)).toMatch(/^d80106/);
  });
});

describe("hostile clients with short names", () => {
  it("no octets make a server throw, execute what was not asked for, or end the association", () => {
    const tag = fc.constantFrom(0x05, 0x06, 0x16, 0x0c, 0x18, 0xc0);
    const choice = fc.constantFrom(0x02, 0x04, 0x05, 0x06, 0x07);
    const octetsOf = fc.uint8Array({ maxLength: 24 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(tag, fc.integer({ max: 3, min: 0 }), choice, octetsOf), { maxLength: 6 }),
        (all) => {
          const server = bottle();
          for (const [first, count, access, rest] of all) {
            const before = server.executed.length;
            const answers = server.raw(Uint8Array.from([first, count, access, ...rest]));
            expect(answers.length).toBe(first === 0x16 ? 0 : 1);
            if (server.executed.length === before) continue;
            expect(server.executed.at(-1)?.request.service).toBe(first === 0x05 ? "read" : "write");
          }
          expect(server.server.state).toBe("associated");
          expect(server.rawHex("0501022008")).toBe("0c01000a0432303038");
        },
      ),
      { numRuns: times(100) },
    );
  });
});

describe("either referencing on one offer", () => {
  it("the client's context says which; each gets its own bits", () => {
    const conformance = ["get", "set", "action", ...all] as const;
    const offer = { context: "either", conformance } as const;
    const ln = new Bottle({ offer }).open();
    expect(ln.client.association?.context).toBe("logical-name");
    expect(ln.client.association?.conformance).toContain("get");
    expect(ln.client.association?.conformance).not.toContain("read");
    const sn = new Bottle({ offer, client: { context: "short-name", conformance } }).open();
    expect(sn.client.association?.context).toBe("short-name");
    expect(sn.client.association?.conformance).toContain("read");
    expect(sn.client.association?.conformance).not.toContain("get");
    expect(sn.rawHex(octets("sn-016", 0))).toBe("d80102");
    expect(ln.rawHex("050102fa08")).toBe("d80102");
  });

  it("a server that offers one referencing refuses the other: diagnostic 2", () => {
    const refused = new Bottle({ client: { context: "short-name", conformance: all } }).open();
    expect(refused.fromClient[0]).toMatchObject({
      fault: { code: "association-refused", detail: "application-context-name-not-supported" },
    });
  });

  it("without read and write nothing is opened", () => {
    const refused = new Bottle({
      client: { context: "short-name", conformance: ["information-report", "multiple-references"] },
      offer: { context: "short-name", conformance: all },
    }).open();
    expect(refused.fromClient[0]).toMatchObject({
      fault: { code: "association-refused", detail: "incompatible-conformance" },
    });
  });
});

import type { Data } from "@dlmskit/apdu";
import { toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import type { ServiceRequest } from "../src/index.ts";
import { Alone } from "./alone.ts";
import { sequence } from "./sequences.ts";
import { all, fifty, int32, none, octets } from "./short-name-bottle.ts";

const alone = (): Alone => openedWith("0400");

/** Plays the server's side of a sequence: the client must say what stands there. */
function asked(id: string, request: ServiceRequest, client: Alone, options = {}): ReturnType<Alone["outputs"]> {
  client.sent.length = 0;
  let outputs = client.ask(request, options);
  for (const { from, hex } of sequence(id).steps) {
    if (from === "client") expect(client.sent.shift(), id).toBe(hex);
    else outputs = client.receive(hex);
  }
  expect(client.sent).toEqual([]);
  return outputs;
}

const read = (...items: Extract<ServiceRequest, { service: "read" }>["items"]): ServiceRequest => ({
  service: "read",
  items,
});

describe("the client plays the sequences of short names", () => {
  it("sn-001: the AARQ of a meter in the field", () => {
    const conformance = all.filter((name) => !name.startsWith("block-transfer") && name !== "data-notification");
    const client = new Alone({ context: "short-name", conformance, maxReceivePduSize: 0xffff });
    client.client.open(0);
    client.outputs();
    expect(client.sent).toEqual([octets("sn-001", 0)]);
    expect(client.receive(octets("sn-001", 1))).toMatchObject([{ type: "failed" }, { type: "closed" }]);
    const quirks = ["aare-lengths-short"] as const;
    const tolerant = new Alone({ context: "short-name", conformance, maxReceivePduSize: 0xffff, quirks });
    expect(tolerant.open(octets("sn-001", 1))).toMatchObject([
      {
        type: "associated",
        association: { conformance: ["read", "write", "multiple-references", "parameterized-access"] },
      },
    ]);
    tolerant.ask(read({ variableName: 0xfa08 }));
    expect(tolerant.sent.at(-1)).toBe(octets("sn-001", 2));
    // A quirk changes nothing where the lengths are right, or wrong in another way.
    const fine = "6129a109060760857405080102a203020100a305a103020100be10040e0800065f1f04001c1b200400fa00";
    expect(new Alone({ context: "short-name", conformance: all, quirks }).open(fine)).toMatchObject([
      { type: "associated" },
    ]);
    for (const wrong of [fine.slice(0, -2), `${fine}00`, fine.replace("6129", "6128"), "61", "6100be"]) {
      const outputs = new Alone({ context: "short-name", conformance: all, quirks }).open(wrong);
      expect(outputs[0], wrong).toMatchObject({ type: "failed" });
    }
  });

  it("sn-002, sn-003, sn-005, sn-007", () => {
    expect(asked("sn-002", read({ variableName: 0xfa08 }), alone())).toMatchObject([
      { results: [{ data: { type: "array" } }] },
    ]);
    const two = read({ variableName: 0x2008 }, { variableName: 0xfff8 });
    expect(asked("sn-003", two, alone())).toMatchObject([
      { results: [{ data: { value: 5009 } }, { error: "object-undefined" }] },
    ]);
    const method = {
      variableName: 0x2c20,
      access: { selector: 0, parameters: { type: "integer", value: 0 } },
    } as const;
    expect(asked("sn-005", read(method), alone())).toMatchObject([{ results: [{ data: { type: "null-data" } }] }]);
    const numbers = [
      int32(1),
      int32(2),
      { type: "long-unsigned", value: 1 },
      { type: "long-unsigned", value: 0 },
    ] as const;
    const parameters = { type: "structure", value: numbers } as const;
    const entries = { variableName: 0x3008, access: { selector: 2, parameters } };
    expect(asked("sn-007", read(entries), alone())).toMatchObject([{ results: [{ data: { type: "array" } }] }]);
  });

  it("sn-004, sn-006, sn-015", () => {
    const unit: Data = {
      type: "structure",
      value: [
        { type: "integer", value: 0 },
        { type: "enum", value: 30 },
      ],
    };
    const items = [
      { variable: { variableName: 0x2008 }, value: int32(1) },
      { variable: { variableName: 0x2010 }, value: unit },
    ];
    expect(asked("sn-004", { service: "write", items }, alone())).toMatchObject([
      { results: ["success", "read-write-denied"] },
    ]);
    const invoked = [{ variable: { variableName: 0x2c20 }, value: { type: "integer", value: 0 } }] as const;
    expect(asked("sn-006", { service: "write", items: invoked }, alone())).toMatchObject([{ results: ["success"] }]);
    expect(asked("sn-015", { service: "write", items: invoked }, alone(), { confirmed: false })).toMatchObject([
      { type: "response", results: [] },
    ]);
  });

  it("sn-008: a long Read in blocks; sn-009: the server breaks it off", () => {
    const outputs = asked("sn-008", read({ variableName: 0x2008 }), alone());
    expect(outputs).toMatchObject([{ results: [{ data: fifty }] }]);
    const client = alone();
    client.ask(read({ variableName: 0x2008 }));
    client.receive(octets("sn-009", 1));
    expect(client.receive("0c010113")).toMatchObject([{ results: [{ error: "data-block-number-invalid" }] }]);
  });

  it("a long Read whose blocks carry the Data alone, as some servers send it", () => {
    const client = alone();
    client.ask(read({ variableName: 0x2008 }));
    client.receive("0c0102000001040932 4142".replace(" ", ""));
    const rest = toHex((fifty as { value: Uint8Array }).value.subarray(2));
    expect(client.receive(`0c0102010002 30${rest}`.replace(" ", ""))).toMatchObject([{ results: [{ data: fifty }] }]);
  });

  it("sn-010 and sn-011: requests that are too long go in blocks", () => {
    const entries = (name: number) => {
      const numbers = [
        int32(1),
        int32(2),
        { type: "long-unsigned", value: 1 },
        { type: "long-unsigned", value: 0 },
      ] as const;
      return {
        variableName: name,
        access: { selector: 2, parameters: { type: "structure", value: numbers } as const },
      };
    };
    const client = openedWith("002b");
    expect(asked("sn-010", read(entries(0x3008), entries(0x3108), entries(0x3208)), client)).toMatchObject([
      { results: [{ data: { type: "array" } }, { error: "object-undefined" }, { error: "read-write-denied" }] },
    ]);
    const value: Data = { type: "octet-string", value: Uint8Array.from({ length: 40 }, (_, at) => 0x61 + at) };
    const items = [{ variable: { variableName: 0x2008 }, value }];
    const written = asked("sn-011", { service: "write", items }, openedWith("0022"));
    expect(written).toMatchObject([{ results: ["success"] }]);
  });

  it("sn-018: an InformationReport is told, with and without time, and never answered", () => {
    const client = alone();
    client.sent.length = 0;
    for (const { hex } of sequence("sn-018").steps) {
      expect(client.receive(hex)).toMatchObject([
        { type: "notification", apdu: { apdu: "information-report-request", variables: [{ variableName: 0x2008 }] } },
      ]);
    }
    expect(client.sent).toEqual([]);
  });

  it("errors of Read and Write fail the request and leave the association", () => {
    const client = alone();
    client.ask(read({ variableName: 0x2008 }));
    expect(client.receive("0e050302")).toMatchObject([{ type: "failed", fault: { code: "confirmed-service-error" } }]);
    client.ask(read({ variableName: 0x2008 }));
    expect(client.receive("0c010006 00001391".replace(" ", ""))).toMatchObject([{ results: [{ data: int32(5009) }] }]);
  });

  it("hostile servers: results that do not fit fail the request, and no more", () => {
    for (const pdu of ["0c00", "0c0200000000", "0c01030001", "0c0102010002 0100".replace(" ", ""), "0d0100"]) {
      const client = alone();
      client.ask(read({ variableName: 0x2008 }));
      const outputs = client.receive(pdu);
      expect(
        outputs.map(({ type }) => type),
        pdu,
      ).toEqual([pdu === "0d0100" ? "dropped" : "failed"]);
    }
    const client = alone();
    client.ask({ service: "write", items: [{ variable: { variableName: 0x2008 }, value: none }] });
    expect(client.receive("0d01020001")).toMatchObject([{ type: "failed", fault: { code: "unexpected-response" } }]);
  });

  it("a service of the other referencing is no request of this association", () => {
    const client = alone();
    expect(client.ask()).toMatchObject([{ type: "failed", fault: { code: "service-not-supported" } }]);
  });

  it("a server with logical names is told from one with short names", () => {
    const client = new Alone({ context: "short-name", conformance: all });
    expect(
      client.open("6129a109060760857405080102a203020100a305a103020100be10040e0800065f1f04001c1b2000400007"),
    ).toMatchObject([{ type: "failed", fault: { code: "bad-negotiation" } }, { type: "closed" }]);
  });
});

/** A client whose server takes no more octets than that, in hex. */
function openedWith(size: string): Alone {
  const client = new Alone({ context: "short-name", conformance: all });
  client.open(`6129a109060760857405080102a203020100a305a103020100be10040e0800065f1f04001c1b20${size}fa00`);
  return client;
}

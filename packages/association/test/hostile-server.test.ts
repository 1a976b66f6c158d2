import { type Aare, type ApduLike, decodeApdu, encodeApdu, type InitiateResponse } from "@dlmskit/apdu";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import type { InitiatorOptions, ServiceRequest } from "../src/index.ts";
import { Alone, accepted, hls, initiate } from "./alone.ts";
import { Bottle, clientTitle, energy, ledger, pseudoRandom, secret, serverTitle } from "./bottle.ts";

function notOpened(options: Partial<InitiatorOptions>, aare: Partial<Aare> | string, code: string): void {
  const alone = new Alone(options);
  expect(alone.open(aare)).toMatchObject([
    { type: "failed", fault: { code } },
    { type: "closed", fault: { code } },
  ]);
  expect(alone.client.state).toBe("closed");
  expect(alone.client.deadline).toBeUndefined();
  expect(alone.sent).toHaveLength(1);
  expect(() => alone.client.request({ service: "get", items: [energy] }, {}, 0)).toThrow(Fault);
}
const responding = (more: Partial<InitiateResponse>) => ({ userInformation: encodeApdu({ ...initiate, ...more }) });
const md5 = { mechanism: 3, secret } as const;
const titled = (more: object = {}) => ({
  suite: 0,
  keys: { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) },
  counters: ledger(),
  replay: { lowest: 0, check: () => true, accept: () => undefined },
  systemTitle: clientTitle,
  ...more,
});

describe("the client and an AARE that is not what it asked for", () => {
  it("A22, C10: more than was proposed, or less than can work", () => {
    notOpened({ conformance: ["get"] }, responding({ negotiatedConformance: ["get", "set"] }), "bad-negotiation");
    notOpened({}, responding({ negotiatedConformance: [] }), "bad-negotiation");
    notOpened({}, responding({ negotiatedDlmsVersionNumber: 7 }), "bad-negotiation");
    for (const serverMaxReceivePduSize of [1, 11])
      notOpened({}, responding({ serverMaxReceivePduSize }), "bad-negotiation");
    notOpened({}, responding({ vaaName: 0xfa00 }), "short-name-server");
    notOpened({}, { applicationContextName: "logical-name-referencing-with-ciphering" }, "context-mismatch");
    notOpened({}, { mechanismName: "low" }, "mechanism-mismatch");
    notOpened({ mechanism: 1, secret }, hls, "mechanism-mismatch");
    notOpened({ mechanism: 1, secret }, { ...hls, mechanismName: "low" }, "mechanism-mismatch");
    notOpened(md5, { ...hls, mechanismName: "high-sha1" }, "mechanism-mismatch");
    for (const serverMaxReceivePduSize of [0, 12]) {
      expect(new Alone().open(responding({ serverMaxReceivePduSize }))).toMatchObject([{ type: "associated" }]);
    }
  });

  it("refusals", () => {
    notOpened({}, { result: "rejected-permanent" }, "association-refused");
    notOpened({}, { result: "rejected-transient", userInformation: fromHex("0e010601") }, "association-refused");
    notOpened({}, { result: "rejected-permanent", userInformation: fromHex("ffff") }, "association-refused");
    notOpened({}, { userInformation: fromHex("0e010601") }, "initiate-refused");
    notOpened({}, { userInformation: fromHex("d80101") }, "missing-field");
    notOpened({}, "d80101", "exception-response");
    notOpened({}, "0e010601", "confirmed-service-error");
    notOpened({}, "6100", "missing-field");
    const { userInformation: _none, ...bare } = accepted;
    const alone = new Alone();
    alone.client.open(0);
    alone.outputs();
    expect(alone.receive(bare)).toMatchObject([{ fault: { code: "missing-field" } }, { type: "closed" }]);
    const tolerant = new Alone({ quirks: ["aare-without-user-information"] });
    tolerant.client.open(0);
    tolerant.outputs();
    expect(tolerant.receive(bare)).toMatchObject([{ type: "associated", association: { serverMaxReceivePduSize: 0 } }]);
  });

  it("C1, C2: authentication skipped, challenges that are none", () => {
    notOpened(md5, {}, "authentication-skipped");
    const { mechanismName: _name, ...unnamed } = hls;
    notOpened(md5, unnamed, "authentication-skipped");
    const { respondingAuthenticationValue: _value, ...valueless } = hls;
    notOpened(md5, valueless, "bad-challenge");
    for (const length of [0, 7, 65]) {
      notOpened(
        md5,
        { ...hls, respondingAuthenticationValue: { choice: "charstring", value: new Uint8Array(length) } },
        "bad-challenge",
      );
    }
    notOpened(md5, { ...hls, respondingAuthenticationValue: { choice: "bitstring", value: "0101" } }, "bad-challenge");
    notOpened(
      md5,
      { ...hls, respondingAuthenticationValue: { choice: "charstring", value: pseudoRandom(1)(16) } },
      "challenge-reflected",
    );
  });

  it("C3: pass 4 that is wrong, missing or something else", () => {
    for (const [pass4, code] of [
      ["c701c1000100091000000000000000000000000000000000", "authentication-failed"],
      ["c701c10000", "authentication-failed"],
      ["c701c1000100 0900".replace(" ", ""), "authentication-failed"],
      ["c701c100010006 00000001".replace(" ", ""), "authentication-failed"],
      ["c701c1030000".slice(0, 10), "authentication-failed"],
      ["c701c10001010a".slice(0, 14).replace("0a", "fa"), "authentication-failed"],
      ["c704c100000001", "authentication-failed"],
      ["d80101", "exception-response"],
    ] as const) {
      const alone = new Alone(md5);
      alone.open(hls);
      expect(alone.client.state).toBe("authenticating");
      expect(alone.receive(pass4)).toMatchObject([{ type: "failed", fault: { code } }, { type: "closed" }]);
    }
    const alone = new Alone(md5);
    alone.open(hls);
    // What is no answer to pass 3 is dropped.
    expect(alone.receive("c701c20000")).toMatchObject([{ type: "dropped" }]);
    expect(alone.receive("c401c1000600000001")).toMatchObject([{ type: "dropped" }]);
    expect(alone.expire(1000)).toMatchObject([{ type: "failed", fault: { code: "timeout" } }, { type: "closed" }]);
  });

  it("titles and protection", () => {
    const ciphered = { ciphered: true, security: titled() } as const;
    const context = { applicationContextName: "logical-name-referencing-with-ciphering" };
    notOpened(ciphered, context, "missing-field");
    notOpened(ciphered, { ...context, respondingApTitle: clientTitle }, "own-system-title");
    notOpened(ciphered, { ...context, respondingApTitle: serverTitle.subarray(1) }, "bad-system-title");
    notOpened(
      { ciphered: true, security: titled({ serverSystemTitle: fromHex("0102030405060708") }) },
      { ...context, respondingApTitle: serverTitle },
      "unknown-system-title",
    );
    notOpened(ciphered, { ...context, respondingApTitle: serverTitle }, "protection-too-weak");
    notOpened(
      ciphered,
      { ...context, respondingApTitle: serverTitle, userInformation: fromHex("28053000000001") },
      "too-short-for-tag",
    );
    const tolerant = new Alone({
      ...ciphered,
      security: titled({ serverSystemTitle: serverTitle }),
      quirks: ["plain-initiate-response"],
    });
    expect(tolerant.open(context)).toMatchObject([{ type: "associated" }]);
  });

  it("options that cannot work", () => {
    for (const options of [
      { mechanism: 1 },
      { mechanism: 4 },
      { mechanism: 5 },
      { mechanism: 6, secret },
      { mechanism: 7, security: titled() },
      { ciphered: true },
      { ciphered: true, security: titled({ authenticated: false, encrypted: false }) },
    ] as Partial<InitiatorOptions>[]) {
      expect(() => new Alone(options)).toThrow("needed");
    }
  });

  it("waits no longer than it was told, and can be opened again", () => {
    const alone = new Alone();
    alone.client.open(0);
    expect(() => alone.client.open(0)).toThrow("cannot open");
    expect(() => alone.client.release(0)).toThrow("cannot release");
    alone.outputs();
    expect(alone.client.deadline).toBe(1000);
    expect(alone.expire(999)).toEqual([]);
    expect(alone.expire(1)).toMatchObject([{ type: "failed", fault: { code: "timeout" } }, { type: "closed" }]);
    expect(alone.open()).toMatchObject([{ type: "associated" }]);
    alone.client.abort();
    expect(alone.outputs()).toMatchObject([{ type: "closed", fault: { code: "link-lost" } }]);
    alone.client.abort();
    expect(alone.outputs()).toEqual([]);
  });
});

describe("the client and responses that are not what it asked for", () => {
  const opened = (options: Partial<InitiatorOptions> = {}): Alone => {
    const alone = new Alone(options);
    alone.open();
    return alone;
  };
  const set = (length: number): ServiceRequest => ({
    service: "set",
    items: [{ attribute: energy, value: { type: "octet-string", value: new Uint8Array(length) } }],
  });
  const act = (length: number): ServiceRequest => ({
    service: "action",
    items: [
      {
        method: { classId: 9, instanceId: "0.0.10.0.0.255", methodId: 1 },
        parameters: { type: "octet-string", value: new Uint8Array(length) },
      },
    ],
  });

  it("D19: unknown, late or of another kind: dropped; the request fails by time", () => {
    const alone = opened();
    alone.ask();
    for (const hex of [
      "c401420006000000 01".replace(" ", ""),
      "c701420000",
      "63",
      "61",
      "",
      "ff",
      "c001c100030100010800ff0200",
    ]) {
      expect(alone.receive(hex)).toMatchObject([{ type: "dropped" }]);
    }
    const [failed] = alone.expire(1000);
    expect(failed).toMatchObject({
      type: "failed",
      id: 1,
      fault: { code: "timeout", hint: expect.stringContaining("dropped") },
    });
    expect(alone.receive("c401410006000000 01".replace(" ", ""))).toMatchObject([{ type: "dropped" }]);
    alone.ask();
    expect(alone.receive("c401420006000000 01".replace(" ", ""))).toMatchObject([{ type: "response", id: 2 }]);
  });

  it("C8: what comes unasked is handed on, and the request goes on", () => {
    const alone = opened();
    alone.ask();
    expect(alone.receive("c20000030100010800ff020600000001")).toMatchObject([
      { type: "notification", apdu: { apdu: "event-notification-request" } },
    ]);
    expect(alone.receive("c401410006000000 01".replace(" ", ""))).toMatchObject([{ type: "response", id: 1 }]);
  });

  it("C5: blocks out of order, repeated, after the last", () => {
    for (const second of ["c40241000000000300020102", "c40241000000000100020102"]) {
      const alone = opened();
      alone.ask();
      expect(alone.receive("c40241000000000100020910")).toEqual([]);
      expect(alone.receive(second)).toMatchObject([{ type: "failed", fault: { code: "block-number" } }]);
      expect(alone.client.state).toBe("associated");
    }
    const alone = opened();
    alone.ask();
    expect(alone.receive("c402410100000001000100")).toMatchObject([
      { type: "response", results: [{ data: { type: "null-data" } }] },
    ]);
    expect(alone.receive("c402410100000001000100")).toMatchObject([{ type: "dropped" }]);
    alone.ask();
    expect(alone.receive("c4024201000000010110")).toMatchObject([
      { type: "response", results: [{ error: "no-long-get-in-progress" }] },
    ]);
    alone.ask();
    expect(alone.receive("c4024301000000010001ee")).toMatchObject([{ type: "failed", fault: { code: "unknown-tag" } }]);
  });

  it("tolerates blocks numbered from 0 by the quirk alone", () => {
    const last = "c402410100000000000100";
    const strict = opened();
    strict.ask();
    expect(strict.receive(last)).toMatchObject([{ type: "failed", fault: { code: "block-number" } }]);
    const tolerant = opened({ quirks: ["blocks-from-0"] });
    tolerant.ask();
    expect(tolerant.receive(last)).toMatchObject([{ type: "response" }]);
  });

  it("C6: blocks without end are cut off, by octets and by time", () => {
    const alone = opened({ limits: { maxApdu: 100, transferTimeout: 5000 } });
    const block = (invokeId: number, number: number, length: number): ApduLike => ({
      apdu: "get-response-with-datablock",
      invokeId,
      priority: "normal",
      serviceClass: "confirmed",
      block: { lastBlock: false, blockNumber: number, result: { rawData: new Uint8Array(length) } },
    });
    alone.ask();
    for (let number = 1; number < 11; number++) expect(alone.receive(block(1, number, 10))).toEqual([]);
    expect(alone.receive(block(1, 11, 10))).toMatchObject([{ type: "failed", fault: { code: "response-too-long" } }]);
    alone.ask();
    let failed: unknown;
    for (let number = 1; failed === undefined && number < 20; number++) {
      alone.receive(block(2, number, 1));
      [failed] = alone.expire(900);
    }
    expect(failed).toMatchObject({ type: "failed", fault: { code: "timeout" } });
    expect(alone.now).toBe(5400);
    alone.ask();
    expect(alone.receive(block(3, 1, 0))).toMatchObject([{ type: "failed", fault: { code: "empty-block" } }]);
  });

  it("forms that do not fit the request", () => {
    const cases: [ServiceRequest, string[]][] = [
      [
        { service: "get", items: [energy] },
        [
          "c403410100 00".replace(" ", ""),
          "c5014100",
          "c40341020100".slice(0, 8) + "0000".repeat(0) + "020101".slice(2),
        ],
      ],
      [
        { service: "get", items: [energy, energy] },
        ["c4014100 00".replace(" ", ""), "c403410100 00".replace(" ", ""), "c402410100000001000401000000".slice(0, -4)],
      ],
      [
        set(4),
        ["c505410100", "c5024100000001", "c503410000000001", "c50441010000000001", "c7014100 00".replace(" ", "")],
      ],
      [
        set(100),
        ["c5014100", "c505410100", "c502410000 0002".replace(" ", ""), "c503410000000001", "c50441010000000001"],
      ],
      [
        { service: "set", items: [...(set(1).items as never[]), ...(set(1).items as never[])] },
        ["c5014100", "c505410100"],
      ],
      [act(4), ["c703410100 00".replace(" ", ""), "c7044100000001", "c4014100 00".replace(" ", "")]],
      [
        act(100),
        [
          "c7014100 00".replace(" ", ""),
          "c703410100 00".replace(" ", ""),
          "c704410000 0002".replace(" ", ""),
          "c702410100000001020000",
        ],
      ],
      [
        { service: "action", items: [...(act(1).items as never[]), ...(act(1).items as never[])] },
        ["c701410000", "c703410100 00".replace(" ", "")],
      ],
    ];
    for (const [request, replies] of cases) {
      for (const reply of replies) {
        const alone = opened();
        alone.ask(request);
        const [failed] = alone.receive(reply);
        expect(failed, `${request.service} ${reply}`).toMatchObject(
          failed?.type === "dropped" ? { type: "dropped" } : { type: "failed", id: 1, fault: expect.any(Fault) },
        );
      }
    }
  });

  it("a transfer that the server breaks off has one result for all", () => {
    const alone = opened();
    alone.ask(set(100));
    expect(alone.receive("c503411300000001")).toMatchObject([
      { type: "response", results: ["data-block-number-invalid"] },
    ]);
    alone.ask(act(100));
    expect(alone.receive("c70142 0f00".replace(" ", ""))).toMatchObject([
      { type: "response", results: [{ result: "long-action-aborted" }] },
    ]);
    alone.ask(act(1));
    alone.receive("c702430000000001020001");
    expect(alone.receive("c70143 0f00".replace(" ", ""))).toMatchObject([
      { type: "response", results: [{ result: "long-action-aborted" }] },
    ]);
    alone.ask({ service: "get", items: [energy, energy] });
    expect(alone.receive("c4024401000000010111")).toMatchObject([
      { results: [{ error: "long-set-aborted" }, { error: "long-set-aborted" }] },
    ]);
  });

  it("exceptions fail the request, and tell the counter that is expected", () => {
    const alone = opened();
    alone.ask();
    expect(alone.receive("d80106000003e9")).toMatchObject([
      { type: "failed", fault: { code: "invocation-counter-error", expected: 1001 } },
    ]);
    alone.ask();
    expect(alone.receive("d80106")).toMatchObject([
      { type: "failed", fault: { code: "invocation-counter-error", expected: undefined } },
    ]);
    alone.ask();
    expect(alone.receive("d80105")).toMatchObject([{ type: "failed", fault: { code: "exception-response" } }]);
    alone.ask();
    expect(alone.receive("0e050201")).toMatchObject([{ type: "failed", fault: { code: "confirmed-service-error" } }]);
    expect(alone.receive("d80105")).toMatchObject([{ type: "dropped" }]);
  });

  it("asks for nothing that was not negotiated or does not fit", () => {
    const alone = new Alone();
    alone.open(responding({ negotiatedConformance: ["get"], serverMaxReceivePduSize: 16 }));
    const access = { selector: 1, parameters: { type: "null-data" } } as const;
    for (const request of [
      { service: "get", items: [{ ...energy, access }] },
      { service: "get", items: [energy, energy] },
      set(1),
      act(1),
    ] as ServiceRequest[]) {
      expect(alone.ask(request)).toMatchObject([{ type: "failed", fault: { code: "service-not-supported" } }]);
    }
    expect(alone.sent).toHaveLength(1);
    const narrow = new Alone();
    narrow.open(responding({ serverMaxReceivePduSize: 12 }));
    for (const request of [
      { service: "get", items: [energy] },
      set(1),
      act(1),
      { service: "action", items: [{ method: { ...energy, methodId: 1 } }] },
    ] as ServiceRequest[]) {
      expect(narrow.ask(request)).toMatchObject([{ type: "failed", fault: { code: "pdu-too-long" } }]);
    }
    const early = new Alone(md5);
    expect(early.open({ ...hls, ...responding({ serverMaxReceivePduSize: 12 }) })).toMatchObject([
      { type: "failed", fault: { code: "pdu-too-long" } },
      { type: "closed" },
    ]);
    const unblocked = new Alone();
    unblocked.open(responding({ negotiatedConformance: ["set", "action"] }));
    for (const request of [set(100), act(100)]) {
      expect(unblocked.ask(request)).toMatchObject([{ type: "failed", fault: { code: "pdu-too-long" } }]);
    }
    expect(unblocked.ask({ service: "get", items: [energy] })).toMatchObject([{ type: "failed" }]);
  });

  it("selective access goes out and comes in as it is, in every form", () => {
    const access = { selector: 2, parameters: { type: "unsigned", value: 3 } } as const;
    const chosen = { ...energy, access };
    const long = { type: "octet-string", value: new Uint8Array(2000) } as const;
    for (const items of [[chosen], [chosen, energy]]) {
      const bottle = new Bottle().open();
      bottle.ask({ service: "get", items });
      bottle.ask({ service: "set", items: items.map((attribute) => ({ attribute, value: { type: "null-data" } })) });
      bottle.ask({ service: "set", items: items.map((attribute) => ({ attribute, value: long })) });
      expect(bottle.executed.map(({ request }) => request.items)).toEqual([
        items,
        items.map((attribute) => ({ attribute, value: { type: "null-data" } })),
        items.map((attribute) => ({ attribute, value: long })),
      ]);
    }
  });

  it("unconfirmed requests are done when they are sent", () => {
    const alone = opened();
    expect(alone.ask(set(4), { confirmed: false })).toEqual([{ type: "response", id: 1, service: "set", results: [] }]);
    expect(alone.client.deadline).toBeUndefined();
    expect(alone.ask(set(100), { confirmed: false })).toMatchObject([
      { type: "failed", fault: { code: "pdu-too-long" } },
    ]);
    expect(alone.ask(undefined, { confirmed: false })).toMatchObject([
      { type: "failed", fault: { code: "service-not-supported" } },
    ]);
  });

  it("says high priority only where it was negotiated", () => {
    for (const negotiated of [true, false]) {
      const alone = new Alone();
      alone.open(
        responding({ negotiatedConformance: ["get", ...(negotiated ? (["priority-mgmt-supported"] as const) : [])] }),
      );
      alone.ask(undefined, { priority: "high" });
      expect(decodeApdu(fromHex(alone.sent.at(-1) as string))).toMatchObject({
        priority: negotiated ? "high" : "normal",
      });
    }
  });

  it("high priority overtakes what waits; one request is on its way at a time", () => {
    const alone = opened();
    alone.ask();
    for (const priority of ["normal", "high", "high", "normal"] as const)
      alone.client.request(
        { service: "get", items: [{ ...energy, attributeId: priority === "high" ? 3 : 4 }] },
        { priority },
        0,
      );
    const order: unknown[] = [];
    for (let invokeId = 1; invokeId <= 5; invokeId++) {
      const [pdu] = alone.sent.splice(-1);
      const asked = decodeApdu(fromHex(pdu as string)) as { attribute: { attributeId: number } };
      order.push(asked.attribute.attributeId);
      alone.receive({
        apdu: "get-response-normal",
        invokeId,
        priority: "normal",
        serviceClass: "confirmed",
        result: { data: { type: "null-data" } },
      });
    }
    expect(order).toEqual([2, 3, 3, 4, 4]);
  });

  it("a release fails what waits, and ends without an answer, too", () => {
    const alone = opened();
    alone.ask();
    alone.client.request({ service: "get", items: [energy] }, {}, 0);
    alone.client.release(0);
    expect(alone.outputs()).toMatchObject([
      { type: "failed", id: 1, fault: { code: "released" } },
      { type: "failed", id: 2 },
    ]);
    expect(alone.client.state).toBe("releasing");
    expect(alone.client.association).toBeDefined();
    expect(alone.receive("c401410006000000 01".replace(" ", ""))).toMatchObject([{ type: "dropped" }]);
    expect(alone.receive("6303800100")).toEqual([{ type: "released" }]);
    expect(alone.client.association).toBeUndefined();
    for (const reply of ["d80101", undefined]) {
      const other = opened();
      other.client.release(0);
      other.outputs();
      expect(reply === undefined ? other.expire(1000) : other.receive(reply)).toMatchObject([{ type: "closed" }]);
    }
  });

  it("C4, 2.7: plain, replayed or weaker answers to protected requests are dropped", () => {
    const bottle = new Bottle({ ciphered: true, mechanism: 5 }).open();
    const heard: Uint8Array[] = [];
    bottle.tamper = (to, pdu) => {
      if (to === "server") return [pdu];
      heard.push(pdu);
      return [];
    };
    bottle.client.request({ service: "get", items: [energy] }, {}, 0);
    bottle.run();
    bottle.client.receive(
      encodeApdu({
        apdu: "get-response-normal",
        invokeId: 2,
        priority: "normal",
        serviceClass: "confirmed",
        result: { data: { type: "null-data" } },
      }),
      0,
    );
    const forged = (heard[0] as Uint8Array).slice();
    forged[10] = (forged[10] as number) ^ 1;
    bottle.client.receive(forged, 0);
    bottle.client.receive(heard[0] as Uint8Array, 0);
    bottle.client.receive(heard[0] as Uint8Array, 0);
    bottle.run();
    expect(bottle.fromClient.slice(1)).toMatchObject([
      { type: "dropped", fault: { code: "protection-too-weak" } },
      { type: "dropped", fault: { code: "bad-tag" } },
      { type: "response", results: [{ data: { type: "visible-string" } }] },
      { type: "dropped", fault: { code: "invocation-counter" } },
    ]);
    const tolerant = new Bottle({ ciphered: true, mechanism: 5, client: { quirks: ["weaker-responses"] } }).open();
    tolerant.tamper = (to, pdu) =>
      to === "server"
        ? [pdu]
        : [
            encodeApdu({
              apdu: "get-response-normal",
              invokeId: 2,
              priority: "normal",
              serviceClass: "confirmed",
              result: { data: { type: "null-data" } },
            }),
          ];
    expect(tolerant.ask({ service: "get", items: [energy] })).toMatchObject({ type: "response" });
  });

  it("any octets: never a throw, and every request settles", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.constantFrom(0xc4, 0xc5, 0xc7, 0xd8, 0x61, 0x63, undefined),
        (all, tag) => {
          const alone = opened();
          alone.ask();
          const outputs = all.flatMap((octets) => {
            const pdu = octets.slice();
            if (tag !== undefined && pdu.length > 0) pdu[0] = tag;
            return alone.receive(toHex(pdu));
          });
          outputs.push(...alone.expire(1000));
          expect(
            outputs.filter((output) => (output.type === "response" || output.type === "failed") && output.id === 1),
          ).toHaveLength(1);
        },
      ),
      { numRuns: times(60) },
    );
  });
});

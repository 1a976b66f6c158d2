import { decodeApdu } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { type Offer, Responder, type ResponderOutput } from "../src/index.ts";

const offer: Offer = {
  context: "logical-name",
  ciphered: false,
  mechanism: 0,
  conformance: ["get", "set", "action", "block-transfer-with-get-or-read", "multiple-references", "selective-access"],
  maxReceivePduSize: 1024,
};
const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400007e1fffff");
const random = (count: number) => Uint8Array.from({ length: count }, (_, at) => at + 1);

function outputs(responder: Responder): ResponderOutput[] {
  const all: ResponderOutput[] = [];
  for (let next = responder.poll(); next !== undefined; next = responder.poll()) all.push(next);
  return all;
}

describe("a Responder without security", () => {
  it("opens, delivers a GET, answers it and releases", () => {
    const responder = new Responder({ offer, provider: noble, random });
    expect(responder.state).toBe("idle");
    responder.receive(aarq, 0);
    const [aare, associated] = outputs(responder);
    expect(aare?.type === "transmit" && toHex(aare.pdu)).toBe(
      "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000121d04000007",
    );
    expect(associated).toMatchObject({ type: "associated", association: { clientMaxReceivePduSize: 65535 } });
    expect(responder.state).toBe("associated");

    responder.receive(fromHex("c001c100030100010800ff0200"), 1);
    const [request] = outputs(responder);
    expect(request).toEqual({
      type: "request",
      incoming: {
        id: 1,
        request: { service: "get", items: [{ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }] },
        confirmed: true,
        priority: "high",
        protection: { authenticated: false, encrypted: false, signed: false },
      },
    });
    responder.respond(1, [{ data: { type: "double-long-unsigned", value: 42 } }], 2);
    const [response] = outputs(responder);
    expect(response?.type === "transmit" && toHex(response.pdu)).toBe("c401c100060000002a");

    responder.receive(fromHex("6203800100"), 3);
    const [released, rlre] = outputs(responder);
    expect(released).toEqual({ type: "released", why: "rlrq" });
    expect(rlre?.type === "transmit" && decodeApdu(rlre.pdu)).toEqual({ apdu: "rlre", reason: "normal" });
  });
});

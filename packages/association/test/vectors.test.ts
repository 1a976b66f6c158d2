import { readFileSync } from "node:fs";
import { decodeApdu } from "@dlmskit/apdu";
import { fromHex } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { type Offer, Responder } from "../src/index.ts";
import { everything, pseudoRandom } from "./bottle.ts";

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly hex: string;
  readonly valid: boolean;
}

const { vectors } = JSON.parse(readFileSync(new URL("../../../test-vectors/acse.json", import.meta.url), "utf8")) as {
  vectors: readonly Vector[];
};
const aarqs = vectors.filter(({ hex }) => hex.startsWith("60"));
const offer: Offer = {
  context: "logical-name",
  ciphered: false,
  mechanism: 0,
  conformance: everything,
  maxReceivePduSize: 1024,
};

describe("published AARQs", () => {
  it(`all ${aarqs.length} are answered, with an AARE that says why not`, () => {
    expect(aarqs.length).toBeGreaterThan(5);
    let opened = 0;
    for (const { id, hex, valid } of aarqs) {
      const responder = new Responder({ offer, provider: noble, random: pseudoRandom(3) });
      responder.receive(fromHex(hex), 0);
      const transmitted: Uint8Array[] = [];
      for (let output = responder.poll(); output !== undefined; output = responder.poll()) {
        if (output.type === "transmit") transmitted.push(output.pdu);
      }
      if (responder.association?.confirmed === false) {
        // Its InitiateRequest wants no response.
        expect(transmitted, id).toEqual([]);
        continue;
      }
      expect(transmitted, id).toHaveLength(1);
      const aare = decodeApdu(transmitted[0] as Uint8Array);
      expect(aare).toMatchObject({
        apdu: "aare",
        result: responder.state === "idle" ? "rejected-permanent" : "accepted",
      });
      if (responder.state === "associated") opened++;
      if (!valid) expect(responder.state, id).toBe("idle");
    }
    expect(opened).toBeGreaterThan(1);
  });
});

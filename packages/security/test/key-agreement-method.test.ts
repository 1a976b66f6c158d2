import { concat, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { type AgreedKeyId, agreeKey, noble, offerKey } from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { clientTitle, counting, scalars, serverTitle } from "./general-fixtures.ts";
import { keyOf, vectorsOf } from "./vectors.ts";

const vectors = vectorsOf("keywrap-ecc");
const named = (id: string) => {
  const vector = vectors.find((each) => each.id === id);
  if (vector === undefined) throw new Error(`there is no vector ${id}`);
  return vector;
};
const titles = { initiatorSystemTitle: clientTitle, responderSystemTitle: serverTitle };

describe.each([noble, node])("method key_agreement with $name", (provider) => {
  it("kwe-ecdsa-001, kwe-ecdh-001, kwe-kdf-001: the example, at the meter", () => {
    const [signed, shared, derived] = [named("kwe-ecdsa-001"), named("kwe-ecdh-001"), named("kwe-kdf-001")];
    const ephemeral = {
      privateKey: keyOf(shared, "privateKey"),
      publicKey: fromHex(shared.decoded.ownPublicKey),
    };
    const offer = { ephemeral, keyData: new Uint8Array(0) };
    const key = agreeKey({
      ...{ provider, suite: 1, keyId: 0, offer, ...titles },
      keyData: concat(keyOf(shared, "publicKey"), fromHex(signed.hex)),
      peerPublicKey: keyOf(signed, "publicKey"),
    });
    expect(toHex(key)).toBe(derived.hex);
    expect(toHex(ephemeral.privateKey)).toBe("00".repeat(32));
  });

  it.each([1, 2] as const)("gives both ends the same key in suite %i, and for each purpose another", (suite) => {
    const curve = suite === 1 ? "P-256" : "P-384";
    const { client, server } = scalars[suite];
    const agree = (keyId: AgreedKeyId) => {
      const random = counting();
      const asked = offerKey({ provider, suite, keyId, signingKey: client.digitalSignature, random });
      const answered = offerKey({ provider, suite, keyId, signingKey: server.digitalSignature, random });
      const common = { provider, suite, keyId, ...titles };
      const atClient = agreeKey({
        ...common,
        offer: asked,
        keyData: answered.keyData,
        peerPublicKey: provider.publicKey(curve, server.digitalSignature),
      });
      const atServer = agreeKey({
        ...common,
        offer: answered,
        keyData: asked.keyData,
        peerPublicKey: provider.publicKey(curve, client.digitalSignature),
      });
      expect(atServer).toEqual(atClient);
      expect(atClient).toHaveLength(suite === 1 ? 16 : 32);
      return toHex(atClient);
    };
    expect(agree(0)).not.toBe(agree(3));
  });

  it("S32: refuses another length, a wrong signature, one for another key, a point off the curve", () => {
    const random = counting();
    const signingKey = scalars[1].client.digitalSignature;
    const offered = offerKey({ provider, suite: 1, keyId: 0, signingKey, random });
    const given = (keyData: Uint8Array, keyId: AgreedKeyId = 0) =>
      faultOf(() =>
        agreeKey({
          ...{ provider, suite: 1, keyId, keyData, ...titles },
          offer: offerKey({ provider, suite: 1, keyId, signingKey, random }),
          peerPublicKey: provider.publicKey("P-256", signingKey),
        }),
      );
    expect(given(offered.keyData.subarray(1))).toBe("bad-length");
    expect(given(new Uint8Array(128))).toBe("bad-signature");
    expect(given(offered.keyData, 1)).toBe("bad-signature");
    const off = offered.keyData.slice(0, 64).fill(1);
    const signature = provider.ecdsaSign("P-256", signingKey, concat(Uint8Array.of(0), off));
    expect(given(concat(off, signature))).toBe("bad-public-key");
    const none = { provider, suite: 0, keyId: 0, signingKey, random } as const;
    expect(faultOf(() => offerKey(none))).toBe("suite-without-curve");
  });
});

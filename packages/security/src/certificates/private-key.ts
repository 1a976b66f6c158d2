import { concat } from "@dlmskit/core";
import { BitString, Constructed, fromBER, Integer, OctetString, Sequence } from "asn1js";
import { AlgorithmIdentifier } from "pkijs";
import { scalarLength } from "../checks.ts";
import { erase } from "../keys.ts";
import type { CryptoProvider, Curve } from "../provider.ts";
import { curveOfKey, curveParameters, parseDer, toDer } from "./asn1.ts";
import { derOf, toPem } from "./pem.ts";

function buffer(octets: Uint8Array): ArrayBuffer {
  return octets.slice().buffer as ArrayBuffer;
}

/** The PKCS #8 of a private key, as TLS libraries read it. Fault `bad-private-key`. Keep it as secret as the key. */
export function privateKeyDer(provider: CryptoProvider, curve: Curve, privateKey: Uint8Array): Uint8Array {
  const point = concat(Uint8Array.of(0x04), provider.publicKey(curve, privateKey));
  const key = new Sequence({
    value: [
      new Integer({ value: 1 }),
      new OctetString({ valueHex: buffer(privateKey) }),
      new Constructed({ idBlock: { tagClass: 3, tagNumber: 1 }, value: [new BitString({ valueHex: buffer(point) })] }),
    ],
  });
  return toDer(
    new Sequence({
      value: [
        new Integer({ value: 0 }),
        curveParameters(curve).toSchema(),
        new OctetString({ valueHex: buffer(toDer(key)) }),
      ],
    }),
  );
}

export function privateKeyPem(provider: CryptoProvider, curve: Curve, privateKey: Uint8Array): string {
  return toPem("PRIVATE KEY", privateKeyDer(provider, curve, privateKey));
}

function itemsOf(value: unknown): readonly unknown[] {
  if (value instanceof Sequence) return value.valueBlock.value;
  throw new Error("not a SEQUENCE");
}

/** Parses a private key in PKCS #8, DER or PEM, not encrypted. Faults `bad-private-key`, `bad-pem`, `wrong-curve`. */
export function parsePrivateKey(file: Uint8Array): { readonly curve: Curve; readonly privateKey: Uint8Array } {
  const der = derOf(file, "PRIVATE KEY");
  return parseDer("bad-private-key", "a private key", der, (schema) => {
    // PrivateKeyInfo { version, algorithm, ECPrivateKey { version, privateKey, … } }: parsed by hand, because the class of the
    // library gives the same error for an unknown curve and for data that are not a key.
    const [, algorithm, wrapped] = itemsOf(schema);
    const curve = curveOfKey(new AlgorithmIdentifier({ schema: algorithm }));
    if (!(wrapped instanceof OctetString)) throw new Error("it contains no key");
    const inner = wrapped.valueBlock.valueHexView.slice();
    const [, scalar] = itemsOf(fromBER(inner).result);
    const privateKey = scalar instanceof OctetString ? scalar.valueBlock.valueHexView.slice() : undefined;
    erase(inner);
    if (privateKey?.length !== scalarLength[curve]) throw new Error("the private key has a wrong length");
    return { curve, privateKey };
  });
}

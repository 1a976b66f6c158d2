// Every published vector through the pure packages: the same module in Node and in a browser.
import {
  apduFromJson,
  apduFromXml,
  apduToJson,
  apduToXml,
  Data,
  dataFromXml,
  dataToXml,
  decodeApdu,
  decodeData,
  encodeApdu,
  encodeData,
} from "@dlmskit/apdu";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import type { CryptoProvider } from "@dlmskit/security";
import { hdlc, push, wrapper } from "./link-outcomes.ts";
import { hls, keys, security } from "./security-outcomes.ts";
import { same, type Vector } from "./vector.ts";

export type { Vector } from "./vector.ts";

/** What became of a vector: `both-ways`, `refused` (with a Fault), or what went wrong. */
export interface Outcome {
  readonly id: string;
  readonly outcome: string;
}

const json = (text: unknown): never => JSON.parse(JSON.stringify(text)) as never;

function axdr({ hex }: Vector): void {
  const data = decodeData(fromHex(hex));
  const octets = encodeData(data);
  same(toHex(encodeData(decodeData(octets))), toHex(octets));
  same(toHex(encodeData(Data.fromJson(json(Data.toJson(data))))), toHex(octets));
  same(toHex(encodeData(dataFromXml(dataToXml(data)))), toHex(octets));
}

function apdu({ id, hex }: Vector): void {
  const value = decodeApdu(fromHex(hex));
  const octets = encodeApdu(value);
  same(toHex(encodeApdu(decodeApdu(octets))), toHex(octets));
  same(toHex(encodeApdu(apduFromJson(json(apduToJson(value))))), toHex(octets));
  same(toHex(encodeApdu(apduFromXml(apduToXml(value)))), toHex(octets));
  // What only the layer above can refuse: an unknown context, user information of another kind.
  if (id === "acse-bad-005" && value.apdu === "aarq" && value.applicationContextName.startsWith("2.16.756.5.8.1.")) {
    throw new Fault("refused", "the association refuses an unknown context", { layer: "vectors" });
  }
  if (id === "acse-bad-010" && value.apdu === "aare") decodeApdu(value.userInformation as Uint8Array);
}

const runs: { readonly [layer: string]: (vector: Vector, provider: CryptoProvider) => void } = {
  "axdr-data": axdr,
  acse: apdu,
  xdlms: apdu,
  hdlc,
  wrapper,
  "push-captures": push,
  security,
  hls,
  "keywrap-ecc": keys,
};
/** The layers that have published vectors: the names of the files in `test-vectors`. */
export const layers: readonly string[] = Object.keys(runs);

export function outcomesOf(layer: string, vectors: readonly Vector[], provider: CryptoProvider): Outcome[] {
  const run = runs[layer] as (typeof runs)[string];
  return vectors.map((vector) => {
    try {
      run(vector, provider);
      return { id: vector.id, outcome: "both-ways" };
    } catch (caught) {
      if (caught instanceof Fault)
        return { id: vector.id, outcome: vector.valid ? `${caught.code}: ${caught.message}` : "refused" };
      // What is not as it should be in what nobody should send is no refusal; in a stream it is that nothing came of it.
      const streamed = !vector.valid && layer === "push-captures" && (caught as Error).message.includes("instead of");
      return { id: vector.id, outcome: streamed ? "refused" : String(caught) };
    }
  });
}

import { type Aare, type ApduLike, encodeApdu, type InitiateResponse } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import { Initiator, type InitiatorOptions, type InitiatorOutput, type ServiceRequest } from "../src/index.ts";
import { energy, everything, pseudoRandom } from "./bottle.ts";

export const initiate: InitiateResponse = {
  apdu: "initiate-response",
  negotiatedDlmsVersionNumber: 6,
  negotiatedConformance: [
    "get",
    "set",
    "action",
    "block-transfer-with-get-or-read",
    "block-transfer-with-set-or-write",
    "block-transfer-with-action",
    "multiple-references",
  ],
  serverMaxReceivePduSize: 64,
  vaaName: 7,
};
export const accepted: Aare = {
  apdu: "aare",
  applicationContextName: "logical-name-referencing-no-ciphering",
  result: "accepted",
  resultSourceDiagnostic: { source: "acse-service-user", diagnostic: "null" },
  userInformation: encodeApdu(initiate),
};
export const hls = {
  resultSourceDiagnostic: { source: "acse-service-user", diagnostic: "authentication-required" },
  mechanismName: "high-md5",
  respondingAuthenticationValue: { choice: "charstring", value: fromHex("0102030405060708090a0b0c0d0e0f10") },
} as const;

/** A client alone: the test is its server. */
export class Alone {
  readonly client: Initiator;
  readonly sent: string[] = [];
  now = 0;

  constructor(options: Partial<InitiatorOptions> = {}) {
    this.client = new Initiator({
      context: "logical-name",
      ciphered: false,
      mechanism: 0,
      conformance: [...everything],
      maxReceivePduSize: 1024,
      provider: noble,
      random: pseudoRandom(1),
      timeout: 1000,
      ...options,
    });
  }

  outputs(): Exclude<InitiatorOutput, { type: "transmit" }>[] {
    const all: Exclude<InitiatorOutput, { type: "transmit" }>[] = [];
    for (let output = this.client.poll(); output !== undefined; output = this.client.poll()) {
      if (output.type === "transmit") this.sent.push(toHex(output.pdu));
      else all.push(output);
    }
    return all;
  }

  receive(apdu: ApduLike | string): ReturnType<Alone["outputs"]> {
    this.client.receive(typeof apdu === "string" ? fromHex(apdu) : encodeApdu(apdu), this.now);
    return this.outputs();
  }

  open(aare: Partial<Aare> | string = {}): ReturnType<Alone["outputs"]> {
    this.client.open(this.now);
    this.outputs();
    return this.receive(typeof aare === "string" ? aare : ({ ...accepted, ...aare } as ApduLike));
  }

  ask(request: ServiceRequest = { service: "get", items: [energy] }, options = {}): ReturnType<Alone["outputs"]> {
    this.client.request(request, options, this.now);
    return this.outputs();
  }

  expire(ms: number): ReturnType<Alone["outputs"]> {
    this.now += ms;
    this.client.expire(this.now);
    return this.outputs();
  }
}

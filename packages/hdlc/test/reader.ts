import { fromHex, type LinkOutput, toHex } from "@dlmskit/core";
import { expect } from "vitest";
import {
  type Control,
  decodeFrame,
  encodeFrame,
  type Frame,
  hdlcAddress,
  Primary,
  type PrimaryOptions,
  wrapLlc,
} from "../src/index.ts";
import { server, short } from "./meter.ts";

export const response = (hex: string): Uint8Array => wrapLlc(fromHex(hex), "response");

/** A reading client: what it sends, and what it says. */
export class Reader {
  readonly primary: Primary;
  readonly events: string[] = [];
  /** What the faults say that came with those events. */
  readonly messages: string[] = [];
  readonly received: string[] = [];
  readonly dropped: string[] = [];
  now = 0;

  constructor(options: Partial<PrimaryOptions> = {}) {
    this.primary = new Primary({ client: 16, server, timeout: 1000, retries: 2, ...options });
  }

  drain(): string {
    const frames: Frame[] = [];
    for (let output = this.primary.poll(); output !== undefined; output = this.primary.poll()) {
      if (output.type === "transmit") frames.push(decodeFrame(output.octets));
      else this.#note(output);
    }
    return frames.map(short).join(" ");
  }

  #note(output: LinkOutput): void {
    if (output.type === "received") this.received.push(toHex(output.pdu));
    else if (output.type === "dropped") this.dropped.push(output.why);
    else if (output.type === "disconnected") {
      this.events.push(`${output.why} ${output.fault?.code ?? "-"}`);
      if (output.fault !== undefined) this.messages.push(output.fault.message);
    } else this.events.push(output.type);
  }

  /** A frame of the server; what the client sends upon it. */
  hear(control: Control, information: Uint8Array = new Uint8Array(0), extras: Partial<Frame> = {}): string {
    return this.octets(
      encodeFrame({
        source: hdlcAddress(server),
        destination: hdlcAddress({ upper: 16 }),
        segmented: false,
        information,
        ...extras,
        ...control,
      } as Frame),
    );
  }

  octets(octets: Uint8Array): string {
    this.primary.receive(octets, this.now);
    return this.drain();
  }

  after(ms: number): string {
    this.now += ms;
    this.primary.expire(this.now);
    return this.drain();
  }

  send(hex: string): string {
    this.primary.send(fromHex(hex), this.now);
    return this.drain();
  }

  connect(ua: Uint8Array = new Uint8Array(0)): this {
    this.primary.connect(this.now);
    expect(this.drain()).toBe("snrm!");
    expect(this.hear({ frame: "ua", pollFinal: true }, ua)).toBe("");
    expect(this.primary.mode).toBe("connected");
    return this;
  }
}

import { fromHex, toHex } from "@dlmskit/core";
import { type MemoryDuplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { encodeWpdu, WrapperClientLink } from "@dlmskit/wrapper";
import type { ConnectOptions } from "../src/index.ts";

const conformance = "005e1f";

/** An AARE that accepts, in octets: what is before the user information, the conformance block, the longest APDU, the name. */
export const aare = ({ fields = "a203020100a305a103020100", bits = conformance, pdu = "0400", name = "0007" } = {}) => {
  const information = `be10040e0800065f1f0400${bits}${pdu}${name}`;
  const body = `a109060760857405080101${fields}${information}`;
  return `61${(body.length / 2).toString(16).padStart(2, "0")}${body}`;
};

/** What it answers to an APDU, in hex; several go out one after another. */
export type Script = (apdu: string, count: number) => string | readonly string[] | undefined;

/** A server that says what a test tells it to, over the wrapper, in octets. */
export class RawServer {
  readonly clock = new VirtualClock();
  readonly #far: MemoryDuplex;
  readonly near: MemoryDuplex;
  /** The APDUs that the client sent. */
  readonly heard: string[] = [];
  closed = false;

  constructor(script: Script) {
    [this.near, this.#far] = memoryPair();
    let stream = "";
    this.#far.start({
      received: (octets) => {
        stream += toHex(octets);
        for (let end = endOf(stream); end <= stream.length; end = endOf(stream)) {
          const apdu = stream.slice(16, end);
          stream = stream.slice(end);
          this.heard.push(apdu);
          const said = script(apdu, this.heard.length) ?? [];
          for (const one of typeof said === "string" ? [said] : said) this.say(one);
        }
      },
      closed: () => {
        this.closed = true;
      },
    });
  }

  /** Sends an APDU, from the logical device and to the client of these wPorts. */
  say(apdu: string, source = 1, destination = 16): void {
    this.#far.send(encodeWpdu({ source, destination, pdu: fromHex(apdu) }));
  }

  get line() {
    return { duplex: this.near, link: new WrapperClientLink({ client: 16, server: 1 }) };
  }

  options(more: Partial<ConnectOptions> = {}): ConnectOptions {
    const random = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => (at * 29 + 7) & 0xff);
    return { clock: this.clock, random, timeout: 1000, retries: 0, ...more };
  }
}

/** Where the first WPDU of a stream ends, in digits. */
function endOf(stream: string): number {
  return stream.length < 16 ? Number.POSITIVE_INFINITY : 16 + 2 * Number.parseInt(stream.slice(12, 16), 16);
}

import { fromHex, type Link, toHex } from "@dlmskit/core";
import { type Duplex, LinkPump, type Listener } from "@dlmskit/transport";
import { systemClock, tcpConnect, tcpListen } from "@dlmskit/transport/node";
import { type Control, type Frame, FrameSplitter, Station, type StationOptions } from "../src/index.ts";
import { type FrameExtras, frame, poll, server, short } from "./meter.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * A meter behind a TCP port, and a client that sends octets as a test wants them. Silence is told without waiting: the server has taken
 * all that was sent, and all that it sent has come.
 */
export class TcpMeter implements AsyncDisposable {
  readonly served: string[] = [];
  readonly events: string[] = [];
  readonly dropped: string[] = [];
  answer: (pdu: string) => Uint8Array | undefined = (pdu) => fromHex(`ee${pdu}`);
  #listener: Listener | undefined;
  #client: Duplex | undefined;
  readonly #splitter = new FrameSplitter(Number.POSITIVE_INFINITY);
  #frames: Frame[] = [];
  readonly #octets = { up: 0, taken: 0, down: 0, come: 0 };

  static async open(options: Partial<StationOptions> = {}): Promise<TcpMeter> {
    const meter = new TcpMeter();
    meter.#listener = await tcpListen({ port: 0, accept: (duplex) => meter.#serve(duplex, options) });
    meter.#client = await tcpConnect("127.0.0.1", meter.#listener.port);
    meter.#client.start({
      received(octets) {
        meter.#octets.come += octets.length;
        for (const split of meter.#splitter.push(octets, 0))
          if (split.frame !== undefined) meter.#frames.push(split.frame);
      },
      closed: () => undefined,
    });
    return meter;
  }

  #serve(duplex: Duplex, options: Partial<StationOptions>): void {
    const link = new Station({ addresses: [server], ...options });
    const count = this.#octets;
    const pump = new LinkPump<Link>({
      link,
      duplex,
      clock: systemClock,
      tap: {
        transmit(octets) {
          count.down += octets.length;
          return octets;
        },
      },
      trace: (event) => {
        // After the link has taken them.
        if (event.type === "octets" && event.direction === "in")
          queueMicrotask(() => {
            count.taken += event.octets.length;
          });
      },
    });
    pump.start({
      connected: () => void this.events.push("connected"),
      disconnected: (why) => void this.events.push(`disconnected ${why}`),
      dropped: (why) => void this.dropped.push(why),
      received: (pdu, address, broadcast) => {
        const text = toHex(pdu);
        this.served.push(broadcast ? `broadcast ${text}` : text);
        const answer = broadcast ? undefined : this.answer(text);
        if (answer !== undefined) pump.send(answer, address);
      },
      closed: () => undefined,
    });
  }

  /** What comes back for octets, sent in pieces of so many. */
  async octets(octets: Uint8Array, pieces = octets.length): Promise<Frame[]> {
    this.#frames = [];
    for (let at = 0; at < octets.length; at += pieces) {
      const piece = octets.subarray(at, at + pieces);
      this.#octets.up += piece.length;
      this.#client?.send(piece);
      await this.#settled();
    }
    return this.#frames;
  }

  async #settled(): Promise<void> {
    const { up, taken, down, come } = this.#octets;
    if (taken >= up && come >= down) return;
    await turn();
    return this.#settled();
  }

  async say(control: Control, extras: FrameExtras = {}): Promise<string> {
    return (await this.octets(frame(control, extras))).map(short).join(" ");
  }

  async connect(information: Uint8Array = new Uint8Array(0)): Promise<this> {
    if ((await this.say(poll.snrm, { information })) !== "ua!") throw new Error("not connected");
    return this;
  }

  async isDisconnected(): Promise<boolean> {
    return (await this.say(poll.disc)) === "dm!";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy();
    await this.#listener?.close();
  }
}

import { encode, toHex } from "@dlmskit/core";
import type { Duplex } from "@dlmskit/transport";
import { Wpdu, WpduSplitter } from "@dlmskit/wrapper";

/** What a client sent on a connection, for sending it again. */
export class Recording {
  readonly #wpdus: Uint8Array[] = [];
  readonly #splitter = new WpduSplitter(0xffff);

  /** The wrapper PDUs that were sent, in order. */
  get wpdus(): readonly Uint8Array[] {
    return this.#wpdus;
  }

  /** The same transport; what is sent on it is recorded. */
  tap(duplex: Duplex): Duplex {
    return {
      remote: duplex.remote,
      get bufferedOctets() {
        return duplex.bufferedOctets;
      },
      send: (octets) => {
        for (const wpdu of this.#splitter.push(octets)) this.#wpdus.push(encode(Wpdu, wpdu));
        duplex.send(octets);
      },
      end: () => duplex.end(),
      destroy: () => duplex.destroy(),
      start: (handlers) => duplex.start(handlers),
    };
  }

  /**
   * Sends it all on another connection, each PDU after the answer to the one before, and gives the answers (hex). Ends early
   * where the connection is closed, or where no answer comes for `patience` ms.
   */
  async replay(duplex: Duplex, patience = 5000): Promise<string[]> {
    const answers: string[] = [];
    const splitter = new WpduSplitter(0xffff);
    let wake = (): void => undefined;
    let open = true;
    duplex.start({
      received(octets) {
        for (const { pdu } of splitter.push(octets)) answers.push(toHex(pdu));
        wake();
      },
      closed() {
        open = false;
        wake();
      },
    });
    for (const [at, wpdu] of this.#wpdus.entries()) {
      duplex.send(wpdu);
      const until = performance.now() + patience;
      while (open && answers.length <= at && performance.now() < until) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, patience);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (!open || answers.length <= at) break;
    }
    duplex.destroy();
    return answers;
  }

  /** Sends it all on another connection at once, without a look at answers, and ends. Gives the answers (hex) once the meter has ended too. */
  async pour(duplex: Duplex): Promise<string[]> {
    const answers: string[] = [];
    const splitter = new WpduSplitter(0xffff);
    const closed = new Promise<void>((resolve) =>
      duplex.start({
        received: (octets) => answers.push(...splitter.push(octets).map(({ pdu }) => toHex(pdu))),
        ended: () => undefined,
        closed: () => resolve(),
      }),
    );
    for (const wpdu of this.#wpdus) duplex.send(wpdu);
    duplex.end();
    await closed;
    return answers;
  }
}

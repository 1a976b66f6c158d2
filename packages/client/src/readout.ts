import { type ClientLink, Fault } from "@dlmskit/core";
import { type Clock, type Duplex, LinkPump } from "@dlmskit/transport";

/**
 * A link that reads one result and decodes it: `ReadoutClient` and `TelegramClient` of `@dlmskit/iec62056-21`, `AddressSearch` of
 * `@dlmskit/hdlc`.
 */
export interface ReadoutLink<R> extends ClientLink {
  /** Undefined until the result was received. */
  readonly result: R | undefined;
}

export interface ReadoutOptions {
  readonly clock: Clock;
  /** Time limit for the complete result, ms; none by default: the link has its own time limits. */
  readonly deadline?: number;
}

/**
 * Reads data that a meter sends without an association: the data block of IEC 62056-21 modes A to C, a telegram of mode D or P1, or
 * the addresses in use on a line. The transport is closed afterwards. Faults: those of the link and the transport, `timeout`.
 */
export function readout<R>(
  { duplex, link }: { readonly duplex: Duplex; readonly link: ReadoutLink<R> },
  { clock, deadline }: ReadoutOptions,
): Promise<R> {
  const pump = new LinkPump<ClientLink>({ duplex, link, clock });
  return new Promise((resolve, reject) => {
    const failed = (fault?: Fault): void =>
      reject(
        fault ?? new Fault("link-lost", "the line was closed before the readout was complete", { layer: "client" }),
      );
    const cancel =
      deadline === undefined
        ? undefined
        : clock.at(clock.now() + deadline, () => {
            failed(new Fault("timeout", `the readout was not complete after ${deadline} ms`, { layer: "client" }));
            pump.destroy();
          });
    pump.start({
      received: () => {
        if (link.result !== undefined) resolve(link.result);
        pump.close();
      },
      disconnected: (_why, _address, fault) => {
        if (fault !== undefined) failed(fault);
        pump.end();
      },
      closed: (fault) => {
        cancel?.();
        failed(fault);
      },
    });
    pump.connect();
  });
}

import { Fault } from "@dlmskit/core";
import { type Duplex, watched } from "@dlmskit/transport";
import { tcpListen } from "@dlmskit/transport/node";

interface CalledAt {
  readonly host: string;
  readonly port: number;
}

/** `listen://[HOST]:PORT`: where a meter is waited for that calls in; undefined: any other place. */
export function calledAt(place: string): CalledAt | undefined {
  const [, bracketed, plain = "", port] = /^listen:\/\/(?:\[([^\]]+)\]|([^:[\]/]*)):(\d{1,5})$/.exec(place) ?? [];
  if (port === undefined || Number(port) > 0xffff) return undefined;
  return { host: bracketed ?? (plain || "127.0.0.1"), port: Number(port) };
}

/** The first meter that calls within `timeout` ms. Faults `timeout`, those of the listener. */
export async function nextCall({ host, port }: CalledAt, timeout: number): Promise<Duplex> {
  let called: (duplex: Duplex) => void = () => undefined;
  let late: NodeJS.Timeout | undefined;
  const call = new Promise<Duplex>((resolve, reject) => {
    called = resolve;
    late = setTimeout(() => {
      const hint = "a meter calls by its Auto connect object; dlms simulate --dial does";
      reject(new Fault("timeout", `no meter called ${host}:${port} within ${timeout} ms`, { layer: "client", hint }));
    }, timeout);
  });
  let taken = false;
  const listener = await tcpListen({
    ...{ host, port },
    accept(duplex) {
      // Others call again.
      if (taken) duplex.destroy();
      else called(watched(duplex, () => void listener.close()));
      taken = true;
    },
  });
  try {
    return await call;
  } catch (fault) {
    await listener.close();
    throw fault;
  } finally {
    clearTimeout(late);
  }
}

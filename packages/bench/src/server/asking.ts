import { type Socket, connect as tcp } from "node:net";

export interface Asked {
  readonly perSecond: number;
  /** CPU time of this process per request, µs. */
  readonly cpu: number;
  readonly last: Uint8Array;
}

/** A bare socket on loopback that sends requests one after another. */
export type Asking = (
  port: number,
) => Promise<{ ask(requests: readonly Uint8Array[]): Promise<Asked>; socket: Socket }>;

export const asking: Asking = (port) =>
  new Promise((resolve, reject) => {
    const socket = tcp(port, "127.0.0.1");
    socket.setNoDelay(true);
    socket.once("error", reject);
    let answered = (_: Uint8Array): void => undefined;
    const ask = (requests: readonly Uint8Array[]): Promise<Asked> =>
      new Promise((told) => {
        let at = 0;
        const began = performance.now();
        const before = process.cpuUsage();
        answered = (last) => {
          at++;
          if (at < requests.length) {
            socket.write(requests[at] as Uint8Array);
            return;
          }
          const { user, system } = process.cpuUsage(before);
          const perSecond = (requests.length / (performance.now() - began)) * 1000;
          told({ perSecond, cpu: (user + system) / requests.length, last });
        };
        socket.write(requests[0] as Uint8Array);
      });
    socket.once("connect", () => resolve({ ask, socket }));
    socket.on("data", (octets) => answered(octets));
  });

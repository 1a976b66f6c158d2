import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A number from 0 to below. */
export type Dice = (below: number) => number;

const anyDice: Dice = (below) => Math.floor(Math.random() * below);

/**
 * A TCP port before several processes that serve the same: each new connection goes to one of them, chosen at random, and
 * octets pass both ways unchanged. Where a process is gone, its connections end, as without a front.
 */
export class Front implements AsyncDisposable {
  readonly #server: Server;
  readonly #dice: Dice;
  readonly #backends = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  readonly #counts = new Map<string, number>();

  private constructor(dice: Dice) {
    this.#dice = dice;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Opens a port of the loopback interface. `dice`: how a process is chosen. */
  static async open(dice: Dice = anyDice): Promise<Front> {
    const front = new Front(dice);
    front.#server.listen(0, "127.0.0.1");
    await once(front.#server, "listening");
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections each process was given, by its name; under `""` those that came while there was none. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** From now on connections may go to this process. A name that is there already gets the new port. */
  add(name: string, port: number): void {
    this.#backends.set(name, port);
  }

  /** From now on no new connection goes to it; those that it has go on. */
  remove(name: string): void {
    this.#backends.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    this.#watch(client);
    const backends = [...this.#backends];
    const [name, port] = backends[this.#dice(backends.length)] ?? ["", undefined];
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    if (port === undefined) {
      client.destroy();
      return;
    }
    const backend = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#watch(backend);
    client.pipe(backend).pipe(client);
    // What has arrived from a process before its end still goes to the client: a pipe ends the client after it.
    client.on("close", () => backend.destroy());
    backend.on("close", (failed) => {
      if (failed) client.destroySoon();
    });
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

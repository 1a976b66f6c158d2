import { T } from "@dlmskit/apdu";
import { type ConnectOptions, connect } from "@dlmskit/client";
import { Fault, fromAscii } from "@dlmskit/core";
import { register } from "@dlmskit/cosem-objects";
import { node } from "@dlmskit/security/node";
import { type Duplex, seededRandom } from "@dlmskit/transport";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { hls5, type Limits, lls, meter, none, type ServerEvent, serve, tcp } from "../src/index.ts";
import { ak, ek, protectedClient } from "./a-client.ts";
import { aarqOf } from "./flood.ts";

// What a stranger does must not keep the rightful client out. On real sockets, each host an address of the loopback.

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 } as const;

class Served implements AsyncDisposable {
  readonly events: ServerEvent[] = [];
  readonly #running: Awaited<ReturnType<typeof serve>>;

  private constructor(running: Awaited<ReturnType<typeof serve>>, events: ServerEvent[]) {
    this.#running = running;
    this.events = events;
  }

  static async begin(limits: Partial<Limits> = {}): Promise<Served> {
    const events: ServerEvent[] = [];
    const made = meter({
      name: "TST0000000000001",
      objects: [register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" })],
      associations: {
        public: { client: 16, security: none(), access: "read" },
        reader: { client: 32, security: lls("reader-secret"), access: "read" },
        gmac: {
          client: 49,
          security: hls5({ encryptionKey: ek, authenticationKey: ak, ciphered: false }),
          access: "read",
        },
        utility: { client: 48, security: hls5({ encryptionKey: ek, authenticationKey: ak }), access: "full" },
      },
    });
    const on = { wrapper: tcp(0, () => new WrapperServerLink({})) };
    return new Served(await serve(made, { on, limits, events: (event) => events.push(event) }), events);
  }

  get counts() {
    return this.#running.server.counts;
  }

  get connections(): number {
    return this.#running.server.connections;
  }

  dial(localAddress: string): Promise<Duplex> {
    return tcpConnect("127.0.0.1", this.#running.addresses.wrapper?.port ?? 0, { localAddress });
  }

  async connect(host: string, client: number, options: Partial<ConnectOptions> = {}) {
    const duplex = await this.dial(host);
    const link = new WrapperClientLink({ client, server: 1 });
    return connect({ duplex, link }, { clock: systemClock, timeout: 3000, retries: 0, provider: node, ...options });
  }

  /** "opened", or the code of the fault that a client meets. */
  async attempt(host: string, client: number, options: Partial<ConnectOptions> = {}): Promise<string> {
    try {
      const session = await this.connect(host, client, options);
      const value = await session.read(energy, T.doubleLongUnsigned);
      await session.release();
      return value === 1234 ? "opened" : "wrong";
    } catch (error) {
      return error instanceof Fault ? error.code : String(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.close();
  }
}

const password = (secret: string): Partial<ConnectOptions> => ({ mechanism: 1, secret: fromAscii(secret) });
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const print = (line: string): void => void process.stdout.write(`${line}\n`);

describe("the rightful client gets in", () => {
  it("while a stranger elsewhere guesses 20 times a second, who is locked out (A20, 2.10)", async () => {
    await using served = await Served.begin({ lockout: 20_000, longestLockout: 20_000 });
    const answers = new Map<string, number>();
    let guessing = true;
    const stranger = (async () => {
      while (guessing) {
        const answer = await served.attempt("127.0.0.9", 32, password("guess-guess"));
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        await pause(50);
      }
    })();
    await expect.poll(() => served.counts["refused:locked-out"] ?? 0, { timeout: 30_000 }).toBeGreaterThan(3);
    const rightful: string[] = [];
    for (let at = 0; at < 10; at++) {
      rightful.push(await served.attempt("127.0.0.1", 32, password("reader-secret")));
      await pause(50);
    }
    // Where the guesses come from, not even the right secret counts now.
    const there = await served.attempt("127.0.0.9", 32, password("reader-secret"));
    guessing = false;
    await stranger;
    const { locked, "refused:locked-out": notLooked, "refused:authentication-failed": looked } = served.counts;
    print(
      `guesses: ${[...answers].join("; ")}; ${looked} were looked at, ${notLooked} not, ${locked} lock-outs; rightful: ${rightful.join(" ")}`,
    );
    expect(new Set(rightful)).toEqual(new Set(["opened"]));
    // The stranger is not told whether a guess was looked at.
    expect([...answers.keys()]).toEqual(["association-refused"]);
    expect(there).toBe("association-refused");
    expect([looked, locked]).toEqual([5, 1]);
  });

  it("though bad tags of a key that cannot be guessed come from its own host (2.10)", async () => {
    await using served = await Served.begin();
    for (const [client, ciphered] of [
      [48, true],
      [49, false],
    ] as const) {
      const wrong = protectedClient({ keys: { encryptionKey: new Uint8Array(16), authenticationKey: ak } });
      for (let at = 0; at < 8; at++) {
        const answer = await served.attempt("127.0.0.1", client, { mechanism: 5, ciphered, security: wrong });
        expect(answer).not.toBe("opened");
      }
      const right = protectedClient({}, 1000);
      expect(await served.attempt("127.0.0.1", client, { mechanism: 5, ciphered, security: right })).toBe("opened");
    }
    print(`bad tags: ${JSON.stringify(served.counts)}`);
    expect(served.counts.locked).toBeUndefined();
  });
});

describe("8 silent public associations", () => {
  it("do not close a meter: the oldest of the host that has most of them gives way", async () => {
    await using served = await Served.begin();
    const first = await served.connect("127.0.0.1", 16);
    const silent = [];
    for (let at = 0; at < 8; at++) silent.push(await served.connect("127.0.0.9", 16));
    // The client that was there first is alone on its host: it stays.
    expect(await first.read(energy, T.doubleLongUnsigned)).toBe(1234);
    expect(await served.attempt("127.0.0.2", 16)).toBe("opened");
    expect(await served.attempt("127.0.0.2", 32, password("reader-secret"))).toBe("opened");
    const aborted = served.events.filter((event) => event.type === "released" && event.why === "aborted");
    print(`silent: ${served.counts.associated} were associated, ${aborted.length} gave way`);
    expect(aborted).toHaveLength(2);
    await expect(silent[0]?.read(energy, T.doubleLongUnsigned)).rejects.toThrow(Fault);
    expect(await silent[7]?.read(energy, T.doubleLongUnsigned)).toBe(1234);
  });
});

describe("connections without an association (2.14)", () => {
  it("are closed after a while, and give way to new ones before that", async () => {
    await using served = await Served.begin({ connections: 20, firstAssociation: 1500 });
    const strangers = [];
    for (let at = 0; at < 60; at++) strangers.push(await served.dial("127.0.0.9"));
    const times: number[] = [];
    for (let at = 0; at < 5; at++) {
      const began = performance.now();
      expect(await served.attempt("127.0.0.1", 32, password("reader-secret"))).toBe("opened");
      times.push(performance.now() - began);
    }
    print(`60 silent connections, 20 places: a client is served in ${times.map((ms) => ms.toFixed(1)).join(", ")} ms`);
    await expect.poll(() => served.connections, { timeout: 10_000 }).toBe(0);
    const { events } = served;
    const late = events.filter((event) => event.type === "closed" && event.fault?.code === "no-association");
    expect(late.length).toBeGreaterThan(0);
  });

  it("may be limited for each host", async () => {
    await using served = await Served.begin({ connectionsPerHost: 3 });
    for (let at = 0; at < 6; at++) await served.dial("127.0.0.9");
    await expect.poll(() => served.connections).toBe(3);
    expect(await served.attempt("127.0.0.9", 16)).not.toBe("opened");
    expect(await served.attempt("127.0.0.1", 16)).toBe("opened");
  });

  it("of one host are as many as a gateway needs, unless it is told otherwise", async () => {
    await using served = await Served.begin();
    const sessions = await Promise.all(
      // All at once, on a machine that may be busy: nobody's answer comes soon.
      Array.from({ length: 200 }, () =>
        served.attempt("127.0.0.1", 32, { ...password("reader-secret"), timeout: 30_000 }),
      ),
    );
    expect(sessions.filter((one) => one === "opened")).toHaveLength(200);
  });
});

it("public AARQs in a row leave an open association alone", async () => {
  await using served = await Served.begin();
  const session = await served.connect("127.0.0.1", 16);
  const random = seededRandom(1);
  const strangers = await Promise.all(Array.from({ length: 9 }, () => served.dial("127.0.0.9")));
  for (const duplex of strangers) duplex.start({ received: () => undefined, closed: () => undefined });
  for (let at = 0; at < 50; at++) {
    for (const duplex of strangers) for (let count = 1 + random() * 5; count > 0; count--) duplex.send(aarqOf(16));
    expect(await session.read(energy, T.doubleLongUnsigned)).toBe(1234);
  }
  await session.release();
});

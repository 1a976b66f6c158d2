import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { fromHex, toHex } from "@dlmskit/core";
import { memoryPair } from "@dlmskit/transport";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { describe, expect, it } from "vitest";
import { ExecutionOracle } from "./execution-oracle.ts";
import { Front } from "./front.ts";
import { NonceOracles } from "./nonce-oracle.ts";
import { Recording } from "./recording.ts";
import { Replicas } from "./replicas.ts";

/** What a server says before it ends a connection, or "" where there was none. */
async function said(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  socket.on("error", () => undefined);
  await once(socket, "close");
  return text;
}

async function speaker(text: string): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => socket.end(text));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as { port: number }).port, server };
}

describe("a front", () => {
  it("sends each connection to one of its processes, by the dice", async () => {
    const draws = [0, 1, 1, 0, 1];
    await using front = await Front.open(() => draws.shift() as number);
    expect(await said(front.port)).toBe("");
    const [one, two] = [await speaker("one"), await speaker("two")];
    front.add("one", one.port);
    front.add("two", two.port);
    const heard = [];
    for (let at = 0; at < 3; at++) heard.push(await said(front.port));
    expect(heard).toEqual(["two", "two", "one"]);
    expect(Object.fromEntries(front.counts)).toEqual({ "": 1, one: 1, two: 2 });
    front.remove("two");
    expect(await said(front.port)).toBe("");
    one.server.close();
    two.server.close();
  });

  it("passes octets both ways, the last before the end too", async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await using front = await Front.open();
    front.add("echo", (server.address() as { port: number }).port);
    const socket = connect({ port: front.port, host: "127.0.0.1", allowHalfOpen: true });
    const sent = new Uint8Array(1_000_000).map((_, at) => at * 31);
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.end(sent);
    await once(socket, "close");
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    server.close();
  });
});

describe("processes behind a front", () => {
  const program = (name: string): string => `
    const server = require("node:net").createServer((socket) => socket.on("error", () => {}).on("data", (octets) => {
      console.log("heard " + octets);
      socket.write("${name}" + octets);
    }));
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));`;

  it("are killed and started again, and the front follows", async () => {
    const told: string[] = [];
    await using front = await Front.open();
    await using replicas = await Replicas.start({
      front,
      names: ["a", "b"],
      args: (name) => ["--eval", program(name)],
      told: (name, line) => told.push(`${name} ${line}`),
    });
    /** Asks on a connection of its own until a process is there to answer. */
    const ask = async (text: string): Promise<string> => {
      for (;;) {
        const socket = connect(front.port, "127.0.0.1");
        socket.on("error", () => undefined);
        socket.write(text);
        const answer = await Promise.race([
          once(socket, "data").then(
            ([octets]) => String(octets),
            () => undefined,
          ),
          once(socket, "close").then(() => undefined),
        ]);
        socket.destroy();
        if (answer !== undefined) return answer;
      }
    };
    expect(["a1", "b1"]).toContain(await ask("1"));
    const held = connect(front.port, "127.0.0.1");
    held.on("error", () => undefined);
    held.write("2");
    const [first] = await once(held, "data");
    const name = String(first).slice(0, 1);
    const other = name === "a" ? "b" : "a";
    held.write("3");
    await once(held, "data");
    const closed = once(held, "close");
    await replicas.kill(name);
    await closed;
    expect(told).toContain(`${name} heard 2`);
    for (let at = 0; at < 5; at++) expect(await ask("4")).toBe(`${other}4`);
    expect(() => replicas.port(name)).toThrow("does not run");
    await replicas.restart(name);
    await replicas.kill(other);
    expect(await ask("5")).toBe(`${name}5`);
    expect(Object.fromEntries(replicas.kills)).toEqual({ [name]: 1, [other]: 1 });
  });

  it("say why they do not start", async () => {
    await using front = await Front.open();
    const start = Replicas.start({ front, names: ["a"], args: () => ["--eval", "throw new Error('no database')"] });
    await expect(start).rejects.toThrow("no database");
  });
});

describe("the oracle of executions", () => {
  const settled = (): ExecutionOracle => {
    const oracle = new ExecutionOracle();
    for (let at = 0; at < 4; at++) expect(oracle.next()).toBe(at);
    oracle.acknowledged(0);
    oracle.refused(1);
    return oracle;
  };

  it("takes what may be, with an unanswered request executed or not", () => {
    expect(() => settled().check([0])).not.toThrow();
    expect(() => settled().check([0, 3, 2])).not.toThrow();
    expect(settled().counts).toEqual({ acknowledged: 1, refused: 1, unanswered: 2 });
  });

  it("sees what must not be", () => {
    expect(() => settled().check([0, 2, 2])).toThrow("1 wrong: 2 was executed 2 times");
    expect(() => settled().check([2])).toThrow("1 wrong: 0 was acknowledged and is lost");
    expect(() => settled().check([0, 1])).toThrow("1 wrong: 1 was refused and executed");
    expect(() => settled().check([0, 9])).toThrow("1 wrong: 9 was executed and never sent");
    expect(() => settled().refused(0)).toThrow("0 was acknowledged already");
    expect(() => settled().refused(9)).toThrow("9 was never sent");
  });
});

describe("a recording", () => {
  const wpdu = (pdu: string): Uint8Array =>
    fromHex(`000100100001${(pdu.length / 2).toString(16).padStart(4, "0")}${pdu}`);
  /** A meter that answers each PDU with the same one, cut in two, and ends the connection after so many. */
  const parrot = (answers: number) => {
    const [near, far] = memoryPair({ clock: systemClock, latency: 1 });
    const heard: string[] = [];
    far.start({
      received(octets) {
        heard.push(toHex(octets));
        if (heard.length > answers) far.end();
        else {
          far.send(octets.subarray(0, 5));
          far.send(octets.subarray(5));
        }
      },
      closed: () => undefined,
    });
    return { near, heard };
  };

  it("is sent again one PDU after the other, however it was cut", async () => {
    const recording = new Recording();
    const first = parrot(9);
    const tapped = recording.tap(first.near);
    tapped.start({ received: () => undefined, closed: () => undefined });
    const [one, two] = [wpdu("c001c100"), wpdu("c002")];
    tapped.send(one.subarray(0, 3));
    tapped.send(new Uint8Array([...one.subarray(3), ...two]));
    expect(recording.wpdus).toEqual([one, two]);
    const again = parrot(9);
    expect(await recording.replay(again.near)).toEqual(["c001c100", "c002"]);
    expect(again.heard).toEqual([toHex(one), toHex(two)]);
  });

  it("ends where the meter ends the connection, or says nothing", async () => {
    const recording = new Recording();
    const tapped = recording.tap(parrot(9).near);
    for (const pdu of ["c001", "c002", "c003"]) tapped.send(wpdu(pdu));
    expect(await recording.replay(parrot(1).near)).toEqual(["c001"]);
    const [silent] = memoryPair({ clock: systemClock });
    expect(await recording.replay(silent, 20)).toEqual([]);
  });
});

describe("the oracle of counters", () => {
  // general-glo-get-request of one sender, authenticated only, with the counter given.
  const sealed = (counter: number): Uint8Array =>
    fromHex(`db085453543030303031${"16"}10${counter.toString(16).padStart(8, "0")}c001c1${"00".repeat(14)}`);

  it("counts under each key apart, and a repeated client not at all", () => {
    const [key, otherKey] = [new Uint8Array(16), new Uint8Array(16).fill(1)];
    const oracles = new NonceOracles();
    oracles.of(key).hear("server", sealed(1));
    oracles.of(otherKey).hear("server", sealed(1));
    expect(oracles.of(key).counts).toEqual({ "5453543030303031": 1 });
    oracles.check();
    oracles.of(key).hear("server", sealed(1));
    expect(() => oracles.check()).toThrow("used twice");
  });

  it("hears a client that repeats itself without counting it, and the meter's answers as ever", async () => {
    const oracle = new NonceOracles().of(new Uint8Array(16));
    const body = sealed(7);
    const wpdu = fromHex(`00010010000100${body.length.toString(16).padStart(2, "0")}${toHex(body)}`);
    const server = createServer((socket) => socket.on("data", (octets) => socket.end(octets)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const send = async (repeated: boolean): Promise<void> => {
      const duplex = oracle.tap(await tcpConnect("127.0.0.1", port), {}, repeated);
      const closed = new Promise<void>((resolve) =>
        duplex.start({ received: () => undefined, closed: () => resolve() }),
      );
      duplex.send(wpdu);
      await closed;
    };
    await send(true);
    oracle.check();
    await send(false);
    expect(oracle.repeats).toHaveLength(2);
    server.close();
  });

  it("hands on all that a transport tells, to handlers of a class too", async () => {
    const heard: string[] = [];
    class Handlers {
      readonly #heard = heard;
      received(): void {
        this.#heard.push("received");
      }
      ended(): void {
        this.#heard.push("ended");
      }
      closed(): void {
        this.#heard.push("closed");
      }
    }
    const [near, far] = memoryPair();
    const duplex = new NonceOracles().of(new Uint8Array(16)).tap(near);
    duplex.start(new Handlers());
    far.start({ received: () => undefined, closed: () => undefined });
    far.send(sealed(1));
    far.end();
    await expect.poll(() => heard).toEqual(["received", "ended"]);
    duplex.end();
    await expect.poll(() => heard).toEqual(["received", "ended", "closed"]);
  });
});

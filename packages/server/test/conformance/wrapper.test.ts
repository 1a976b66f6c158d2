import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fromHex, toHex } from "@dlmskit/core";
import { WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { type Limits, serve, tcp, udp } from "../../src/index.ts";
import { aMeter } from "../a-meter.ts";
import { initiateRequest, rawAarq } from "./raw-aarq.ts";

// Each case on real sockets, in octets.

const hex4 = (value: number): string => value.toString(16).padStart(4, "0");
const wpdu = (apdu: string, { client = 1, server = 1, length = apdu.length / 2, version = 1 } = {}): string =>
  `${hex4(version)}${hex4(client)}${hex4(server)}${hex4(length)}${apdu}`;
const aarq = rawAarq();
const getEnergy = "c001c100030100010800ff0200";
const energy = "c401c10006000004d2";
const answered = (apdu: string, { client = 1, server = 1 } = {}): string =>
  `0001${hex4(server)}${hex4(client)}${hex4(apdu.length / 2)}${apdu}`;

/** A TCP connection that says what came, in hex. */
class Wire {
  readonly #socket: Socket;
  #came = "";
  closed = false;
  ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (octets) => {
      this.#came += octets.toString("hex");
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("error", () => undefined);
  }

  static async open(port: number, allowHalfOpen = false): Promise<Wire> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
    await once(socket, "connect");
    return new Wire(socket);
  }

  send(hex: string): void {
    this.#socket.write(fromHex(hex));
  }

  /** Waits for at least so many octets, and takes all that came. */
  async take(octets: number): Promise<string> {
    await expect.poll(() => this.#came.length / 2, { timeout: 10_000, interval: 5 }).toBeGreaterThanOrEqual(octets);
    const came = this.#came;
    this.#came = "";
    return came;
  }

  /** The APDU that answers this one. */
  async ask(apdu: string, address: { client?: number; server?: number } = {}): Promise<string> {
    this.send(wpdu(apdu, address));
    const came = await this.take(9);
    return came.slice(16);
  }

  /** Whether the meter answers nothing: what is asked behind it is the first that is answered. */
  async silent(hex: string): Promise<void> {
    this.send(hex);
    this.send(wpdu(getEnergy));
    expect(await this.take(9)).toBe(answered(energy));
  }

  async gone(): Promise<void> {
    await expect.poll(() => this.closed, { timeout: 10_000, interval: 5 }).toBe(true);
  }

  halfClose(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

type LinkOptions = ConstructorParameters<typeof WrapperServerLink>[0];

async function served(link: LinkOptions = {}, limits: Partial<Limits> = {}) {
  const { meter, slow } = aMeter();
  const on = {
    wrapper: tcp(0, () => new WrapperServerLink(link)),
    datagrams: udp(0, () => new WrapperDatagramLink()),
  };
  const running = await serve(meter, { on, limits });
  const port = running.addresses.wrapper?.port as number;
  const open = (halfOpen?: boolean): Promise<Wire> => Wire.open(port, halfOpen);
  const associated = async (client = 1, halfOpen?: boolean): Promise<Wire> => {
    const wire = await open(halfOpen);
    expect(await wire.ask(aarq, { client })).toMatch(/^61/);
    return wire;
  };
  return {
    ...{ running, meter, slow, open, associated, datagrams: running.addresses.datagrams?.port as number },
    [Symbol.asyncDispose]: () => running.close(),
  };
}

describe("the wrapper on sockets", () => {
  it("W1: another version ends the connection: the stream cannot be found again", async () => {
    await using one = await served();
    const wire = await one.associated();
    wire.send(wpdu(getEnergy, { version: 2 }));
    await wire.gone();
    await one.associated();
  });

  it("W2: a WPDU that is never whole ends the connection; an APDU cut short is refused, the next is served", async () => {
    await using one = await served({ incomplete: 100 });
    const slow = await one.associated();
    slow.send(wpdu(getEnergy).slice(0, -4));
    await slow.gone();
    const short = await one.associated();
    short.send(wpdu(getEnergy.slice(0, -6)));
    expect((await short.take(11)).slice(16)).toMatch(/^d8/);
    expect(await short.ask(getEnergy)).toBe(energy);
  });

  it("W3: nobody answers for a logical device that is not there; a client that is not known is refused", async () => {
    await using one = await served();
    const wire = await one.associated();
    await wire.silent(wpdu(aarq, { server: 9 }));
    // AARE, rejected-permanent.
    expect(await wire.ask(aarq, { client: 99 })).toMatch(/^61..a109060760857405080101a203020101/);
  });

  it("W4: no octets are ignored; more than the meter takes ends the connection at once", async () => {
    await using one = await served({ maxPdu: 1024 });
    const wire = await one.associated();
    await wire.silent(wpdu(""));
    wire.send(wpdu("", { length: 0xffff }));
    await wire.gone();
  });

  it("W5: two WPDUs in one segment; one octet a segment", async () => {
    await using one = await served();
    const wire = await one.associated();
    const two = wpdu(getEnergy) + wpdu(getEnergy);
    wire.send(two);
    expect(await wire.take(34)).toBe(answered(energy).repeat(2));
    for (let at = 0; at < two.length; at += 2) {
      wire.send(two.slice(at, at + 2));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await wire.take(34)).toBe(answered(energy).repeat(2));
  });

  it("W6: with the connection the association is gone", async () => {
    await using one = await served();
    const wire = await one.associated();
    expect(await wire.ask(getEnergy)).toBe(energy);
    wire.destroy();
    const again = await one.open();
    expect(await again.ask(getEnergy)).toBe("d80101");
    await expect.poll(() => one.meter.openAssociations, { timeout: 10_000 }).toBe(0);
  });

  it("W7: a connection on which nothing is said ends", async () => {
    await using one = await served({ inactivity: 100 });
    const wire = await one.associated();
    await wire.gone();
  });

  it("W8: each connection has associations of its own, also of one client, and no more than the meter may have", async () => {
    await using one = await served({}, { associationsPerMeter: 2 });
    const [first, second] = [await one.associated(), await one.associated()];
    for (const wire of [first, second, first]) expect(await wire.ask(getEnergy)).toBe(energy);
    // The end of one is not the end of the other.
    expect(await first.ask("6203800100")).toBe("6303800100");
    expect(await first.ask(getEnergy)).toBe("d80101");
    expect(await second.ask(getEnergy)).toBe(energy);
    expect(one.meter.openAssociations).toBe(1);
    // Another client; then one more than there is room for: the one that was silent longest gives way.
    const third = await one.associated(16);
    expect(one.meter.openAssociations).toBe(2);
    expect(await second.ask(getEnergy)).toBe(energy);
    const fourth = await one.associated(1);
    expect(one.meter.openAssociations).toBe(2);
    expect(await third.ask("c001c100080000010000ff0200", { client: 16 })).toBe("d80101");
    for (const wire of [second, fourth]) expect(await wire.ask(getEnergy)).toBe(energy);
  });

  it("W9: what was asked before the client closed its side is answered, then the meter closes", async () => {
    await using one = await served();
    const wire = await one.associated(1, true);
    // An object whose value comes later.
    wire.send(wpdu("c001c100010000600 10cff0200".replaceAll(" ", "")));
    wire.halfClose();
    expect((await wire.take(14)).slice(16)).toBe("c401c100114d");
    await expect.poll(() => wire.ended, { timeout: 10_000 }).toBe(true);
    await wire.gone();
  });

  it("W10: one APDU a datagram; what comes behind it in the same one is not executed", async () => {
    await using one = await served();
    const socket = createSocket("udp4");
    const came: string[] = [];
    socket.on("message", (octets) => void came.push(toHex(octets)));
    const send = (hex: string): void => socket.send(fromHex(hex), one.datagrams, "127.0.0.1");
    send(wpdu(rawAarq({ userInformation: initiateRequest({ pduSize: 500 }) })));
    await expect.poll(() => came.length, { timeout: 10_000 }).toBe(1);
    const reset = "c301c100030100010800ff01010f00";
    send(wpdu(getEnergy) + wpdu(reset));
    send(wpdu(getEnergy.replace("c001c1", "c001c2")));
    await expect.poll(() => came.at(-1), { timeout: 10_000 }).toBe(answered(energy.replace("c401c1", "c401c2")));
    socket.close();
  });
});

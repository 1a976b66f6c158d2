import { fromHex, type LinkOutput, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type AddressLike,
  AddressSearch,
  type AddressSearchOptions,
  candidateAddresses,
  type FoundMeter,
  Primary,
  Station,
  type StationOptions,
} from "../src/index.ts";
import { frame } from "./meter.ts";

interface Sender {
  receive(octets: Uint8Array, now: number): void;
  poll(): LinkOutput | undefined;
  readonly deadline: number | undefined;
  expire(now: number): void;
}

/** Several meters and one client on two wires: everybody hears everything, and with `echo` also itself. */
class Bus {
  now = 0;
  readonly heard: string[] = [];
  readonly #members: { readonly end: Sender; readonly name: string }[] = [];
  readonly echo: boolean;
  /** Answers at the same time are heard as their exclusive or. */
  collide = false;

  constructor(echo = false) {
    this.echo = echo;
  }

  meter(name: string, addresses: StationOptions["addresses"], options: Partial<StationOptions> = {}): Station {
    const station = new Station({ addresses, ...options });
    this.#members.push({ end: station, name });
    return station;
  }

  join(end: Sender): void {
    this.#members.push({ end, name: "client" });
  }

  /** Runs until nobody has anything to say or to wait for, at most so long. */
  run(ms = 600_000): void {
    const until = this.now + ms;
    for (;;) {
      while (this.#round());
      const deadlines = this.#members.flatMap(({ end }) => end.deadline ?? []);
      const next = Math.min(...deadlines);
      if (!(next <= until)) return;
      this.now = Math.max(this.now, next);
      for (const { end } of this.#members) end.expire(this.now);
    }
  }

  #round(): boolean {
    const said: { from: Sender; octets: Uint8Array }[] = [];
    let busy = false;
    for (const { end, name } of this.#members) {
      for (let output = end.poll(); output !== undefined; output = end.poll()) {
        busy = true;
        if (output.type === "transmit") said.push({ from: end, octets: output.octets });
        else if (output.type === "received") {
          this.heard.push(`${name} ${output.broadcast === true ? "broadcast " : ""}${toHex(output.pdu)}`);
          if (name !== "client") (end as Station).send(fromHex(`aa${toHex(output.pdu)}`), this.now, output.address);
        }
      }
    }
    const [first, second] = said;
    if (this.collide && first !== undefined && second !== undefined && first.from !== second.from) {
      const mixed = first.octets.map((octet, at) => octet ^ (second.octets[at] ?? 0));
      for (const { end } of this.#members) end.receive(mixed, this.now);
      return true;
    }
    for (const { from, octets } of said) {
      for (const { end } of this.#members) if (this.echo || end !== from) end.receive(octets, this.now);
    }
    return busy;
  }
}

const search = (bus: Bus, options: Partial<AddressSearchOptions> = {}): readonly FoundMeter[] | undefined => {
  const end = new AddressSearch({ candidates: candidateAddresses(), ...options });
  bus.join(end);
  end.connect(bus.now);
  bus.run();
  return end.result;
};

describe.each([false, true])("several meters on one line, echo %s", (echo) => {
  const addresses: readonly AddressLike[] = [
    { upper: 1 },
    { upper: 1, lower: 17, octets: 2 },
    { upper: 1, lower: 300, octets: 4 },
  ];

  it("each answers to its own address of 1, 2 or 4 octets, and no other", () => {
    const bus = new Bus(echo);
    addresses.forEach((address, at) => void bus.meter(`meter${at}`, [address]));
    const clients = addresses.map(
      (server) => new Primary({ client: 16, server, quirks: echo ? ["echo"] : [], maxInfoSend: 64, windowSend: 3 }),
    );
    clients.forEach((primary, at) => {
      bus.join(primary);
      primary.connect(bus.now);
      primary.send(fromHex(`c0010${at}`), bus.now);
      bus.run(5000);
      primary.close(bus.now);
      bus.run(5000);
    });
    expect(bus.heard).toEqual(clients.flatMap((_, at) => [`meter${at} c0010${at}`, `client aac0010${at}`]));
  });

  it("a frame to all stations is executed by each and answered by none", () => {
    const bus = new Bus(echo);
    addresses.slice(1).forEach((address, at) => void bus.meter(`meter${at}`, [address]));
    let answered = 0;
    const mute = {
      receive: () => void answered++,
      poll: () => undefined,
      deadline: undefined,
      expire: () => undefined,
    };
    const all = frame(
      { frame: "ui", pollFinal: false },
      { to: { upper: 0x3fff, lower: 0x3fff, octets: 4 }, information: fromHex("e6e600c101") },
    );
    bus.join(mute);
    const sent: LinkOutput[] = [{ type: "transmit", octets: all }];
    bus.join({ receive: () => undefined, poll: () => sent.shift(), deadline: undefined, expire: () => undefined });
    bus.run();
    expect(bus.heard).toEqual(["meter0 broadcast c101", "meter1 broadcast c101"]);
    expect(answered).toBe(1);
  });

  it("are found by their addresses, each once, and are left alone afterwards", () => {
    const bus = new Bus(echo);
    const stations = addresses.map((address, at) => bus.meter(`meter${at}`, [address]));
    // It answers in two and four octets.
    bus.meter("both", [{ upper: 1, lower: 40 }]);
    const asked: number[] = [];
    const found = search(bus, { asking: ({ lower = 0 }) => void asked.push(lower) });
    expect(found?.map(({ address, answer }) => [address, answer])).toEqual([
      [{ upper: 1, octets: 1 }, "ua"],
      [{ upper: 1, lower: 17, octets: 2 }, "ua"],
      [{ upper: 1, lower: 40, octets: 2 }, "ua"],
      [{ upper: 1, lower: 300, octets: 4 }, "ua"],
    ]);
    expect(asked.length).toBeGreaterThan(300);
    expect(stations.map(({ links }) => links)).toEqual([0, 0, 0]);
  });
});

describe("address search", () => {
  it("finds a meter that refuses the client", () => {
    const bus = new Bus();
    bus.meter("full", [{ upper: 1, lower: 20 }], { maxLinks: 0 });
    const found = search(bus, { candidates: candidateAddresses({ lower: [19, 20] }) });
    expect(found).toEqual([{ address: { upper: 1, lower: 20, octets: 2 }, answer: "dm" }]);
  });

  it("tells an address at which several answer together", () => {
    const bus = new Bus();
    bus.collide = true;
    bus.meter("one", [{ upper: 1, lower: 20 }]);
    bus.meter("other", [{ upper: 1, lower: 20 }], { maxInfoSend: 64 });
    const found = search(bus, { candidates: [{ upper: 1, lower: 20 }] });
    expect(found).toEqual([{ address: { upper: 1, lower: 20, octets: 2 }, answer: "unreadable" }]);
  });

  it("asks as often as told, takes late answers, and passes over frames for others", () => {
    const end = new AddressSearch({ candidates: candidateAddresses({ lower: [5, 6] }), timeout: 100, tries: 2 });
    const sent = (now: number): number => {
      end.expire(now);
      let count = 0;
      for (let output = end.poll(); output !== undefined; output = end.poll()) if (output.type === "transmit") count++;
      return count;
    };
    end.connect(0);
    expect(sent(0)).toBe(1);
    expect(sent(100)).toBe(1);
    // The next: of two octets.
    expect(sent(200)).toBe(1);
    const ua = { frame: "ua", pollFinal: true } as const;
    end.receive(frame(ua, { to: { upper: 99 }, from: { upper: 1, octets: 1 } }), 210);
    end.receive(frame(ua, { to: { upper: 16 }, from: { upper: 1, octets: 1 } }), 220);
    // DISC to the one that was late.
    expect(sent(230)).toBe(1);
    for (let now = 300; end.deadline !== undefined && now < 5000; now += 100) sent(now);
    expect(end.result).toEqual([{ address: { upper: 1, octets: 1 }, answer: "ua", parameters: {} }]);
  });

  it("takes no client that cannot be, and is over when it is closed", () => {
    expect(() => new AddressSearch({ client: 127, candidates: [] })).toThrow();
    const end = new AddressSearch({ candidates: candidateAddresses() });
    end.connect(0);
    end.close();
    expect(end.deadline).toBeUndefined();
    expect(end.result).toBeUndefined();
  });
});

import { type ClientLink, concat, fromHex } from "@dlmskit/core";
import { type Duplex, LinkPump } from "@dlmskit/transport";
import { systemClock, tcpConnect, tcpListen } from "@dlmskit/transport/node";
import { describe, expect, it } from "vitest";
import { decodeNegotiation, decodeRejection, encodeNegotiation, Primary, type StationOptions } from "../src/index.ts";
import { altered, client, command, frame, poll, server } from "./meter.ts";
import { TcpMeter } from "./tcp-meter.ts";

const big = { maxInfoSend: 2030, maxInfoReceive: 2030, windowSend: 7, windowReceive: 7 };
const length = (octets: number) => ({ maxInfoFieldLengthTransmit: octets, maxInfoFieldLengthReceive: octets });
const windows = (size: number) => ({ windowSizeTransmit: size, windowSizeReceive: size });
const limit = (octets: number, size: number) =>
  encodeNegotiation({ maxInfoFieldLengthReceive: octets, windowSizeReceive: size });
const c0 = { information: command("c0") };
const segment = { ...c0, segmented: true };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Case = readonly [id: string, options: Partial<StationOptions>, run: (meter: TcpMeter) => Promise<void>];

/** SNRM that must find nobody: silence, and no link. */
const silent = (id: string, ...stimuli: readonly Uint8Array[]): Case => [
  id,
  { interOctet: 20 },
  async (meter) => {
    for (const octets of stimuli) {
      expect(await meter.octets(octets)).toEqual([]);
      await pause(40);
      expect(await meter.isDisconnected()).toBe(true);
    }
    expect(await meter.say(poll.snrm)).toBe("ua!");
  },
];
const snrm = frame(poll.snrm);
const odd = (change: (inner: number[]) => void, fix: "fcs" | "none" = "fcs", octets = snrm): Uint8Array =>
  altered(octets, change, fix);
const lengthOf = (octets: number): Uint8Array =>
  odd((inner) => void inner.splice(0, 2, 0xa0 | (octets >> 8), octets & 0xff));
const withInformation = frame(poll.snrm, { information: limit(128, 1) });

/** A meter whose answer has so many frames of 4 octets of information. */
const wordy = async (meter: TcpMeter, frames: number, size: number): Promise<void> => {
  await meter.connect(limit(4, size));
  meter.answer = () => new Uint8Array(frames * 4 - 3);
};
const negotiated = async (meter: TcpMeter, information: Uint8Array) => {
  const [ua] = await meter.octets(frame(poll.snrm, { information }));
  return decodeNegotiation(ua?.information as Uint8Array);
};

const cases: readonly Case[] = [
  [
    "H1",
    {},
    async (meter) => {
      for (const [control, answer] of [
        [poll.disc, "dm!"],
        [poll.snrm, "ua!"],
        [poll.rr(0), "rr0!"],
        [poll.disc, "ua!"],
        [poll.disc, "dm!"],
      ] as const) {
        expect(await meter.say(control)).toBe(answer);
      }
    },
  ],
  [
    "H2",
    { interOctet: 25 },
    async (meter) => {
      await meter.connect();
      expect(await meter.octets(frame(poll.disc).subarray(0, -2))).toEqual([]);
      await pause(60);
      expect(await meter.say(poll.rr(0))).toBe("rr0!");
      expect(meter.dropped).toEqual(["inter-octet-timeout"]);
    },
  ],
  [
    "H3",
    { inactivity: 50 },
    async (meter) => {
      await meter.connect();
      await expect.poll(() => meter.events).toEqual(["connected", "disconnected timeout"]);
      expect(await meter.say(poll.disc)).toBe("dm!");
    },
  ],
  silent("H4", snrm.subarray(1), snrm.subarray(0, -1), snrm.subarray(1, -1)),
  silent(
    "H5",
    ...[1, 2, 3, 4, 5, 6].map((removed) =>
      odd((inner) => {
        inner.splice(inner.length - 2 - removed, removed);
        inner[1] = inner.length;
      }),
    ),
  ),
  silent(
    "H6",
    ...[0, 5, 9, 11, 15].map((type) =>
      odd((inner) => void inner.splice(0, 1, (type << 4) | ((inner[0] as number) & 15))),
    ),
  ),
  silent("H7", lengthOf(snrm.length - 1), lengthOf(snrm.length - 3), lengthOf(0), lengthOf(0x7ff)),
  [
    "H8",
    {},
    async (meter) => {
      const unknown = { frame: "unknown", pollFinal: true, control: 0xff } as const;
      expect(await meter.say(unknown)).toBe("dm!");
      await meter.connect();
      const [answer] = await meter.octets(frame(unknown));
      expect(decodeRejection(answer?.information as Uint8Array).reasons).toEqual(["unknown-control"]);
      expect(await meter.say(poll.snrm)).toBe("ua!");
    },
  ],
  silent(
    "H9",
    odd((inner) => void inner.splice(6, 1, (inner[6] as number) ^ 1), "fcs", withInformation),
  ),
  silent(
    "H10",
    odd((inner) => void inner.push((inner.pop() as number) ^ 1), "none", withInformation),
  ),
  [
    "H11",
    { addresses: [{ upper: 1 }, { upper: 1, lower: 17, octets: 2 }, { upper: 200, lower: 5001 }] },
    async (meter) => {
      for (const to of [{ upper: 1 }, { upper: 1, lower: 17, octets: 2 as const }, { upper: 200, lower: 5001 }]) {
        const [ua] = await meter.octets(frame(poll.snrm, { to }));
        expect(ua).toMatchObject({ frame: "ua", source: to, destination: { upper: 16, octets: 1 } });
      }
    },
  ],
  [
    "H12",
    { addresses: () => true },
    async (meter) => {
      expect(await meter.octets(fromHex("7EA00B0002040100219361807E"))).toEqual([]);
      expect(await meter.say(poll.snrm, { from: { upper: 16, lower: 1, octets: 2 } })).toBe("");
    },
  ],
  [
    "H13",
    {},
    async (meter) => {
      for (const to of [
        { upper: 2, lower: 17 },
        { upper: 1, lower: 18 },
        { upper: 2, lower: 18 },
      ])
        expect(await meter.say(poll.snrm, { to })).toBe("");
    },
  ],
  ["H14", {}, async (meter) => expect(await meter.say(poll.snrm, { to: { upper: 1 } })).toBe("")],
  [
    "H15",
    { addresses: () => true },
    async (meter) => {
      for (const width of [3, 5]) {
        const wide = odd(
          (inner) => {
            inner.splice(2, 1, ...new Array(width - 1).fill(2), 3);
            inner[1] = inner.length;
          },
          "fcs",
          frame(poll.snrm, { to: { upper: 1 } }),
        );
        expect(await meter.octets(wide)).toEqual([]);
      }
    },
  ],
  [
    "H16",
    big,
    async (meter) => {
      for (const octets of [32, 128, 2030, 2031, 65535]) {
        const wanted = Math.min(octets, 2030);
        expect(await negotiated(meter, encodeNegotiation(length(octets)))).toMatchObject(length(wanted));
      }
      expect(await negotiated(meter, new Uint8Array(0))).toMatchObject(length(128));
    },
  ],
  [
    "H17",
    big,
    async (meter) => {
      for (const size of [1, 4, 7, 8]) {
        expect(await negotiated(meter, encodeNegotiation(windows(size)))).toMatchObject(windows(Math.min(size, 7)));
      }
    },
  ],
  [
    "H18",
    {},
    async (meter) => {
      await meter.connect();
      const message = command("600102030405");
      expect(await meter.say(poll.i(0, 0), { information: message.subarray(0, 4), segmented: true })).toBe("rr1!");
      expect(await meter.say(poll.i(1, 0), { information: message.subarray(4, 8), segmented: true })).toBe("rr2!");
      expect(await meter.say(poll.i(2, 0), { information: message.subarray(8) })).toBe("i03!");
      expect(meter.served).toEqual(["600102030405"]);
    },
  ],
  [
    "H19",
    {},
    async (meter) => {
      await meter.connect();
      expect(await meter.say(poll.i(0, 0), { information: new Uint8Array(129) })).toBe("frmr!");
      expect(await meter.say(poll.snrm)).toBe("ua!");
    },
  ],
  [
    "H20",
    {},
    async (meter) => {
      await meter.connect();
      expect(await meter.say(poll.rr(1))).toBe("frmr!");
      expect(await meter.say(poll.snrm)).toBe("ua!");
    },
  ],
  [
    "H21",
    {},
    async (meter) => {
      await meter.connect();
      expect(await meter.say(poll.i(1, 0), c0)).toBe("rr0!");
      expect(meter.served).toEqual([]);
      expect(await meter.say(poll.snrm)).toBe("ua!");
    },
  ],
  [
    "H22",
    {},
    async (meter) => {
      expect(await meter.say(poll.i(0, 0), c0)).toBe("dm!");
      expect(await meter.isDisconnected()).toBe(true);
      expect(meter.served).toEqual([]);
    },
  ],
  [
    "H23",
    {},
    async (meter) => {
      await meter.connect();
      expect(await meter.say(poll.i(0, 0), c0)).toBe("i01!");
      expect(await meter.say(poll.i(0, 0), c0)).toBe("i01!");
      expect(meter.served).toEqual(["c0"]);
    },
  ],
  [
    "H24",
    big,
    async (meter) => {
      await meter.connect(encodeNegotiation(windows(3)));
      expect(await meter.say(poll.i(0, 0, false), segment)).toBe("");
      expect(await meter.say(poll.i(1, 0, false), segment)).toBe("");
      expect(await meter.say(poll.i(2, 0), segment)).toBe("rr3!");
    },
  ],
  [
    "H25",
    big,
    async (meter) => {
      await wordy(meter, 5, 2);
      expect(await meter.say(poll.i(0, 0), c0)).toBe("i01+ i11+!");
      expect(await meter.say(poll.rr(1))).toBe("i11+ i21+!");
      expect(await meter.say(poll.rr(3))).toBe("i31+ i41!");
    },
  ],
  [
    "H26",
    big,
    async (meter) => {
      await wordy(meter, 20, 1);
      let answer = await meter.say(poll.i(0, 0), c0);
      for (let number = 0; number < 20; number++) {
        expect(answer).toBe(`i${number & 7}1${number < 19 ? "+" : ""}!`);
        answer = await meter.say(poll.rr((number + 1) & 7));
      }
    },
  ],
  [
    "H27",
    big,
    async (meter) => {
      await wordy(meter, 3, 1);
      expect(await meter.say(poll.i(0, 0), c0)).toBe("i01+!");
      expect(await meter.say(poll.rnr(1))).toBe("rr1!");
      expect(await meter.say(poll.rr(1))).toBe("i11+!");
    },
  ],
  [
    "H28",
    {},
    async (meter) => {
      await meter.connect();
      expect(await meter.say(poll.i(0, 0), c0)).toBe("i01!");
      expect(await meter.say(poll.snrm)).toBe("ua!");
      expect(meter.events).toEqual(["connected", "disconnected disc", "connected"]);
      expect(await meter.say(poll.i(0, 0), c0)).toBe("i01!");
    },
  ],
  [
    "H29",
    {},
    async (meter) => {
      await meter.connect();
      expect(await meter.say(poll.disc)).toBe("ua!");
      expect(await meter.say(poll.snrm)).toBe("ua!");
      expect(meter.events).toEqual(["connected", "disconnected disc", "connected"]);
    },
  ],
  [
    "H30",
    big,
    async (meter) => {
      for (const hex of ["8180030901ff", "8180020500", "8180ff0501", "81"]) {
        expect(await negotiated(meter, fromHex(hex))).toMatchObject({ ...length(128), ...windows(1) });
      }
    },
  ],
  [
    "H31",
    {},
    async (meter) => {
      await meter.connect();
      expect(await meter.say(poll.i(0, 0), { information: command("7e7e7e") })).toBe("i01!");
      expect(meter.served).toEqual(["7e7e7e"]);
    },
  ],
  [
    "H32",
    {},
    async (meter) => {
      const idle = new Uint8Array(20).fill(0x7e);
      const shared = concat(snrm, frame(poll.rr(0)).subarray(1));
      const frames = await meter.octets(concat(fromHex("0102"), idle, shared, idle, frame(poll.disc)));
      expect(frames.map((one) => one.frame)).toEqual(["ua", "rr", "ua"]);
    },
  ],
  [
    "H33",
    {},
    async (meter) => {
      const all = concat(snrm, frame(poll.rr(0)), frame(poll.disc));
      for (const size of [1, 7, 60]) {
        expect(
          (await meter.octets(all, size)).map((one) => one.frame),
          `pieces of ${size}, ${meter.dropped}`,
        ).toEqual(["ua", "rr", "ua"]);
      }
    },
  ],
  [
    "H34",
    {},
    async (meter) => {
      const to = { upper: 0x3fff, lower: 0x3fff };
      expect(await meter.say({ frame: "ui", pollFinal: false }, { to, ...c0 })).toBe("");
      expect(meter.served).toEqual(["broadcast c0"]);
    },
  ],
  [
    "H35",
    { addresses: () => true },
    async (meter) => {
      for (const to of [{ upper: 0 }, { upper: 1, lower: 0x7e }, { upper: 1, lower: 0x3ffe }])
        expect(await meter.say(poll.snrm, { to })).toBe("");
    },
  ],
  [
    "H36",
    big,
    async (meter) => {
      await meter.connect(encodeNegotiation(length(2030)));
      meter.answer = () => Uint8Array.of(1);
      const long = (octets: number) => ({ information: concat(fromHex("e6e600"), new Uint8Array(octets - 3)) });
      expect(await meter.say(poll.i(0, 0), long(2030))).toBe("i01!");
      expect(await meter.say(poll.i(1, 1), long(2037))).toBe("frmr!");
    },
  ],
  [
    "H37",
    {},
    async (meter) => {
      const [ua] = await meter.octets(snrm);
      expect(ua?.information.length).toBeGreaterThan(0);
      const [rr] = await meter.octets(frame(poll.rr(0)));
      expect(rr?.information.length).toBe(0);
    },
  ],
  [
    "H38",
    {},
    async (meter) => {
      await meter.connect();
      for (const [at, hex] of ["e6e601c001", "e6e700c001", "e6e6"].entries()) {
        expect(await meter.say(poll.i(at, 0), { information: fromHex(hex) })).toBe(`rr${at + 1}!`);
      }
      expect(meter.served).toEqual([]);
    },
  ],
  [
    "H39",
    {},
    async (meter) => {
      await meter.connect();
      await meter.say(poll.i(0, 0), segment);
      await meter.connect();
      await meter.say(poll.i(0, 0), { information: command("c1") });
      expect(meter.served).toEqual(["c1"]);
    },
  ],
  [
    "H40",
    { maxMessage: 1000 },
    async (meter) => {
      await meter.connect();
      const endless = { information: new Uint8Array(128), segmented: true };
      let answer = "";
      for (let frames = 0; answer !== "frmr!" && frames < 100; frames++)
        answer = await meter.say(poll.i(frames & 7, 0), endless);
      expect(answer).toBe("frmr!");
      expect(await meter.say(poll.snrm)).toBe("ua!");
    },
  ],
];

describe("the cases of a meter, over a TCP socket", () => {
  it.each(cases)("%s", async (_, options, run) => {
    await using meter = await TcpMeter.open(options);
    await run(meter);
  });
});

/** A client over TCP, and a meter that says what a test wants for each frame. */
async function asked(answer: (at: number, send: (octets: Uint8Array) => void) => void): Promise<string[]> {
  const told: string[] = [];
  let at = 0;
  const listener = await tcpListen({
    port: 0,
    accept: (duplex: Duplex) =>
      duplex.start({ received: () => answer(at++, (octets) => duplex.send(octets)), closed: () => undefined }),
  });
  const duplex = await tcpConnect("127.0.0.1", listener.port);
  const link = new Primary({ client, server, timeout: 60, retries: 2 });
  const pump = new LinkPump<ClientLink>({ link, duplex, clock: systemClock });
  await new Promise<void>((resolve) => {
    pump.start({
      connected: () => pump.send(fromHex("c0")),
      received: (pdu) => {
        told.push(`answer ${pdu[0]}`);
        setTimeout(resolve, 100);
      },
      disconnected: (_why, _address, fault) => {
        told.push(fault?.code ?? "");
        resolve();
      },
      closed: () => resolve(),
    });
    pump.connect();
  });
  pump.destroy();
  await listener.close();
  return told;
}

const back = { to: { upper: client }, from: server };
const ua = frame({ frame: "ua", pollFinal: true }, back);
const answered = frame(poll.i(0, 1), { ...back, information: fromHex("e6e70007") });

describe("the cases of a client, over a TCP socket", () => {
  it.each([
    ["DM", frame({ frame: "dm", pollFinal: true }, back), "link-refused"],
    [
      "more than was proposed",
      frame({ frame: "ua", pollFinal: true }, { ...back, information: encodeNegotiation(length(2030)) }),
      "bad-parameters",
    ],
    ["another peer", frame({ frame: "ua", pollFinal: true }, { ...back, from: { upper: 2, lower: 17 } }), "no-answer"],
  ])("H41 %s to SNRM", async (_, octets, code) => {
    expect(await asked((_at, send) => send(octets))).toEqual([code]);
  });

  it("H41 FRMR to I, and N(R) of what was never sent", async () => {
    const frmr = frame({ frame: "frmr", pollFinal: true }, { ...back, information: fromHex("100001") });
    expect(await asked((at, send) => send(at === 0 ? ua : frmr))).toEqual(["frame-rejected"]);
    const nonsense = frame(poll.rr(5), back);
    expect(await asked((at, send) => send(at === 0 ? ua : nonsense))).toEqual(["no-answer"]);
  });

  it("H42 a reply that is lost, comes twice, or comes late", async () => {
    const lost = (at: number, send: (octets: Uint8Array) => void): void => {
      if (at === 0) send(ua);
      else if (at > 1) send(answered);
    };
    expect(await asked(lost)).toEqual(["answer 7"]);
    expect(await asked((at, send) => send(at === 0 ? ua : concat(answered, answered)))).toEqual(["answer 7"]);
    const late = (at: number, send: (octets: Uint8Array) => void): void => {
      if (at === 0) send(ua);
      else setTimeout(() => send(answered), 90);
    };
    expect(await asked(late)).toEqual(["answer 7"]);
  });
});

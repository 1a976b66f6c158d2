import { encodeData } from "@dlmskit/apdu";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { encodeFrame, hdlcAddress, Primary } from "@dlmskit/hdlc";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { connect, DurableCounters } from "../src/index.ts";
import { array, FakeMeter, settle, structure } from "./fake-meter.ts";

const list = { classId: 15, instanceId: "0.0.40.0.0.255", attributeId: 2 };
const element = (third: number) =>
  structure(
    { type: "long-unsigned", value: 3 },
    { type: "unsigned", value: 0 },
    { type: "octet-string", value: Uint8Array.of(1, 0, third, 8, 0, 255) },
    structure(array(), array()),
  );

describe("an object list", () => {
  const listed = async (count: number, ...elements: number[]) => {
    const octets = encodeData(array(...elements.map(element)));
    octets[1] = count;
    const meter = new FakeMeter().put(15, list.instanceId, 2, { type: "encoded", octets });
    const session = await connect(meter.line(), meter.options());
    return session.discover();
  };

  it("F44: whose count is too large gives its objects and a warning", async () => {
    expect(await listed(3, 1)).toMatchObject({
      objects: [{ instanceId: "1.0.1.8.0.255" }],
      problems: ["the list says that it has 3 elements, but has 1"],
    });
    // And one that is too small.
    expect(await listed(1, 1, 2)).toMatchObject({
      objects: [{}, {}],
      problems: ["the list says that it has 1 elements, but has 2"],
    });
    await expect(listed(2)).rejects.toMatchObject({ code: expect.any(String) });
  });

  it("F44: in blocks, too", async () => {
    const octets = encodeData(array(...Array.from({ length: 60 }, (_, at) => element(at))));
    octets[1] = 90;
    const meter = new FakeMeter().put(15, list.instanceId, 2, { type: "encoded", octets });
    const session = await connect(meter.line(), meter.options({ maxReceivePduSize: 200 }));
    const { objects, problems } = await session.discover();
    expect(objects).toHaveLength(60);
    expect(problems).toHaveLength(1);
  });
});

describe("counters during a transfer", () => {
  const long = (meter: FakeMeter) =>
    meter.put(1, "0.0.96.1.0.255", 2, { type: "octet-string", value: new Uint8Array(20_000).fill(7) });
  const attribute = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };

  it("are reserved again before they are used up", async () => {
    const meter = long(new FakeMeter({ ciphered: true, mechanism: 5 }));
    const reserved: number[] = [];
    const counters = new DurableCounters({
      start: 0,
      block: 64,
      reserve: async (upTo) => {
        // A store takes its time.
        await settle();
        reserved.push(upTo);
      },
    });
    const session = await connect(meter.line(), meter.options({ ...meter.secured(counters), maxReceivePduSize: 128 }));
    const data = await session.get(attribute);
    expect(data).toMatchObject({ value: { length: 20_000 } });
    expect(counters.lowest).toBeGreaterThan(180);
    expect(Math.max(...reserved)).toBeGreaterThanOrEqual(counters.lowest);
  });

  it("that cannot be reserved end the request with the store's fault", async () => {
    const meter = long(new FakeMeter({ ciphered: true, mechanism: 5 }));
    let full = false;
    const counters = new DurableCounters({
      start: 0,
      block: 64,
      reserve: () => (full ? Promise.reject(new Error("disk full")) : undefined),
    });
    const session = await connect(meter.line(), meter.options({ ...meter.secured(counters), maxReceivePduSize: 128 }));
    full = true;
    await expect(session.get(attribute)).rejects.toMatchObject({ code: "reservation-failed" });
  });
});

describe("the time of a request", () => {
  it("holds for all its tries", async () => {
    const meter = new FakeMeter();
    const session = await connect(meter.line(), meter.options({ deadline: 1500, retries: 5 }));
    meter.mute = 10;
    const asked = session.get({ classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 });
    const failed = expect(asked).rejects.toMatchObject({ code: "timeout" });
    let over = false;
    asked.catch(() => {
      over = true;
    });
    let passed = 0;
    for (; !over && passed < 10_000; passed += 100) {
      meter.clock.advance(100);
      await settle();
    }
    await failed;
    expect(passed).toBe(1500);
  });
});

describe("the Association LN object", () => {
  it("F34: is the one that is named", async () => {
    const secret = fromAscii("0123456789abcdef");
    const meter = new FakeMeter({ mechanism: 3, secret, associationInstance: "0.0.40.0.3.255" });
    meter.put(15, "0.0.40.0.3.255", 2, array(element(1)));
    const session = await connect(meter.line(), meter.options({ mechanism: 3, secret, association: "0.0.40.0.3.255" }));
    expect((await session.discover()).objects).toHaveLength(1);
  });
});

describe("an HDLC meter that refuses", () => {
  it("F33: is told as what it answers", async () => {
    const reply = async (answer: (frame: Uint8Array, at: number) => Uint8Array | undefined) => {
      const clock = new VirtualClock();
      const [near, far] = memoryPair({ clock });
      let at = 0;
      far.start({
        received: (octets) => {
          const frame = answer(octets, at++);
          if (frame !== undefined) far.send(frame);
        },
        ended: () => far.end(),
        closed: () => undefined,
      });
      const link = new Primary({ client: 16, server: { upper: 1 } });
      const opened = connect({ duplex: near, link }, { clock });
      const failed = opened.then(
        () => undefined,
        (fault: unknown) => fault,
      );
      for (let turn = 0; turn < 20; turn++) {
        clock.advance(1);
        await settle();
      }
      return failed;
    };
    const to = {
      source: hdlcAddress({ upper: 1 }),
      destination: hdlcAddress({ upper: 16 }),
      segmented: false,
      pollFinal: true,
    };
    const ua = encodeFrame({ ...to, frame: "ua", information: new Uint8Array(0) });
    const frmr = encodeFrame({ ...to, frame: "frmr", information: fromHex("100004") });
    expect(toHex(frmr)).toContain("100004");
    expect(await reply((_, at) => (at === 0 ? ua : frmr))).toMatchObject({
      code: "link-lost",
      message: "the link was lost: the meter refuses a frame (FRMR: control 0x10, information-too-long)",
      cause: { code: "frame-rejected" },
    });
    const dm = encodeFrame({ ...to, frame: "dm", information: new Uint8Array(0) });
    expect(await reply(() => dm)).toMatchObject({
      message: "the link was lost: the meter refuses the data link (DM to SNRM)",
    });
  });
});

import type { Data } from "@dlmskit/apdu";
import type { CosemObject } from "@dlmskit/cosem-objects";
import { IecHdlcSetup1, iecHdlcSetup, TcpUdpSetup, tcpUdpSetup } from "@dlmskit/cosem-objects";
import { encodeFrame, hdlcAddress } from "@dlmskit/hdlc";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { defaultLimits, Meter, meterTemplate, none, routeOnLine } from "../src/index.ts";
import { Bench, type Client, restarted } from "./a-client.ts";

const hdlcName = "0.0.22.0.0.255";
const tcpName = "0.0.25.0.0.255";
const ipReference = "0.0.25.1.0.255";
const associations = { open: { client: 1, security: none(), access: "full" as const } };

const meterWith = (object: CosemObject<typeof IecHdlcSetup1> | CosemObject<typeof TcpUdpSetup>, name = "TST1"): Meter =>
  new Meter(meterTemplate({ objects: [object], associations }), { name });

const word = (value: number): Data => ({ type: "long-unsigned", value });
const octet = (value: number): Data => ({ type: "unsigned", value });
const { attributes: hdlc } = IecHdlcSetup1;
const { attributes: tcp } = TcpUdpSetup;
const set = (client: Client, { id }: { readonly id: number }, value: Data): Promise<string> =>
  client.set(23, hdlcName, id, value);
const setTcp = (client: Client, { id }: { readonly id: number }, value: Data): Promise<string> =>
  client.set(41, tcpName, id, value);

/** The most that a client could do. */
const big = { maxInfoSend: 2030, maxInfoReceive: 2030, windowSend: 7, windowReceive: 7 };
const parametersOf = ({ pump }: Client) => (pump.link as { readonly parameters?: object }).parameters;

describe("IEC HDLC setup", () => {
  const aMeter = () => meterWith(iecHdlcSetup(hdlcName, { maxInfoFieldLengthReceive: 256, inactivityTimeOut: 100 }));
  const open = (bench: Bench, physical?: number) =>
    bench.client({ client: 1, hdlc: { ...big, ...(physical === undefined ? {} : { physical }) } }).open();

  it("17.4: its windows and lengths are the most that is negotiated; what is written holds from the next data link on", async () => {
    const bench = new Bench(aMeter());
    bench.station = big;
    const first = await open(bench);
    // The client's side: it receives what the meter transmits.
    const before = { maxInfoSend: 256, maxInfoReceive: 128, windowSend: 1, windowReceive: 1 };
    expect(parametersOf(first)).toEqual(before);
    expect(await set(first, hdlc.maxInfoFieldLengthTransmit, word(512))).toBe("success");
    expect(await set(first, hdlc.maxInfoFieldLengthReceive, word(1024))).toBe("success");
    expect(await set(first, hdlc.windowSizeTransmit, octet(2))).toBe("success");
    expect(await set(first, hdlc.windowSizeReceive, octet(3))).toBe("success");
    expect(parametersOf(first)).toEqual(before);
    first.pump.destroy();
    expect(parametersOf(await open(bench))).toEqual({
      ...{ maxInfoSend: 1024, maxInfoReceive: 512, windowSend: 3, windowReceive: 2 },
    });
  });

  it.each([
    ["a window of no frame", hdlc.windowSizeTransmit, octet(0)],
    ["a window of 8 frames", hdlc.windowSizeReceive, octet(8)],
    ["a length below 32", hdlc.maxInfoFieldLengthTransmit, word(31)],
    ["a length above 2030", hdlc.maxInfoFieldLengthReceive, word(2031)],
    ["an inter-octet time-out below 20 ms", hdlc.interOctetTimeOut, word(19)],
    ["an inter-octet time-out above 6 s", hdlc.interOctetTimeOut, word(6001)],
    ["the address of no station", hdlc.deviceAddress, word(0)],
    ["a reserved address", hdlc.deviceAddress, word(15)],
    ["the calling physical device", hdlc.deviceAddress, word(0x7e)],
    ["all stations", hdlc.deviceAddress, word(0x3fff)],
  ])("17.4: %s is refused", async (_, attribute, value) => {
    const bench = new Bench(meterWith(iecHdlcSetup(hdlcName, { deviceAddress: 17 })));
    const client = await open(bench, 17);
    expect(await set(client, attribute, value)).toBe("other-reason");
    expect(client.pump.open).toBe(true);
  });

  it("17.4: silence for inactivity_time_out ends the data link and its association, counted from the last frame; a new time holds from the next link on", async () => {
    const bench = new Bench(aMeter());
    const first = await open(bench);
    const ended = () => bench.events.filter(({ type }) => type === "released").length;
    bench.clock.advance(99_000);
    expect(await set(first, hdlc.inactivityTimeOut, word(300))).toBe("success");
    bench.clock.advance(99_000);
    expect(ended()).toBe(0);
    bench.clock.advance(1500);
    expect(ended()).toBe(1);
    first.pump.destroy();
    await open(bench);
    // Longer than a server lets any client be silent by itself.
    bench.clock.advance(defaultLimits.inactivity + 100_000);
    expect(ended()).toBe(1);
    bench.clock.advance(20_000);
    expect(ended()).toBe(2);
  });

  it("17.4: inactivity_time_out 0 is never", async () => {
    const bench = new Bench(meterWith(iecHdlcSetup(hdlcName, { inactivityTimeOut: 0 })));
    const client = await open(bench);
    bench.clock.advance(30 * 86_400_000);
    await bench.settle();
    expect(client.pump.open).toBe(true);
    expect(await set(client, hdlc.inactivityTimeOut, word(60))).toBe("success");
  });

  it("17.4: the device address is answered to from the next data link on, while the open one goes on", async () => {
    const bench = new Bench(meterWith(iecHdlcSetup(hdlcName, { deviceAddress: 17 })));
    const first = await open(bench, 17);
    expect((await open(bench, 18)).opened).toBe(false);
    expect(await set(first, hdlc.deviceAddress, word(40))).toBe("success");
    expect(await set(first, hdlc.deviceAddress, word(41))).toBe("success");
    expect([(await open(bench, 17)).opened, (await open(bench, 40)).opened, (await open(bench, 41)).opened]).toEqual([
      ...[false, false, true],
    ]);
    // Without a lower address it is the meter of the line.
    expect((await open(bench)).opened).toBe(true);
  });

  it("17.4: two meters of one line change their addresses", async () => {
    const [one, other] = [17, 18].map((deviceAddress) =>
      meterWith(iecHdlcSetup(hdlcName, { deviceAddress }), `TST${deviceAddress}`),
    );
    const bench = new Bench(routeOnLine([one as Meter, other as Meter]));
    const nameAt = async (physical: number) => {
      await open(bench, physical);
      const last = bench.events.findLast(({ type }) => type === "associated");
      return (last as { meter?: string } | undefined)?.meter;
    };
    expect([await nameAt(17), await nameAt(18)]).toEqual(["TST17", "TST18"]);
    expect(await set(await open(bench, 17), hdlc.deviceAddress, word(30))).toBe("success");
    expect(await set(await open(bench, 18), hdlc.deviceAddress, word(17))).toBe("success");
    expect([await nameAt(30), await nameAt(17)]).toEqual(["TST17", "TST18"]);
  });

  it("17.4: an unfinished frame is given up after inter_octet_time_out", async () => {
    const bench = new Bench(meterWith(iecHdlcSetup(hdlcName, { interOctetTimeOut: 40 })));
    const duplex = bench.plugHdlc();
    let answers = 0;
    duplex.start({ received: () => void answers++, closed: () => undefined });
    const snrm = encodeFrame({
      ...{ frame: "snrm", pollFinal: true, segmented: false, information: new Uint8Array(0) },
      ...{ destination: hdlcAddress({ upper: 1 }), source: hdlcAddress({ upper: 1 }) },
    });
    const half = async (pause: number) => {
      duplex.send(snrm.subarray(0, 4));
      await bench.settle(pause);
      duplex.send(snrm.subarray(4));
      await bench.settle();
      return answers;
    };
    // No data link yet: the line is as it was made.
    const first = await half(60);
    expect([first, await half(60), await half(20)]).toEqual([1, 1, 2]);
  });

  it("17.4: what was written holds after a restart, from the first data link on", async () => {
    const state = new MemoryState();
    const before = new Bench(aMeter(), { store: await restarted(state) });
    const client = await open(before);
    expect(await set(client, hdlc.maxInfoFieldLengthReceive, word(900))).toBe("success");
    expect(await set(client, hdlc.deviceAddress, word(77))).toBe("success");
    const after = new Bench(aMeter(), { store: await restarted(state) });
    after.station = big;
    expect(parametersOf(await open(after, 77))).toMatchObject({ maxInfoSend: 900 });
    const again = new Bench(aMeter(), { store: await restarted(state) });
    expect((await open(again, 78)).opened).toBe(false);
  });
});

describe("TCP-UDP setup", () => {
  const aMeter = (values = {}) => meterWith(tcpUdpSetup(tcpName, { ipReference, nbOfSimConn: 2, ...values }));
  const open = (bench: Bench) => bench.client({ client: 1 }).open();

  it("17.5: a connection more than nb_of_sim_conn is closed; a new number holds for the next one", async () => {
    const bench = new Bench(aMeter());
    const [one, other, third] = [await open(bench), await open(bench), await open(bench)];
    expect([one.opened, other.opened, third.opened, third.closed]).toEqual([true, true, false, true]);
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: "closed", fault: expect.objectContaining({ code: "no-connection-left" }) }),
    );
    expect(await setTcp(one, tcp.nbOfSimConn, octet(3))).toBe("success");
    expect((await open(bench)).opened).toBe(true);
    expect(await setTcp(one, tcp.nbOfSimConn, octet(1))).toBe("success");
    expect([one.closed, other.closed]).toEqual([false, false]);
    one.pump.destroy();
    other.pump.destroy();
    await bench.settle();
    expect((await open(bench)).opened).toBe(false);
  });

  it("17.5: connections that say nothing take their places too", async () => {
    const bench = new Bench(aMeter());
    bench.plug();
    bench.plug();
    expect((await open(bench)).opened).toBe(false);
  });

  it("17.5: silence for inactivity_time_out ends the connection; a new time holds from the next one on", async () => {
    const bench = new Bench(aMeter({ inactivityTimeOut: 10 }));
    const first = await open(bench);
    bench.clock.advance(9000);
    expect(await setTcp(first, tcp.inactivityTimeOut, word(500))).toBe("success");
    bench.clock.advance(9000);
    await bench.settle();
    expect(first.closed).toBe(false);
    bench.clock.advance(2000);
    await bench.settle();
    expect(first.closed).toBe(true);
    const second = await open(bench);
    bench.clock.advance(490_000);
    await bench.settle();
    expect(second.closed).toBe(false);
    bench.clock.advance(20_000);
    await bench.settle();
    expect(second.closed).toBe(true);
  });

  it("17.5: inactivity_time_out 0 is never", async () => {
    const bench = new Bench(aMeter({ inactivityTimeOut: 0 }));
    const client = await open(bench);
    bench.clock.advance(30 * 86_400_000);
    await bench.settle();
    expect(client.closed).toBe(false);
    expect(await setTcp(client, tcp.inactivityTimeOut, word(60))).toBe("success");
  });

  it("17.5: no connection at all, another port and another segment size are refused", async () => {
    const client = await open(new Bench(aMeter()));
    expect(await setTcp(client, tcp.nbOfSimConn, octet(0))).toBe("other-reason");
    expect(await setTcp(client, tcp.tcpUdpPort, word(4060))).toBe("other-reason");
    expect(await setTcp(client, tcp.mss, word(1460))).toBe("other-reason");
    expect(await setTcp(client, tcp.tcpUdpPort, word(4059))).toBe("success");
  });

  it("17.5: what was written holds after a restart, from the first connection on", async () => {
    const state = new MemoryState();
    const before = new Bench(aMeter(), { store: await restarted(state) });
    const client = await open(before);
    expect(await setTcp(client, tcp.nbOfSimConn, octet(1))).toBe("success");
    expect(await setTcp(client, tcp.inactivityTimeOut, word(5))).toBe("success");
    const after = new Bench(aMeter(), { store: await restarted(state) });
    const first = await open(after);
    expect([first.opened, (await open(after)).opened]).toEqual([true, false]);
    after.clock.advance(6000);
    await after.settle();
    expect(first.closed).toBe(true);
  });
});

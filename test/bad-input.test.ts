import { connect as connectSocket, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeApdu } from "@dlmskit/apdu";
import { Initiator } from "@dlmskit/association";
import { connect, type Session } from "@dlmskit/client";
import { concat, fromAscii, fromHex, toHex } from "@dlmskit/core";
import { encodeFrame, Primary } from "@dlmskit/hdlc";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { platformRandom } from "@dlmskit/server";
import { createSimulator, parseKeysFile, type Simulator } from "@dlmskit/simulator";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { encodeWpdu, WrapperClientLink } from "@dlmskit/wrapper";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

// A meter on real sockets, and everything that nobody should send: each gets the standard's reaction, the meter goes on
// serving, and nothing is written.

const encryptionKey = "000102030405060708090a0b0c0d0e0f";
const authenticationKey = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf";
const secret = "0123456789abcdef";
const keys = parseKeysFile({
  systemTitle: "4d4d4d0000000001",
  clients: { "16": {}, "32": { password: "lls-secret" }, "48": { password: secret, encryptionKey, authenticationKey } },
});

let store: Store;
let simulator: Simulator;
let ports: { wrapper: number; hdlc: number };
let before: string;
const sockets: Socket[] = [];

/** All that a client's request could have changed. */
async function kept(): Promise<string> {
  const [meter] = await store.meters.list();
  const meterId = meter?.meterId as string;
  const logs = simulator.meterTemplate.devices.get(1)?.objects.map(({ instance }) => instance) ?? [];
  const counts = await Promise.all(
    logs.flatMap((log) => [store.events.count(meterId, log), store.captures.count(meterId, log)]),
  );
  const settings = await store.securitySettings.of(meterId);
  return JSON.stringify(
    [meter, await store.values.of(meterId), counts, settings, await store.accessRights.list()],
    (_, value) => (value instanceof Uint8Array ? toHex(value) : typeof value === "bigint" ? String(value) : value),
  );
}

beforeAll(async () => {
  store = await openMemoryStore();
  simulator = await createSimulator({ store, keys, seed: "bad input" });
  const wrapper = await simulator.listen({ port: 0 });
  const hdlc = await simulator.listen({ port: 0, link: "hdlc" });
  ports = { wrapper: wrapper.ports[0]?.port as number, hdlc: hdlc.ports[0]?.port as number };
  before = await kept();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  // Another client is served as if nothing had been.
  for (const link of ["wrapper", "hdlc"] as const) {
    await using session = await publicClient(link);
    const name = await session.get({ classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 });
    expect(name.type).toBe("octet-string");
  }
  expect(await kept()).toBe(before);
});

afterAll(() => simulator.close());

async function publicClient(link: "wrapper" | "hdlc"): Promise<Session> {
  const duplex = await tcpConnect("127.0.0.1", ports[link]);
  const end =
    link === "wrapper"
      ? new WrapperClientLink({ client: 16, server: 1 })
      : new Primary({ client: 16, server: { upper: 1 } });
  return connect({ duplex, link: end }, { clock: systemClock });
}

/** A raw connection: what it is sent, and all that it answered within a while. */
async function raw(link: "wrapper" | "hdlc") {
  const socket = connectSocket(ports[link], "127.0.0.1");
  sockets.push(socket);
  let got = Buffer.alloc(0);
  let closed = false;
  socket.on("data", (chunk) => {
    got = Buffer.concat([got, chunk]);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    socket,
    get closed() {
      return closed;
    },
    /** What comes back, once something did and nothing more does, or after 150 ms of silence. */
    async send(octets: Uint8Array): Promise<string> {
      got = Buffer.alloc(0);
      socket.write(octets);
      for (let waited = 0, length = 0; waited < 150; waited += 15) {
        await sleep(15);
        if (got.length > 0 && got.length === length) break;
        length = got.length;
      }
      return got.toString("hex");
    },
  };
}

const wpdu = (client: number, apdu: string | Uint8Array): Uint8Array =>
  encodeWpdu({ source: client, destination: 1, pdu: typeof apdu === "string" ? fromHex(apdu) : apdu });
const aarq16 = "601da109060760857405080101be10040e01000000065f1f0400001e5dffff";
const getName = "c001c1000100002a0000ff0200";
const accepted = "a203020100a305a103020100";

describe("on the wrapper", () => {
  it.each(["ffffffffffffffff", "0002001000010001c0", "474554202f20485454502f312e310d0a0d0a"])(
    "%s instead of a header ends the connection",
    async (octets) => {
      const line = await raw("wrapper");
      expect(await line.send(fromHex(octets))).toBe("");
      expect(line.closed).toBe(true);
    },
  );

  it("a header cut at any octet is waited for, and forgotten with the connection", async () => {
    const whole = wpdu(16, aarq16);
    for (let cut = 1; cut < 16; cut++) {
      const line = await raw("wrapper");
      line.socket.write(whole.subarray(0, cut));
      if (cut % 2 === 0) line.socket.end();
      else line.socket.destroy();
    }
    const line = await raw("wrapper");
    line.socket.write(whole.subarray(0, 5));
    await sleep(20);
    expect(await line.send(whole.subarray(5))).toContain(accepted);
  });

  it("octets that are no APDU are answered with an exception, or not at all, and the next APDU is served", async () => {
    const line = await raw("wrapper");
    expect(await line.send(wpdu(16, aarq16))).toContain(accepted);
    for (const garbage of [
      "ff",
      "00",
      "c0",
      "c001",
      "c004c1000f0000280000ff0100",
      "c1",
      "7ea0",
      "30",
      "dd0102",
      "60",
    ]) {
      expect(await line.send(wpdu(16, garbage))).toMatch(/^$|^00010001001000..(d80[12]..|0e|61|c4)/);
    }
    expect(await line.send(wpdu(16, getName))).toMatch(/c401c1000910/);
  });

  it("A1: a GET without an association is an exception", async () => {
    const line = await raw("wrapper");
    expect(await line.send(wpdu(16, getName))).toMatch(/^0001000100100003d801(01|02)$/);
  });

  it("an unknown client may open nothing, an unknown logical device is silent", async () => {
    const line = await raw("wrapper");
    expect(await line.send(wpdu(17, aarq16))).toMatch(/a203020101/);
    expect(await line.send(encodeWpdu({ source: 16, destination: 99, pdu: fromHex(aarq16) }))).toBe("");
  });

  it("A8: a wrong password is refused, as often as it comes; the right one is not", async () => {
    const open = (password: string): Uint8Array =>
      wpdu(
        32,
        encodeApdu({
          apdu: "aarq",
          applicationContextName: "logical-name-referencing-no-ciphering",
          senderAcseRequirements: { authentication: true },
          mechanismName: "low",
          callingAuthenticationValue: { choice: "charstring", value: fromAscii(password) },
          userInformation: fromHex("01000000065f1f0400001e5dffff"),
        }),
      );
    const line = await raw("wrapper");
    for (const password of ["", "lls-secre", "lls-secrets", "LLS-SECRET"]) {
      expect(await line.send(open(password))).toContain("a203020101a305a10302010d");
      expect(await line.send(wpdu(32, getName))).toMatch(/d801(01|02)$/);
    }
    await sleep(10);
    expect(await line.send(open("lls-secret"))).toContain(accepted);
  });
});

/** The association of client 48 by its machine, so that a test has the octets of every APDU in hand. */
async function open48(change: { encryptionKey?: string; secret?: string } = {}) {
  const line = await raw("wrapper");
  const counters = new CounterLedger({ start: counter });
  counters.reserved(0xffffffff);
  counter += 100;
  const initiator = new Initiator({
    context: "logical-name",
    ciphered: true,
    mechanism: 2,
    secret: fromAscii(change.secret ?? secret),
    conformance: ["get", "set", "action", "selective-access", "block-transfer-with-get-or-read"],
    maxReceivePduSize: 0xffff,
    provider: node,
    random: platformRandom,
    timeout: 5000,
    security: {
      suite: 0,
      keys: {
        encryptionKey: fromHex(change.encryptionKey ?? encryptionKey),
        authenticationKey: fromHex(authenticationKey),
      },
      counters,
      replay: new CounterGuard(),
      systemTitle: fromAscii("HES00048"),
    },
  });
  const sent: Uint8Array[] = [];
  const answers: string[] = [];
  const outputs: string[] = [];
  const run = async (): Promise<void> => {
    for (let out = initiator.poll(); out !== undefined; out = initiator.poll()) {
      outputs.push(out.type);
      if (out.type !== "transmit") continue;
      sent.push(out.pdu);
      const answer = await line.send(wpdu(48, out.pdu));
      answers.push(answer.slice(16));
      initiator.receive(fromHex(answer.slice(16)), performance.now());
    }
  };
  initiator.open(performance.now());
  await run();
  return { line, initiator, sent, answers, outputs, run };
}
let counter = 1;

describe("ciphered", () => {
  it("S11: a wrong key opens nothing, and tells nothing of why", async () => {
    const { outputs, answers } = await open48({ encryptionKey: "ff0102030405060708090a0b0c0d0e0f" });
    expect(outputs).not.toContain("associated");
    expect(answers[0]).toMatch(/a203020101.*0e010006|^d801/);
  });

  it("A4: a wrong secret ends the authentication", async () => {
    const { outputs, line } = await open48({ secret: "0123456789abcdeX" });
    expect(outputs).not.toContain("associated");
    expect(await line.send(wpdu(48, getName))).toMatch(/d801/);
  });

  it("S2: an APDU that was heard before is refused with the counter that is expected, and the next one is served", async () => {
    const { line, initiator, sent, outputs, run } = await open48();
    expect(outputs).toContain("associated");
    const get = { service: "get", items: [{ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }] } as const;
    initiator.request(get, {}, performance.now());
    await run();
    expect(outputs.filter((one) => one === "response")).toHaveLength(1);
    const last = sent.at(-1) as Uint8Array;
    for (const replayed of [last, sent[1] as Uint8Array]) {
      expect(await line.send(wpdu(48, replayed))).toMatch(/^0001000100300007d80106[0-9a-f]{8}$/);
    }
    // Each octet of it changed: not accepted either.
    for (let at = 2; at < last.length; at += 5) {
      const changed = last.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(await line.send(wpdu(48, changed))).toMatch(/d80[12]/);
    }
    initiator.request(get, {}, performance.now());
    await run();
    expect(outputs.filter((one) => one === "response")).toHaveLength(2);
  });

  it("D16: a range that ends before it starts gives no row, an entry range neither", async () => {
    const duplex = await tcpConnect("127.0.0.1", ports.wrapper);
    const link = new WrapperClientLink({ client: 32, server: 1 });
    await using session = await connect(
      { duplex, link },
      { clock: systemClock, mechanism: 1, secret: fromAscii("lls-secret") },
    );
    const now = Date.now();
    const rowsOf = (selection: object) =>
      session.profile("1.0.99.1.0.255", selection).then(
        ({ rows }) => rows.length,
        ({ code }) => code,
      );
    expect([0, "other-reason"]).toContain(await rowsOf({ from: now, to: now - 86_400_000 }));
    expect([0, "other-reason"]).toContain(await rowsOf({ entries: [9, 3] }));
    expect(await rowsOf({ from: now - 86_400_000, to: now })).toBe(48);
  });
});

describe("on HDLC", () => {
  const right = fromHex("7ea0070321930f017e");

  it("garbage before and between frames is passed over", async () => {
    const line = await raw("hdlc");
    expect(await line.send(concat(fromHex("00ff137e7e45"), right))).toMatch(/^7ea.*21.*73.*7e$/);
    expect(await line.send(fromHex("deadbeef"))).toBe("");
    expect(await line.send(concat(fromHex("0102"), right))).toMatch(/^7ea.*73.*7e$/);
  });

  it("H9, H10: a wrong check sequence, or any octet changed inside, is met with silence, and the right frame is served", async () => {
    const line = await raw("hdlc");
    for (let at = 1; at < right.length - 1; at++) {
      const changed = right.slice();
      changed[at] = (changed[at] as number) ^ 0x10;
      expect(await line.send(changed), toHex(changed)).toBe("");
    }
    await sleep(600);
    expect(await line.send(right)).toMatch(/^7ea.*73.*7e$/);
  });

  it("a frame cut at any octet is given up when its rest does not come", async () => {
    const line = await raw("hdlc");
    for (let cut = 1; cut < right.length; cut++) {
      line.socket.write(right.subarray(0, cut));
      await sleep(5);
    }
    await sleep(600);
    expect(await line.send(right)).toMatch(/^7ea.*73.*7e$/);
  });

  it("H22: information before the data link is open is not served", async () => {
    const line = await raw("hdlc");
    const information = encodeFrame({
      frame: "i",
      destination: { upper: 1, octets: 1 },
      source: { upper: 16, octets: 1 },
      pollFinal: true,
      segmented: false,
      sendSequence: 0,
      receiveSequence: 0,
      information: fromHex(`e6e600${getName}`),
    } as never);
    // DM, or silence.
    expect(await line.send(information)).toMatch(/^$|^7ea0072103(1f|0f)....7e$/);
  });
});

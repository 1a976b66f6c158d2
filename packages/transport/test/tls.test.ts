import { connect as plainConnect, type Socket } from "node:net";
import { connect as rawConnect } from "node:tls";
import type { Fault } from "@dlmskit/core";
import { toPem } from "@dlmskit/security/certificates";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Listener } from "../src/index.ts";
import { type TlsDuplex, type TlsIdentity, tcpListen, tlsConnect, tlsListen } from "../src/node.ts";
import { eventually, listen } from "../src/testing/heard.ts";
import { type DuplexPair, duplexContract } from "../src/testing.ts";
import { clientTitle, meterTitle, newAuthority } from "./tls-identities.ts";

const authority = newAuthority();
const meter = authority.identity(meterTitle);
const client = authority.identity(clientTitle);
const toMeter = { ...client, peerSystemTitle: meterTitle };

const fault = (code: string) =>
  expect.objectContaining({ name: "Fault", code, layer: "transport", hint: expect.any(String) });

async function listenAs(identity: TlsIdentity) {
  const faults: Fault[] = [];
  const accepted: TlsDuplex[] = [];
  const listener = await tlsListen({
    ...identity,
    port: 0,
    accept: (duplex) => void accepted.push(duplex),
    failed: (why) => faults.push(why),
  });
  return { listener, faults, accepted, [Symbol.asyncDispose]: () => listener.close() };
}

const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

describe("TLS", () => {
  let listener: Listener;
  const accepted: TlsDuplex[] = [];
  beforeAll(async () => {
    listener = await tlsListen({ ...meter, port: 0, accept: (duplex) => void accepted.push(duplex) });
  });
  afterAll(() => listener.close());
  const open = async (): Promise<DuplexPair> => {
    const near = await tlsConnect("127.0.0.1", listener.port, toMeter);
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return { near, far: accepted.shift() as TlsDuplex };
  };
  for (const { name, run } of duplexContract(open)) it(name, run);

  it("lets one give way whose peer has not shown who it is", async () => {
    const served: ReturnType<typeof listen>[] = [];
    await using busy = await tlsListen({
      ...meter,
      ...{ port: 0, maxConnections: 2, giveWay: true },
      accept: (duplex) => {
        if (served.length === 0) duplex.setRank?.(2);
        served.push(listen(duplex));
      },
    });
    for (let at = 0; at < 3; at++) {
      await tlsConnect("127.0.0.1", busy.port, toMeter);
      await eventually(() => served.length === at + 1, "it is accepted");
    }
    await eventually(() => served[1]?.events.includes("closed") === true, "the second gives way");
    expect(served.map(({ events }) => events.includes("closed"))).toEqual([false, true, false]);
  });

  it("tells each end who the other is", async () => {
    const near = await tlsConnect("127.0.0.1", listener.port, toMeter);
    await eventually(() => accepted.length > 0, "the meter accepts");
    expect(near.peer.commonName).toBe("4D4D4D0000BC614E");
    expect(accepted.shift()?.peer.commonName).toBe("4D4D4D0000000001");
    expect(near.peer.certificate[0]).toBe(0x30);
    near.destroy();
  });
});

describe("a TLS client refuses", () => {
  it.each([
    ["an authority that is not trusted", newAuthority("Another").identity(meterTitle), "unknown-issuer"],
    ["an expired certificate", authority.identity(meterTitle, { from: -9, until: -1 }), "expired"],
    ["one that is not valid yet", authority.identity(meterTitle, { from: 1, until: 9 }), "not-yet-valid"],
    ["a certificate for signatures", authority.identity(meterTitle, { usage: "digital-signature" }), "wrong-usage"],
    ["the certificate of another meter", authority.identity(clientTitle), "wrong-subject"],
  ])("%s", async (_, identity, code) => {
    await using at = await listenAs(identity);
    const connecting = tlsConnect("127.0.0.1", at.listener.port, toMeter);
    await expect(connecting).rejects.toEqual(fault(code));
  });

  it("a certificate that was revoked, and one whose status nobody tells", async () => {
    await using at = await listenAs(meter);
    const lists = (serials: readonly Uint8Array[]) => authority.listed(serials).map((der) => toPem("X509 CRL", der));
    const to = (revocationLists: readonly string[]) =>
      tlsConnect("127.0.0.1", at.listener.port, { ...toMeter, revocationLists });
    (await to(lists([]))).destroy();
    await expect(to(lists([meter.serialNumber]))).rejects.toEqual(fault("revoked"));
    await expect(to(lists([]).slice(0, 1))).rejects.toEqual(fault("revocation-unknown"));
  });

  it("what speaks no TLS, and what hangs up", async () => {
    await using talks = await tcpListen({ port: 0, accept: (duplex) => duplex.send(new Uint8Array(64).fill(65)) });
    await expect(tlsConnect("127.0.0.1", talks.port, toMeter)).rejects.toEqual(fault("not-tls"));
    await using hangs = await tcpListen({ port: 0, accept: (duplex) => duplex.destroy() });
    await expect(tlsConnect("127.0.0.1", hangs.port, toMeter)).rejects.toEqual(fault("connection-reset"));
  });

  it("any title, when told that any will do, but no other authority", async () => {
    await using at = await listenAs(authority.identity(clientTitle, { usage: "digital-signature" }));
    const any = { ...client, peerSystemTitle: "any", quirks: ["tls-without-extended-key-usage"] } as const;
    (await tlsConnect("127.0.0.1", at.listener.port, any)).destroy();
    const stranger = { ...any, authorities: newAuthority("Another").identity(meterTitle).authorities };
    await expect(tlsConnect("127.0.0.1", at.listener.port, stranger)).rejects.toEqual(fault("unknown-issuer"));
  });
});

describe("a TLS server refuses", () => {
  it("a client without a certificate", async () => {
    await using at = await listenAs(meter);
    const socket = rawConnect({ host: "127.0.0.1", port: at.listener.port, rejectUnauthorized: false }).resume();
    socket.on("error", () => undefined);
    await closed(socket);
    expect(at.faults).toEqual([fault("certificate-missing")]);
    expect(at.accepted).toEqual([]);
  });

  it("a client of another authority", async () => {
    await using at = await listenAs(meter);
    const stranger = { ...newAuthority("Another").identity(clientTitle), authorities: meter.authorities };
    const near = listen(await tlsConnect("127.0.0.1", at.listener.port, { ...stranger, peerSystemTitle: meterTitle }));
    await eventually(() => near.events.includes("closed"), "the client is told");
    expect(at.faults).toEqual([fault("unknown-issuer")]);
    expect(at.accepted).toEqual([]);
  });

  it("a certificate for signature or key agreement alone", async () => {
    await using at = await listenAs(meter);
    const wrong = authority.identity(clientTitle, { usage: "key-agreement" });
    const near = listen(await tlsConnect("127.0.0.1", at.listener.port, { ...wrong, peerSystemTitle: meterTitle }));
    await eventually(() => near.events.includes("closed"), "the client is told");
    expect(at.faults).toEqual([fault("wrong-usage")]);
    expect(at.accepted).toEqual([]);
  });

  it("what speaks no TLS, and stays silent too long", async () => {
    const faults: Fault[] = [];
    await using listener = await tlsListen({
      ...meter,
      port: 0,
      handshakeTimeout: 50,
      accept: () => undefined,
      failed: (why) => faults.push(why),
    });
    const talker = plainConnect(listener.port, "127.0.0.1")
      .on("error", () => undefined)
      .resume();
    talker.write("GET / HTTP/1.0\r\n\r\n");
    await closed(talker);
    const silent = plainConnect(listener.port, "127.0.0.1")
      .on("error", () => undefined)
      .resume();
    await closed(silent);
    expect(faults.map(({ code }) => code)).toEqual(["not-tls", "tls-failed"]);
  });
});

describe("TLS that cannot start", () => {
  it("says what is wrong", async () => {
    await using at = await listenAs(meter);
    const { port } = at.listener;
    const rejects = (options: Partial<TlsIdentity>) => tlsConnect("127.0.0.1", port, { ...toMeter, ...options });
    await expect(rejects({ certificate: "not PEM" })).rejects.toEqual(fault("bad-certificate"));
    await expect(rejects({ privateKey: meter.privateKey })).rejects.toEqual(fault("bad-private-key"));
    await expect(tlsListen({ ...meter, privateKey: "", port: 0, accept: () => undefined })).rejects.toEqual(
      fault("bad-certificate"),
    );
    await expect(tlsListen({ ...meter, port, accept: () => undefined })).rejects.toEqual(fault("address-in-use"));
    await expect(tlsConnect("127.0.0.1", 1, toMeter)).rejects.toEqual(fault("connection-refused"));
    await expect(tlsConnect("127.0.0.1", 0, toMeter)).rejects.toEqual(fault("bad-port"));
  });

  it("gives up when told to, or when it takes too long", async () => {
    await using silent = await tcpListen({ port: 0, accept: () => undefined });
    const given = new AbortController();
    const attempt = tlsConnect("127.0.0.1", silent.port, { ...toMeter, signal: given.signal });
    given.abort();
    await expect(attempt).rejects.toMatchObject({ code: "aborted" });
    await expect(tlsConnect("127.0.0.1", silent.port, { ...toMeter, signal: given.signal })).rejects.toMatchObject({
      code: "aborted",
    });
    await expect(tlsConnect("127.0.0.1", silent.port, { ...toMeter, timeout: 30 })).rejects.toEqual(
      fault("connect-timeout"),
    );
  });

  it("ends a connection alone whose handler fails", async () => {
    const faults: Fault[] = [];
    await using listener = await tlsListen({
      ...meter,
      port: 0,
      accept: () => {
        throw new Error("no room");
      },
      failed: (why) => faults.push(why),
    });
    const near = listen(await tlsConnect("127.0.0.1", listener.port, toMeter));
    await eventually(() => near.events.includes("closed"), "it is closed");
    expect(faults).toMatchObject([{ code: "handler-failed" }]);
  });
});

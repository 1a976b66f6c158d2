import { type ChildProcess, spawn } from "node:child_process";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dlmsProgram } from "./programs.ts";

// A client that shares no line with the library: octets put together by hand from the tables of Green and Blue Book, and
// node:crypto. What encoder and decoder had wrong alike would show here. It knows nothing of the meter but the keys file.

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const keys = {
  systemTitle: "4d4d4d0000000001",
  clients: {
    16: {},
    32: { password: "lls-secret" },
    48: {
      password: "0123456789abcdef",
      encryptionKey: "000102030405060708090a0b0c0d0e0f",
      authenticationKey: "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
    },
  },
};
const encryptionKey = hex(keys.clients[48].encryptionKey);
const authenticationKey = hex(keys.clients[48].authenticationKey);
const ownTitle = hex("4142430000000099");

let child: ChildProcess;
let folder: string;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dlmskit-keys-"));
  writeFileSync(join(folder, "keys.json"), JSON.stringify(keys));
  const simulate = ["simulate", "--template", "is15959-d1", "--store", "memory", "--keys", join(folder, "keys.json")];
  child = spawn(process.execPath, [await dlmsProgram(), ...simulate, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const said = JSON.parse(line);
    expect(said).toMatchObject({ event: "listening", host: "127.0.0.1", link: "wrapper" });
    port = said.port;
    break;
  }
});

afterAll(async () => {
  const ended = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  rmSync(folder, { recursive: true });
});

/** One WPDU out, one in. */
async function exchange(socket: Socket, client: number, apdu: Buffer): Promise<Buffer> {
  const header = Buffer.alloc(8);
  for (const [at, value] of [1, client, 1, apdu.length].entries()) header.writeUInt16BE(value, at * 2);
  socket.write(Buffer.concat([header, apdu]));
  let got = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    got = Buffer.concat([got, chunk as Buffer]);
    if (got.length >= 8 && got.length >= 8 + got.readUInt16BE(6)) break;
  }
  expect([got.readUInt16BE(0), got.readUInt16BE(2), got.readUInt16BE(4)]).toEqual([1, 1, client]);
  return got.subarray(8);
}

async function open(): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

const sized = (octets: Buffer): Buffer => {
  if (octets.length < 128) return Buffer.concat([Buffer.of(octets.length), octets]);
  return Buffer.concat([
    octets.length < 256 ? Buffer.of(0x81, octets.length) : Buffer.of(0x82, octets.length >> 8, octets.length & 255),
    octets,
  ]);
};
const tagged = (tag: number, ...parts: Buffer[]): Buffer =>
  Buffer.concat([Buffer.of(tag), sized(Buffer.concat(parts))]);

let counter = 0;

/** Security suite 0, authenticated encryption: SC 0x30, IV = title ‖ counter, AAD = SC ‖ AK, tag of 12 octets. */
function seal(tag: number, plain: Buffer): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(++counter);
  const gcm = createCipheriv("aes-128-gcm", encryptionKey, Buffer.concat([ownTitle, count]), { authTagLength: 12 });
  gcm.setAAD(Buffer.concat([Buffer.of(0x30), authenticationKey]));
  return tagged(tag, Buffer.of(0x30), count, gcm.update(plain), gcm.final(), gcm.getAuthTag());
}

let lastOfServer = -1;

function unseal(tag: number, title: Buffer, apdu: Buffer): Buffer {
  expect(apdu[0]).toBe(tag);
  const start = (apdu[1] as number) < 128 ? 2 : 2 + ((apdu[1] as number) & 127);
  const body = apdu.subarray(start);
  expect(body[0]).toBe(0x30);
  const count = body.readUInt32BE(1);
  expect(count).toBeGreaterThan(lastOfServer);
  lastOfServer = count;
  const gcm = createDecipheriv("aes-128-gcm", encryptionKey, Buffer.concat([title, body.subarray(1, 5)]), {
    authTagLength: 12,
  });
  gcm.setAAD(Buffer.concat([Buffer.of(0x30), authenticationKey]));
  gcm.setAuthTag(body.subarray(-12));
  return Buffer.concat([gcm.update(body.subarray(5, -12)), gcm.final()]);
}

/** The fields of a BER sequence, by tag. */
function fields(octets: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at < octets.length; ) {
    const tag = octets[at] as number;
    let length = octets[at + 1] as number;
    at += 2;
    if (length > 127) {
      const count = length & 127;
      length = octets.readUIntBE(at, count);
      at += count;
    }
    found.set(tag, octets.subarray(at, at + length));
    at += length;
  }
  return found;
}

/** The fields of an AARE. */
function inner(apdu: Buffer): Map<number, Buffer> {
  const [[tag, content] = []] = fields(apdu);
  expect(tag).toBe(0x61);
  return fields(content as Buffer);
}

const aes = (secret: Buffer, block: Buffer): Buffer => {
  const cipher = createCipheriv("aes-128-ecb", secret, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
};

describe("a client written from the standard alone", () => {
  it("reads the logical device name as the public client", async () => {
    const socket = await open();
    const aarq = tagged(0x60, hex("a109 0607 60857405080101"), hex("be10 040e 01000000 065f1f0400 001e5d ffff"));
    const aare = inner(await exchange(socket, 16, aarq));
    expect(aare.get(0xa2)).toEqual(hex("020100"));
    expect(aare.get(0xa3)).toEqual(hex("a103020100"));
    const name = await exchange(socket, 16, hex("c001c1 0001 00002a0000ff 02 00"));
    expect(name.subarray(0, 6)).toEqual(hex("c401c1 00 0910"));
    expect(name.subarray(6).toString("latin1")).toMatch(/^DLK[0-9]{13}$/);
    // Not a register: that is not for the public.
    expect(await exchange(socket, 16, hex("c001c1 0003 0100010800ff 02 00"))).toEqual(hex("c401c1 01 04"));
    socket.destroy();
  });

  it("reads a register with a password as client 32", async () => {
    const socket = await open();
    const open32 = (password: string): Buffer =>
      tagged(
        0x60,
        hex("a109 0607 60857405080101 8a020780 8b07 60857405080201"),
        tagged(0xac, tagged(0x80, Buffer.from(password))),
        hex("be10 040e 01000000 065f1f0400 001e5d ffff"),
      );
    const refused = inner(await exchange(socket, 32, open32("wrong")));
    expect(refused.get(0xa2)).toEqual(hex("020101"));
    expect(refused.get(0xa3)).toEqual(hex("a10302010d"));
    const accepted = inner(await exchange(socket, 32, open32("lls-secret")));
    expect(accepted.get(0xa2)).toEqual(hex("020100"));
    const voltage = await exchange(socket, 32, hex("c001c1 0003 01000c0700ff 02 00"));
    expect(voltage.subarray(0, 5)).toEqual(hex("c401c1 00 12"));
    expect(voltage.readUInt16BE(5)).toBeGreaterThan(10_000);
    socket.destroy();
  });

  it("authenticates as client 48 by AES and reads under authenticated encryption", async () => {
    const socket = await open();
    const cToS = hex("00112233445566778899aabbccddeeff");
    const secret = Buffer.from(keys.clients[48].password);
    const aarq = tagged(
      0x60,
      hex("a109 0607 60857405080103"),
      tagged(0xa6, tagged(0x04, ownTitle)),
      hex("8a020780 8b07 60857405080202"),
      tagged(0xac, tagged(0x80, cToS)),
      tagged(0xbe, tagged(0x04, seal(0x21, hex("01000000 065f1f0400 001e5d ffff")))),
    );
    const aare = inner(await exchange(socket, 48, aarq));
    expect(aare.get(0xa1)).toEqual(hex("0607 60857405080103"));
    expect(aare.get(0xa2)).toEqual(hex("020100"));
    expect(aare.get(0xa3)).toEqual(hex("a10302010e"));
    expect(aare.get(0xa4)).toEqual(hex(`0408 ${keys.systemTitle}`));
    expect(aare.get(0x89)).toEqual(hex("60857405080202"));
    const title = hex(keys.systemTitle);
    const initiate = unseal(0x28, title, (aare.get(0xbe) as Buffer).subarray(2));
    expect(initiate.subarray(0, 7)).toEqual(hex("08 00 06 5f1f0400"));
    expect(initiate.subarray(-2)).toEqual(hex("0007"));
    const sToC = (aare.get(0xaa) as Buffer).subarray(2);
    expect(sToC.length).toBe(16);

    // Before pass 3 nothing is served: an exception-response, with no data in it.
    const early = await exchange(socket, 48, seal(0xc8, hex("c001c1 0003 0100010800ff 02 00")));
    expect(early[0]).toBe(0xd8);

    const pass3 = Buffer.concat([hex("c301c1 000f 0000280000ff 01 01 0910"), aes(secret, sToC)]);
    const pass4 = unseal(0xcf, title, await exchange(socket, 48, seal(0xcb, pass3)));
    expect(pass4).toEqual(Buffer.concat([hex("c701c1 00 01 00 0910"), aes(secret, cToS)]));

    const energy = unseal(0xcc, title, await exchange(socket, 48, seal(0xc8, hex("c001c1 0003 0100010800ff 02 00"))));
    expect(energy.subarray(0, 5)).toEqual(hex("c401c1 00 06"));
    expect(energy.readUInt32BE(5)).toBeGreaterThan(1000);
    const scalerUnit = unseal(
      0xcc,
      title,
      await exchange(socket, 48, seal(0xc8, hex("c001c1 0003 0100010800ff 03 00"))),
    );
    expect(scalerUnit).toEqual(hex("c401c1 00 0202 0f00 161e"));
    socket.destroy();
  });
});

import { toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { anonymiseRecord, parseKeysFile, parseRecord } from "../src/index.ts";
import { associate } from "./bottle.ts";
import { keysOf, recorded, replaying } from "./recording.ts";

const secret = new Uint8Array(32).fill(7);
const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 } as const;
const serial = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 } as const;
const wh = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 } as const;
const switchName = { classId: 1, instanceId: "1.0.0.8.4.255", attributeId: 2 } as const;

/** Sessions of a public client, of one with a password and of one with HLS. */
async function said(seed: string, reads: readonly number[]) {
  const made = await recorded({ seed });
  const { simulator, clock } = made;
  for (const client of [16, 32, 48]) {
    const session = await associate(simulator, clock, client, { meter: 0 });
    await session.get(name);
    if (client !== 16) for (const at of reads) await session.get([serial, wh, switchName][at % 3] as typeof wh);
    await session.release();
  }
  return made;
}

const hexOf = (text: string): string => toHex(new TextEncoder().encode(text));

describe("an anonymised record", () => {
  it("has none of the octets that identify the meter, its keys and its clients", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
        async (seed, reads) => {
          const { identity, text } = await said(seed, reads);
          const { text: other, keys, left } = anonymiseRecord(parseRecord(text()), { secret, keys: keysOf(identity) });
          const secrets = identity.clients.flatMap(({ password, encryptionKey, authenticationKey }) => [
            ...(typeof password === "string" ? [hexOf(password)] : []),
            ...[encryptionKey, authenticationKey].filter((key) => key !== undefined),
          ]);
          const identities = [
            hexOf(identity.serial),
            hexOf(identity.logicalDeviceName),
            identity.systemTitle,
            ...secrets,
          ];
          const titles = ["4845533030303031"];
          for (const one of [...identities, ...titles]) {
            expect(other.toLowerCase()).not.toContain(one.toLowerCase());
            expect(keys.toLowerCase()).not.toContain(one.toLowerCase());
          }
          expect(other).not.toContain(identity.serial);
          expect(left).toBe(0);
          // The record that it was made of has them.
          for (const one of [hexOf(identity.logicalDeviceName), identity.systemTitle, ...titles]) {
            expect(text().toLowerCase()).toContain(one.toLowerCase());
          }
        },
      ),
      { numRuns: times(2) },
    );
  });

  it("replays with its new keys, and has consistent pseudonyms and the same values", async () => {
    const { identity, text } = await said("spring", [0, 1]);
    const { text: other, keys } = anonymiseRecord(parseRecord(text()), { secret, keys: keysOf(identity) });
    const departures: unknown[] = [];
    const { session } = replaying(other, identity, departures as never, parseKeysFile(keys));
    const after = await session(48);
    const [shownName, shownSerial, value] = [await after.get(name), await after.get(serial), await after.get(wh)];
    const before = replaying(text(), identity, []);
    const same = await before.session(48);
    expect(await same.get(wh)).toEqual(value);
    expect(await same.get(name)).not.toEqual(shownName);
    expect(shownSerial).not.toEqual(await same.get(serial));
    expect(departures).toEqual([]);
    const publicClient = await session(16);
    expect(await publicClient.get(name)).toEqual(shownName);
  });

  it("replaces addresses that were written or read", () => {
    const line = (way: string, octets: string) =>
      JSON.stringify({ session: 1, at: "2026-11-24T00:00:00Z", way, client: 1, pdu: octets });
    const ipAddress = "c0a80017";
    const destination = toHex(new TextEncoder().encode("192.0.2.7:4061"));
    const text = [
      '{"record":1}',
      line("received", "c001c1002a0000190100ff0300"),
      line("sent", `c401c10006${ipAddress}`),
      line("received", `c101c100280000190900ff030002031600090e${destination}1600`),
      line("sent", "c501c100"),
    ].join("\n");
    const { text: other, identities } = anonymiseRecord(parseRecord(text), { secret });
    expect(text).toContain(destination);
    for (const one of [ipAddress, destination]) expect(other).not.toContain(one);
    expect(identities).toBe(2);
    expect(other).toContain("c401c10006");
  });

  const recordOf = (...apdus: readonly (readonly [way: string, pdu: string])[]): string =>
    [
      '{"record":1}',
      ...apdus.map(([way, pdu]) =>
        JSON.stringify({ session: 1, at: "2026-11-24T00:00:00Z", way, client: 1, pdu: pdu.replaceAll(" ", "") }),
      ),
    ].join("\n");
  const octetsOf = (text: string): string =>
    parseRecord(text)[0]
      ?.apdus.map(({ pdu }) => toHex(pdu))
      .join(" ") ?? "";

  it("replaces what is cut by two blocks, and what was written in blocks", () => {
    const device = hexOf("XYZ-4711-0815");
    const [start, end] = [device.slice(0, 12), device.slice(12)];
    const text = recordOf(
      ["received", "c001c1 0001 00002a0000ff 02 00"],
      ["sent", `c402c100 00000001 00 08 090d${start}`],
      ["received", "c002c1 00000001"],
      // The last block is sent twice.
      ["sent", `c402c101 00000002 00 07 ${end}`],
      ["received", "c002c1 00000001"],
      ["sent", `c402c101 00000002 00 07 ${end}`],
    );
    const made = anonymiseRecord(parseRecord(text), { secret });
    expect(octetsOf(text)).toContain(end);
    for (const one of [start, end, hexOf("4711")]) expect(octetsOf(made.text)).not.toContain(one);
    // The whole is the pseudonym of the whole.
    const whole = anonymiseRecord(
      parseRecord(recordOf(["received", "c001c1 0001 00002a0000ff 02 00"], ["sent", `c401c100 090d${device}`])),
      { secret },
    );
    const pseudonym = octetsOf(whole.text).slice(-26);
    const [, first, , second, , again] = octetsOf(made.text).split(" ");
    expect([first?.slice(-12), second?.slice(-14), again?.slice(-14)]).toEqual([
      ...[pseudonym.slice(0, 12), pseudonym.slice(12), pseudonym.slice(12)],
    ]);
    const written = recordOf(
      ["received", `c102c1 0001 0000600100ff 02 00 00 00000001 08 090d${start}`],
      ["sent", "c502c1 00000001"],
      ["received", `c103c1 01 00000002 07 ${end}`],
      ["sent", "c503c1 00 00000002"],
    );
    const other = anonymiseRecord(parseRecord(written), { secret });
    expect(other.identities).toBe(1);
    expect(octetsOf(other.text)).toContain(pseudonym.slice(12));
    for (const one of [start, end]) expect(octetsOf(other.text)).not.toContain(one);
  });

  it("replaces what a list writes, and secrets that methods set, in blocks too", () => {
    const [device, hls] = [hexOf("XYZ-4711-0815"), hexOf("a new secret!")];
    const text = recordOf(
      ["received", `c104c1 02 0001 0000600100ff 02 00 0003 0100010800ff 02 00 02 090d${device} 0600000005`],
      ["sent", "c505c1 02 00 00"],
      ["received", `c301c1 000f 0000280000ff 02 01 090d${hls}`],
      ["sent", "c701c1 00 00"],
      ["received", `c304c1 000f 0000280000ff 02 00 00000001 09 090d${hexOf("in a bl")}`],
      ["sent", "c704c1 00000001"],
      ["received", `c306c1 01 00000002 06 ${hexOf("ock it")}`],
      ["sent", "c701c1 00 00"],
    );
    const made = anonymiseRecord(parseRecord(text), { secret });
    for (const one of [device, hls, hexOf("in a bl"), hexOf("ock it")]) {
      expect(octetsOf(text)).toContain(one);
      expect(octetsOf(made.text)).not.toContain(one);
    }
    expect(octetsOf(made.text)).toContain("0600000005");
  });

  it("needs the keys of ciphered sessions, and replaces what it is told", async () => {
    const { text, identity } = await said("spring", [1]);
    expect(() => anonymiseRecord(parseRecord(text()), { secret })).toThrow("keys are missing");
    const also = [new TextEncoder().encode(identity.logicalDeviceName.slice(0, 9))];
    expect(text()).toContain(toHex(also[0] as Uint8Array));
    const made = anonymiseRecord(parseRecord(text()), { secret, keys: keysOf(identity), also });
    expect(made.text).not.toContain(toHex(also[0] as Uint8Array));
  });
});

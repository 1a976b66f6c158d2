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
      { numRuns: times(3) },
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

  it("needs the keys of ciphered sessions, and replaces what it is told", async () => {
    const { text, identity } = await said("spring", [1]);
    expect(() => anonymiseRecord(parseRecord(text()), { secret })).toThrow("keys are missing");
    const also = [new TextEncoder().encode(identity.logicalDeviceName.slice(0, 9))];
    expect(text()).toContain(toHex(also[0] as Uint8Array));
    const made = anonymiseRecord(parseRecord(text()), { secret, keys: keysOf(identity), also });
    expect(made.text).not.toContain(toHex(also[0] as Uint8Array));
  });
});

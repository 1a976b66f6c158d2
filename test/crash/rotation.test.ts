import { type KeyRecords, keyIdOf, type PendingKeyRecords, type Rotated } from "@dlmskit/client";
import { Fault } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import type { Store } from "@dlmskit/storage";
import { expect, expectTypeOf, it } from "vitest";
import { patience, times } from "../campaign.ts";
import { Fleet, reading, setup } from "./fleet.ts";
import { Fuse } from "./fuse.ts";

const count = times(100);
const kinds = { meter: 60, headEnd: 24, line: 30 };
const forEver = (): Fuse => new Fuse(Number.POSITIVE_INFINITY);
const random = (below: number): number => Math.floor(Math.random() * below);

type Meter = Fleet["meters"][number];

/** One attempt to change the keys, in which one of the three breaks after so many steps. */
async function attempt(
  fleet: Fleet,
  meter: Meter,
  breaks: keyof typeof kinds | undefined,
  steps: number,
): Promise<unknown> {
  const fuses = { meter: forEver(), headEnd: forEver(), line: forEver() };
  if (breaks === undefined) fleet.mend(meter);
  else {
    fuses[breaks] = new Fuse(steps);
    if (breaks === "meter") fleet.restart(meter, fuses.meter);
  }
  const rotation = await fleet.rotation(meter, fuses.line, fuses.headEnd);
  const killed = new Promise<string>((resolve) => fuses.headEnd.whenBlown(() => resolve("killed")));
  const outcome = await Promise.race([
    killed,
    rotation.rotate(meter.meterId, setup).catch((caught: unknown) => caught),
  ]);
  return outcome;
}

/** Another client of the meter reads while all this happens, and is now and then cut off. */
async function traffic(fleet: Fleet, meter: Meter, over: () => boolean, flows: () => void): Promise<number> {
  const store = await fleet.headEnd();
  const keys = meter.reader;
  const target = {
    meterId: meter.meterId,
    instanceId: "0.0.43.0.2.255",
    keys,
    keyId: keyIdOf(node, keys.encryptionKey),
  };
  let answers = 0;
  do {
    try {
      const session = await fleet.open(meter, 32, target, store, forEver(), forEver());
      do {
        expect(await session.get(reading)).toEqual({ type: "unsigned", value: 7 });
        answers++;
        flows();
      } while (!over());
      await session.release();
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
    }
  } while (!over());
  return answers;
}

it("keeps its records where a store of @dlmskit/storage keeps them", () => {
  expectTypeOf<Store["securitySettings"]>().toExtend<KeyRecords>();
  expectTypeOf<Store["keyRotations"]>().toExtend<PendingKeyRecords>();
});

it(`changes the keys of ${count} meters under traffic, whoever crashes at whatever step`, {
  timeout: patience + count * 1_000,
}, async () => {
  const fleet = new Fleet(count);
  await fleet.import();
  const store = await fleet.headEnd();
  const how = { changed: 0, resumed: 0, confirmed: 0 };
  let answers = 0;
  const queue = [...fleet.meters];
  const worker = async (): Promise<void> => {
    for (let meter = queue.pop(); meter !== undefined; meter = queue.pop()) {
      let over = false;
      const { promise: flowing, resolve: flows } = Promise.withResolvers<void>();
      const reads = traffic(fleet, meter, () => over, flows);
      await flowing;
      for (let crashes = random(4); ; crashes--) {
        const names = Object.keys(kinds) as (keyof typeof kinds)[];
        const breaks = crashes > 0 ? names[random(names.length)] : undefined;
        const outcome = await attempt(fleet, meter, breaks, breaks === undefined ? 0 : random(kinds[breaks]));
        if (outcome === "killed") {
          // It may have come to its end, and died before it could tell: nothing is due any more.
          const [record] = await store.securitySettings.of(meter.meterId);
          if (record?.keyVersion === 2) break;
          continue;
        }
        if (!(outcome instanceof Error)) {
          how[(outcome as Rotated).how]++;
          break;
        }
        // Where nothing was made to break, nothing may fail.
        expect(outcome).toBeInstanceOf(Fault);
        if (breaks === undefined) throw outcome;
      }
      over = true;
      const read = await reads;
      answers += read;
    }
  };
  await Promise.all(Array.from({ length: 128 }, worker));
  fleet.check();

  expect(await store.keyRotations.due(Date.UTC(2030, 0, 2) + 1)).toEqual([]);
  const kept = await fleet.meterStore();
  const agrees = async (meter: Meter): Promise<void> => {
    fleet.mend(meter);
    const { meterId, utility } = meter;
    const [record] = await store.securitySettings.of(meterId);
    const own = (await kept.securitySettings.of(meterId)).find(({ instanceId }) => instanceId === setup);
    if (record === undefined || own === undefined) throw new Error(`${meterId} is gone`);
    const { encryptionKey, authenticationKey, masterKey, keyVersion } = record;
    expect({ encryptionKey, authenticationKey, masterKey }).toEqual({
      encryptionKey: own.encryptionKey,
      authenticationKey: own.authenticationKey,
      masterKey: utility.masterKey,
    });
    expect(encryptionKey).not.toEqual(utility.encryptionKey);
    expect(keyVersion).toBe(2);
    expect(await store.keyRotations.pending(meterId, setup)).toBe(undefined);
    const keys = { encryptionKey, authenticationKey } as typeof meter.reader;
    const target = { meterId, instanceId: setup, keys, keyId: keyIdOf(node, keys.encryptionKey) };
    await using session = await fleet.open(meter, 48, target, store, forEver(), forEver());
    expect(await session.get(reading)).toEqual({ type: "unsigned", value: 7 });
  };
  await Promise.all(fleet.meters.map(agrees));
  fleet.check();
  console.log(`${count} meters: ${JSON.stringify({ ...how, crashes: fleet.crashes, answers })}`);
  for (const crashes of Object.values(fleet.crashes)) expect(crashes).toBeGreaterThan(count / 10);
  expect(answers).toBeGreaterThan(count);
  for (const number of Object.values(how)) expect(number).toBeGreaterThan(count / 50);
});

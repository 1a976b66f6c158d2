import { type DataLike, encodeData } from "@dlmskit/apdu";
import type { AccessItem } from "@dlmskit/association";
import { type ConnectOptions, clientConformance, type Session } from "@dlmskit/client";
import { toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { associate, type Bottle, bottled, day, now0, stepTo } from "./bottle.ts";

type Reference = { readonly classId: number; readonly instanceId: string; readonly attributeId: number };

const name = ({ classId, instanceId, attributeId }: Reference): string => `${classId} ${instanceId}:${attributeId}`;
const told = (data: DataLike | undefined, error: string | undefined): string =>
  data === undefined ? (error ?? "nothing") : toHex(encodeData(data));

type Values = ReadonlyMap<string, string>;

async function byGet(session: Session, references: readonly Reference[]): Promise<Values> {
  const results = await session.get(references);
  return new Map(
    results.map((result, at) => [
      name(references[at] as Reference),
      "data" in result ? told(result.data, undefined) : told(undefined, result.error),
    ]),
  );
}

/** So many items in each request. */
const byAccess =
  (count: number) =>
  async (session: Session, references: readonly Reference[]): Promise<Values> => {
    const values = new Map<string, string>();
    for (let from = 0; from < references.length; from += count) {
      const asked = references.slice(from, from + count);
      const items = asked.map((attribute): AccessItem => ({ service: "get", attribute }));
      const results = await session.access(items);
      for (const [at, { data, result }] of results.entries()) {
        values.set(name(asked[at] as Reference), told(data, result));
      }
    }
    return values;
  };

const without = (...bits: readonly string[]) =>
  clientConformance.filter((bit) => !bits.some((one) => bit.includes(one)));
const small = { maxReceivePduSize: 256 };
const general = { window: 5, prefer: "general" } as const;

const ways: {
  readonly [way: string]: readonly [Partial<ConnectOptions>, (...of: Parameters<typeof byGet>) => Promise<Values>];
} = {
  "GET, one by one": [{ listSize: 1 }, byGet],
  lists: [{ listSize: 20 }, byGet],
  "blocks of GET": [{ ...small, listSize: 1, conformance: without("general-block") }, byGet],
  "lists in blocks": [{ ...small, listSize: 20, conformance: without("general-block") }, byGet],
  "general block transfer": [
    { ...small, listSize: 1, conformance: without("block-transfer-with"), generalBlocks: general },
    byGet,
  ],
  "lists in general block transfer": [{ ...small, listSize: 20, conformance: without("block-transfer-with") }, byGet],
  ACCESS: [{}, byAccess(10)],
  "ACCESS in general block transfer": [{ ...small, generalBlocks: { streaming: false, window: 1 } }, byAccess(25)],
};

/** What tells of the association itself, and of how often it was asked. */
const ofItself = (attribute: string, invocations: RegExp): boolean =>
  /^15 .*:(5|6)$/.test(attribute) || invocations.test(attribute);

describe("one meter, read whole in every way", () => {
  it.each([32, 48])("gives client %i the same values", { timeout: 300_000 }, async (client) => {
    const bottle: Bottle = await bottled();
    await stepTo(bottle, now0 + 2 * day);
    const { simulator, clock } = bottle;
    const objects = simulator.meterTemplate.devices.get(1)?.objects ?? [];
    const references = objects.flatMap(({ spec, instance }) =>
      [1, ...Object.values(spec.attributes as { readonly [name: string]: { readonly id: number } }).map(({ id }) => id)]
        .filter((id, at, all) => id > 0 && all.indexOf(id) === at)
        .map((attributeId): Reference => ({ classId: spec.classId as number, instanceId: instance, attributeId })),
    );
    expect(references.length).toBeGreaterThan(200);
    let first: Values | undefined;
    for (const [way, [options, read]] of Object.entries(ways)) {
      const conformance = [...(options.conformance ?? clientConformance), "general-protection" as const];
      const session = await associate(simulator, clock, client, { ...options, conformance });
      const values = await read(session, references);
      await session.release();
      expect(values.size).toBe(references.length);
      first ??= values;
      const others = [...values].filter(
        ([attribute, value]) => value !== first?.get(attribute) && !ofItself(attribute, /0\.0\.43\.1\./),
      );
      expect(others, way).toEqual([]);
    }
    // Most of it can be read, and some of it is long.
    const lengths = [...(first ?? [])].map(([, value]) => value.length / 2);
    expect(lengths.filter((length) => length > 256).length).toBeGreaterThan(2);
  });
});

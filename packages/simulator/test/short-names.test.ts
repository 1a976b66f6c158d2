import { encodeData } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { rightsMismatches } from "../../../test/rights-mismatches.ts";
import { templates } from "../src/index.ts";
import { associate, bottled, day, now0 } from "./bottle.ts";

/** Counted by the requests themselves. */
const moving = /^0\.0\.43\.1\./;

/** Everything that the object list says is readable, in hex, by "class name attribute"; the association objects are of their referencing. */
async function readAll(session: Session): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  const { objects, problems } = await session.discover();
  expect(problems).toEqual([]);
  for (const { classId, instanceId, attributes } of objects) {
    if (classId === 12 || classId === 15 || moving.test(instanceId)) continue;
    const readable = attributes
      .filter((one) => one.readable)
      .map(({ attributeId }) => ({ classId, instanceId, attributeId }));
    const results = await session.get(readable);
    results.forEach((result, at) => {
      const value = "data" in result ? toHex(encodeData(result.data)) : result.error;
      all.set(`${classId} ${instanceId} ${readable[at]?.attributeId}`, value);
    });
  }
  return all;
}

describe.each(templates.map(({ name }) => name))("a meter of template %s", (template) => {
  it("read whole by logical and by short names gives the same values", { timeout: 300_000 }, async () => {
    const { simulator, clock } = await bottled({ template, speed: 0, start: now0 - day });
    for (const { client } of simulator.template.clients) {
      const byName = await associate(simulator, clock, client, { maxReceivePduSize: 400 });
      const byShortName = await associate(simulator, clock, client, {
        referencing: "short-name",
        maxReceivePduSize: 400,
      });
      expect(byShortName.association.context).toBe("short-name");
      const expected = await readAll(byName);
      expect(expected.size).toBeGreaterThan(3);
      expect(await readAll(byShortName), `client ${client}`).toEqual(expected);
    }
  });
});

describe("the meter of IS 15959 by short names", () => {
  it.each([16, 32, 48, 64, 80])(
    "O9: does for client %i what its object list declares, and no more",
    { timeout: 120_000 },
    async (client) => {
      const { simulator, clock } = await bottled();
      const objects = (simulator.meterTemplate.devices.get(1)?.objects ?? []).filter(({ spec }) => spec.classId !== 15);
      const referencing = "short-name" as const;
      const utility = await associate(simulator, clock, 48, { referencing });
      const session = client === 48 ? utility : await associate(simulator, clock, client, { referencing });
      const { mismatches, granted, denied } = await rightsMismatches(session, utility, objects);
      expect(mismatches).toEqual([]);
      expect(granted).toBeGreaterThan(client === 16 ? 5 : 20);
      expect(denied).toBeGreaterThan(100);
    },
  );

  it("the base names are the same for every meter and after a restart", async () => {
    const list = async (meter: number) => {
      const { simulator, clock } = await bottled({ meters: 3 });
      const { objects } = await (
        await associate(simulator, clock, 16, { meter, referencing: "short-name" })
      ).discover();
      return objects.map(({ baseName, instanceId }) => `${baseName} ${instanceId}`);
    };
    expect(await list(2)).toEqual(await list(0));
  });

  it("referencing: logical names alone, where that is wanted", async () => {
    const { simulator, clock } = await bottled({ referencing: "logical-name" });
    const opening = associate(simulator, clock, 16, { referencing: "short-name" });
    await expect(opening).rejects.toMatchObject({ code: "association-refused" });
  });
});

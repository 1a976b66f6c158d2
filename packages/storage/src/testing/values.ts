import { describe, expect, it } from "vitest";
import type { AttributeValue } from "../tables/values.ts";
import { expectFault, key, meter, type OpenStore, withStore } from "./harness.ts";

const { meterId } = meter(1);
const value: AttributeValue = {
  meterId,
  logicalDevice: 1,
  classId: 8,
  instanceId: "0.0.1.0.0.255",
  attributeId: 3,
  encoded: Uint8Array.of(0x10, 0xfe, 0xb6),
  updatedAt: 1700000000123,
};

export function valuesSuite(open: OpenStore): void {
  describe("values", () => {
    it("keeps what was written, the last of each", () =>
      withStore(open, async ({ meters, values }) => {
        await meters.putIfAbsent([meter(1), meter(2)]);
        const first = { ...value, instanceId: "0.0.0.1.0.255", encoded: key(1, 5000) };
        const later = { ...value, encoded: key(2), updatedAt: 1800000000000 };
        await values.put([value, first, { ...value, meterId: meter(2).meterId }]);
        expect(await values.of(meterId)).toEqual([first, value]);
        await values.put([value, later]);
        await values.put([]);
        expect(await values.of(meterId)).toEqual([first, later]);
        expect(await values.remove(value)).toBe(true);
        expect(await values.remove(value)).toBe(false);
        expect(await values.of(meterId)).toEqual([first]);
        expect(await values.of("nobody")).toEqual([]);
      }));

    it("keeps all or none", () =>
      withStore(open, async ({ meters, values }) => {
        await meters.putIfAbsent([meter(1)]);
        await expectFault(values.put([value, { ...value, meterId: "nobody" }]), "unknown-reference");
        await expectFault(values.put([value, { ...value, encoded: key(1, 0) }]), "bad-value", [
          "attribute_values",
          "encoded",
        ]);
        expect(await values.of(meterId)).toEqual([]);
      }));
  });
}

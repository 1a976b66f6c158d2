import { readFileSync } from "node:fs";
import { Data, type Data as DataOf } from "@dlmskit/apdu";
import { PushListener, type ReceivedPush } from "@dlmskit/client";
import { toHex } from "@dlmskit/core";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { createSimulator, loadTemplate, pushLayoutsOf } from "../src/index.ts";

interface Captured {
  readonly id: string;
  readonly decoded: { readonly apdu?: { readonly body?: unknown; readonly dateTime?: unknown } };
}
const file = new URL("../../../test-vectors/push-captures.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { readonly vectors: readonly Captured[] };
const start = Date.UTC(2026, 4, 4, 10, 0, 1);

const keys = { encryptionKey: new Uint8Array(16).fill(7), authenticationKey: new Uint8Array(16).fill(8) };

/** What a meter of a template pushes by itself in so many seconds. */
async function pushed(template: string, seconds: number, pushLayouts?: string) {
  const clock = new VirtualClock({ epoch: start });
  const began = clock.now();
  const received: (ReceivedPush & { readonly at: number })[] = [];
  const dropped: string[] = [];
  const hes = new PushListener({
    clock,
    link: () => new WrapperServerLink({ end: "client" }),
    quirks: ["date-time-with-data-tag"],
    layouts: pushLayoutsOf(await loadTemplate(template)),
    keys: () => ({ encryptionKey: keys.encryptionKey }),
    received: (push) => void received.push({ ...push, at: (clock.now() - began) / 1000 }),
    dropped: ({ message }) => void dropped.push(message),
  });
  await using simulator = await createSimulator({
    ...{ template, clock, seed: "x", push: "tcp://192.0.2.7:4061" },
    ...(pushLayouts === undefined ? {} : { pushLayouts }),
    ...(template === "austria-push" && { keys: { clients: { 103: keys } } }),
    pushTransports: {
      tcp: {
        async dial() {
          const [here, there] = memoryPair({ clock });
          hes.accept(there);
          return here;
        },
        link: () => new WrapperServerLink(),
      },
    },
  });
  for (let second = 0; second < seconds; second++) {
    await clock.advanceAsync(1000);
    // The meters and the store are not in virtual time.
    await new Promise((resolve) => setImmediate(resolve));
  }
  void simulator;
  hes.close();
  return { received, dropped };
}

/** Types and logical names of a body. */
const shapeOf = (data: DataOf): unknown => {
  if (data.type === "array" || data.type === "structure") return [data.type, ...data.value.map(shapeOf)];
  if (data.type !== "octet-string" || data.value.length !== 6 || data.value[5] !== 255) return data.type;
  return toHex(data.value);
};

describe("what the meters of a customer interface push unasked", () => {
  it("nordic-han: list 1 every 2.5 s, list 2 every 10 s, list 3 ten seconds after the hour", async () => {
    const { received, dropped } = await pushed("nordic-han", 61);
    expect(dropped).toEqual([]);
    const sizes = received.map(({ values, at }) => ({ values: values.length, at: Math.round(at * 10) / 10 }));
    expect(sizes.filter(({ values, at }) => values === 1 && at < 11)).toHaveLength(4);
    expect(sizes.filter(({ values, at }) => values === 13 && at < 60)).toHaveLength(6);
    expect(sizes.filter(({ values }) => values === 18).map(({ at }) => at)).toEqual([9]);
    expect(received[0]?.values[0]).toMatchObject({
      instanceId: "1.0.1.7.0.255",
      unit: "W",
      scaled: expect.any(Number),
    });
    expect(received.some(({ repeated }) => repeated)).toBe(false);
  });

  it.each([
    ["push-aidon-001", "nordic-han", "Aidon list 1"],
    ["push-aidon-003", "nordic-han", "Aidon list 2, 3P3W"],
    ["push-aidon-005", "nordic-han", "Aidon SE"],
    ["push-kaifa-003", "nordic-han", "Kaifa list 2, 3-phase"],
    ["push-kaifa-004", "nordic-han", "Kaifa list 3, 3-phase"],
    ["push-kamstrup-001", "nordic-han", "Kamstrup list 2, 3-phase"],
    ["push-kamstrup-005", "nordic-han", "Kamstrup list 3, 3-phase"],
    ["push-kaifa-005", "austria-push", "Netz NÖ"],
    ["push-kaifa-010", "austria-push", "TINETZ three phase"],
  ])("the layout of the capture %s is sent by %s: %s", async (id, template, words) => {
    const { received, dropped } = await pushed(template, 12, words);
    expect(dropped).toEqual([]);
    const { apdu } = vectors.find((one) => one.id === id)?.decoded ?? {};
    const shapes = new Set(received.map(({ data }) => JSON.stringify(shapeOf(data))));
    expect([...shapes].map((text) => JSON.parse(text))).toContainEqual(shapeOf(Data.fromJson(apdu?.body as never)));
    expect(received.at(-1)?.time === undefined).toBe(apdu?.dateTime === undefined || apdu.dateTime === null);
  });

  it("austria-push: encrypted, every five seconds, with names and units", async () => {
    const { received, dropped } = await pushed("austria-push", 21);
    expect(dropped).toEqual([]);
    expect(received).toHaveLength(4);
    expect(received[0]).toMatchObject({ address: { client: 103, server: 1 }, verified: false });
    expect(received[0]?.systemTitle).toHaveLength(8);
    const voltage = received[0]?.values.find(({ instanceId }) => instanceId === "1.0.32.7.0.255");
    expect(voltage).toMatchObject({ unit: "V" });
    expect(voltage?.scaled).toBeGreaterThan(200);
  });

  it("values without names get them from the layouts of the template", async () => {
    const { received } = await pushed("nordic-han", 21, "Kaifa list 2, 3-phase");
    expect(received[0]?.layoutFrom).toBe("option");
    expect(received[0]?.values[3]).toMatchObject({
      classId: 3,
      instanceId: "1.0.1.7.0.255",
      attributeId: 2,
      unit: "W",
    });
    const current = received[0]?.values.find(({ instanceId }) => instanceId === "1.0.31.7.0.255");
    expect(current).toMatchObject({ unit: "A", scaled: expect.any(Number) });
    expect(current?.scaled).toBeLessThan(100);
  });

  it("says which layouts there are", async () => {
    await expect(pushed("nordic-han", 1, "Siemens")).rejects.toMatchObject({
      code: "unknown-push-layout",
      hint: expect.stringContaining("Aidon list 1, any"),
    });
    await expect(pushed("is15959-d1", 1, "Aidon")).rejects.toMatchObject({ code: "unknown-push-layout" });
  });
});

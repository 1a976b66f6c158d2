import { readFileSync } from "node:fs";
import { type Data, decodeApdu } from "@dlmskit/apdu";
import { PushListener, type ReceivedPush } from "@dlmskit/client";
import { fromHex, toHex } from "@dlmskit/core";
import { memoryPair, observed, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import {
  createSimulator,
  loadTemplate,
  parseTemplate,
  pushLayoutsOf,
  type SimulatorTemplate,
  templateText,
} from "../src/index.ts";

interface Captured {
  readonly id: string;
  readonly decoded: { readonly apduHex: string };
}
/** An element of a push_object_list, or an attribute descriptor. */
const namesAttribute = ([classId, name, attribute]: readonly Data[]): boolean =>
  classId?.type === "long-unsigned" && name?.type === "octet-string" && attribute?.type === "integer";

/** A captured notification. Some makers put the tag of an octet-string before its date-time, others leave out tags in the body. */
function captured(id: string) {
  const apdu = fromHex(vectors.find((one) => one.id === id)?.decoded.apduHex ?? "");
  for (const tried of [[], ...quirks.map((quirk) => [quirk])]) {
    try {
      const decoded = decodeApdu(apdu, { quirks: tried });
      if (decoded.apdu === "data-notification") return { ...decoded, quirk: tried[0] };
    } catch {
      // The next quirk.
    }
  }
  throw new Error(`${id} is no DataNotification`);
}

const file = new URL("../../../test-vectors/push-captures.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { readonly vectors: readonly Captured[] };
/** Two seconds later it is a full hour. */
const start = Date.UTC(2026, 4, 4, 9, 59, 58);

const quirks = ["date-time-with-data-tag", "untyped-attribute-descriptors"] as const;

const keys = { encryptionKey: new Uint8Array(16).fill(7), authenticationKey: new Uint8Array(16).fill(8) };

/** What a meter of a template pushes by itself in so many seconds. */
async function pushed(from: string | SimulatorTemplate, seconds: number, pushLayouts?: string) {
  const template = typeof from === "string" ? await loadTemplate(from) : from;
  const clock = new VirtualClock({ epoch: start });
  const began = clock.now();
  const received: (ReceivedPush & { readonly at: number })[] = [];
  const dropped: string[] = [];
  /** The lengths of the WPDUs. */
  const wpdus: number[] = [];
  const hes = new PushListener({
    clock,
    link: () => new WrapperServerLink({ end: "client" }),
    quirks,
    layouts: pushLayoutsOf(template),
    keys: () => ({ encryptionKey: keys.encryptionKey }),
    received: (push) => void received.push({ ...push, at: (clock.now() - began) / 1000 }),
    dropped: ({ message }) => void dropped.push(message),
  });
  await using simulator = await createSimulator({
    ...{ template, clock, seed: "x", push: "tcp://192.0.2.7:4061" },
    ...(pushLayouts === undefined ? {} : { pushLayouts }),
    ...(template.name === "austria-push" && { keys: { clients: { 103: keys } } }),
    pushTransports: {
      tcp: {
        async dial() {
          const [here, there] = memoryPair({ clock });
          hes.accept(observed(there, { received: (octets) => void wpdus.push(octets.length) }));
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
  return { received, dropped, wpdus };
}

/** Types and logical names of a body, and the attributes that its list and its descriptors name. */
const shapeOf = (data: Data): unknown => {
  if (data.type === "structure" && namesAttribute(data.value))
    return data.value.map((one) => String((one as { value?: unknown }).value));
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
    expect(sizes.filter(({ values }) => values === 18).map(({ at }) => at)).toEqual([12]);
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
    ["push-kaifa-007", "austria-push", "TINETZ single"],
    ["push-kamstrup-002", "nordic-han", "Kamstrup 2017"],
    ["push-landis-gyr-001", "nordic-han", "Landis+Gyr"],
    ["push-landis-gyr-003", "swiss-push", "E450 names"],
    ["push-landis-gyr-006", "swiss-push", "E450 11 entries"],
    ["push-landis-gyr-007", "swiss-push", "E450 M-Bus"],
    ["push-landis-gyr-012", "swiss-push", "Cyprus"],
    ["push-landis-gyr-014", "swiss-push", "E360"],
    ["push-landis-gyr-015", "swiss-push", "E570 18 entries"],
    ["push-landis-gyr-017", "swiss-push", "E570 VSE"],
    ["push-iskra-001", "swiss-push", "Iskraemeco names"],
    ["push-iskra-002", "swiss-push", "Iskraemeco VSE"],
    ["push-iskra-003", "swiss-push", "AM550 28 entries"],
    ["push-egd-001", "czech-push", "EGD"],
    ["push-sagemcom-002", "czech-push", "XT211"],
  ])("the layout of the capture %s is sent by %s: %s", async (id, template, words) => {
    const { received, dropped } = await pushed(template, 13, words);
    expect(dropped).toEqual([]);
    const { body, dateTime } = captured(id);
    const shapes = received.map(({ data }) => JSON.stringify(shapeOf(data)));
    expect(new Set(shapes)).toEqual(new Set([JSON.stringify(shapeOf(body))]));
    expect(received.at(-1)?.time === undefined).toBe(dateTime === undefined);
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

  it("sends what is longer than its client takes in blocks, as meters of Landis+Gyr do", async () => {
    const form = JSON.parse(await templateText("swiss-push"));
    for (const client of form.clients) client.maxSendPduSize = 128;
    const { received, dropped, wpdus } = await pushed(parseTemplate(form), 6, "E450 11 entries");
    expect(dropped).toEqual([]);
    expect(received[0]?.values).toHaveLength(10);
    expect(wpdus.length).toBe(3 * received.length);
    // A WPDU has a header of 8 octets.
    expect(Math.max(...wpdus)).toBeLessThanOrEqual(128 + 8);
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
    await expect(pushed("swiss-push", 1, "VSE 2026")).rejects.toMatchObject({
      code: "bad-value",
      message: expect.stringContaining("0.6.25.9.0.255"),
    });
    await expect(pushed("is15959-d1", 1, "Aidon")).rejects.toMatchObject({ code: "unknown-push-layout" });
  });
});

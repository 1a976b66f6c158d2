import { type Data, type DataShape, initialData, shapeOf, T, treeOf } from "@dlmskit/apdu";
import { dateTimeOf, Fault, fromAscii } from "@dlmskit/core";
import {
  type AnyObject,
  activityCalendar,
  arbitrator,
  arrayManager,
  charge,
  clock,
  compactData,
  compactData0,
  dataObject,
  dataProtection,
  demandRegister,
  disconnectControl,
  extendedRegister,
  functionControl,
  imageTransfer,
  limiter,
  mbusClient,
  parameterMonitor,
  prepayment,
  profileGeneric,
  type Rights,
  register,
  registerActivation,
  registerMonitor,
  schedule,
  scriptTable,
  sensorManager,
  singleActionSchedule,
  specialDays,
  statusMapping,
} from "@dlmskit/cosem-objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";

import { dataProtector, Meter, meterTemplate, none, type ServerEvent } from "../src/index.ts";
import { Bench } from "./a-client.ts";

/** More than the classes let be written. */
const everything: Rights = { attribute: () => 3, method: () => 1 };
const u32 = (value: number) => ({ type: "double-long-unsigned", value }) as const;
const scripts = "0.0.10.0.100.255";
const script = (scriptSelector: number) => ({ scriptLogicalName: scripts, scriptSelector });

function objects(): AnyObject[] {
  const time = clock();
  const power = register("1.0.1.7.0.255", { type: T.doubleLongUnsigned, value: 5, unit: "W" });
  const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 5, unit: "Wh" });
  const list = dataObject("0.0.96.1.0.255", { type: T.array(T.unsigned), value: [1, 2, 3] });
  const write = (instanceId: string, value: number) => ({
    ...{ serviceId: 1, classId: 3, instanceId, index: 2 },
    parameter: u32(value),
  });
  const maximum = extendedRegister("1.0.1.6.0.255", {
    ...{ type: T.doubleLongUnsigned, value: 0, unit: "W", captureTime: dateTimeOf(0) },
  });
  const { objects: payment } = prepayment({
    ...{ commodity: energy, currency: { name: "EUR", scale: -2 }, price: { value: 3, scale: -2, per: 2 } },
    ...{ credit: 12, emergency: { amount: 5 }, standing: { value: 1, period: 60 } },
    debt: { amount: 100, proportion: 1000 },
    tokens: {
      read: (token) => ({ result: "valid", identifier: BigInt(token.length), credits: BigInt(token[0] ?? 0) }),
    },
    disconnectControl: "0.0.96.3.11.255",
  });
  const telegram = {
    ...{ accessNumber: 1, status: 0, encrypted: false },
    records: [{ dataInformationBlock: Uint8Array.of(4), valueInformationBlock: Uint8Array.of(0x13), data: u32(700) }],
  };
  return [
    ...[time, power, energy, list, maximum],
    profileGeneric("1.0.99.1.0.255", { capture: [time, power], entries: 20, period: 60 }),
    profileGeneric("1.0.99.2.0.255", { capture: [time, power], entries: 3, sortMethod: 3, sortBy: power }),
    imageTransfer("0.0.44.0.0.255", { blockSize: 8, verificationTime: 1, activationTime: 1 }),
    dataProtection("0.0.43.2.0.255", { protector: dataProtector() }),
    ...payment,
    disconnectControl("0.0.96.3.10.255", { version: 1 }),
    limiter("0.0.17.0.0.255", {
      ...{ monitored: [power, 2], thresholdNormal: u32(10), actions: { actionOverThreshold: script(1) } },
    }),
    registerMonitor("0.0.16.1.0.255", {
      ...{ monitored: [power, 2], thresholds: [u32(10)], actions: [{ actionUp: script(1), actionDown: script(2) }] },
    }),
    compactData("0.0.66.0.1.255", { capture: [power] }),
    arrayManager("0.0.18.0.0.255", { 1: { classId: 1, instanceId: list.instance, attributeId: 2 } }),
    arbitrator("0.0.96.3.20.255", { actions: [script(1), script(2)], permissions: ["11"], weightings: [[1, 2]] }),
    functionControl("0.0.44.1.0.255", [{ name: fromAscii("list"), objects: [list] }]),
    parameterMonitor("0.0.16.2.0.255"),
    sensorManager("0.0.96.20.0.255"),
    demandRegister("1.0.1.4.0.255", { source: ({ elapsed }) => elapsed / 1000, period: 60, unit: "W" }),
    registerActivation("0.0.14.0.0.255", {
      ...{ registers: [energy], masks: [{ maskName: fromAscii("A"), indexList: [1] }], activeMask: fromAscii("A") },
    }),
    schedule("0.0.12.0.0.255"),
    specialDays("0.0.11.0.0.255"),
    activityCalendar("0.0.13.0.0.255", {
      active: { calendarName: fromAscii("C"), seasonProfile: [], weekProfileTable: [], dayProfileTable: [] },
    }),
    singleActionSchedule("0.0.15.0.0.255", {
      ...{ executedScript: script(1), executionTime: [] },
    }),
    statusMapping("0.0.96.5.1.255", { statusWord: { type: "unsigned", value: 3 } as never, table: 0, mapping: 1 }),
    mbusClient("0.1.24.1.0.255", {
      capturePeriod: 60,
      port: {
        identify: () => ({ identificationNumber: 1, manufacturerId: 2, version: 1, deviceType: 3 }),
        request: () => telegram,
        command: () => true,
      },
    }),
    scriptTable(scripts, [
      { scriptIdentifier: 1, actions: [write(power.instance, 20) as never] },
      { scriptIdentifier: 2, actions: [write(power.instance, 1) as never] },
      {
        scriptIdentifier: 3,
        actions: [
          { serviceId: 2, classId: 9, instanceId: scripts, index: 1, parameter: { type: "long-unsigned", value: 3 } },
        ],
      },
    ]),
  ];
}

const one = (items: readonly Data[], at: number): number => (items.length === 0 ? 0 : at % items.length);
const extremes: Readonly<Record<string, readonly (number | bigint)[]>> = {
  unsigned: [0, 1, 255],
  integer: [-128, -1, 0, 127],
  enum: [0, 1, 99, 255],
  long: [-32768, 0, 32767],
  "long-unsigned": [0, 1, 3, 7, 9, 65535],
  "double-long": [-2147483648, 0, 2147483647],
  "double-long-unsigned": [0, 1, 60, 4294967295],
  long64: [-(2n ** 63n), 0n, 2n ** 63n - 1n],
  "long64-unsigned": [0n, 2n ** 64n - 1n],
};
const names = ["1.0.1.7.0.255", "1.0.99.1.0.255", scripts, "0.0.16.1.0.255", "0.0.0.0.0.0", "0.0.66.0.1.255"].map(
  (name) => Uint8Array.from(name.split("."), Number),
);
const strings = [...names, new Uint8Array(0), new Uint8Array(12).fill(0xff), new Uint8Array(5), new Uint8Array(300)];
const others: readonly Data[] = [
  { type: "null-data" },
  { type: "structure", value: [] },
  { type: "array", value: [] },
  { type: "unsigned", value: 1 },
  { type: "long64", value: -1n },
  { type: "float32", value: Number.NaN },
  { type: "float64", value: Number.POSITIVE_INFINITY },
  { type: "bit-string", value: "101".repeat(30) },
  { type: "octet-string", value: new Uint8Array(6) },
  { type: "visible-string", value: "x" },
];

/** Data with something of it made hostile, as the choices say. */
function mutated(data: Data, choices: readonly number[], at = 0): Data {
  const choice = choices[at % choices.length] ?? 0;
  if (choice % 17 === 0) return others[choice % others.length] as Data;
  switch (data.type) {
    case "structure":
    case "array": {
      const { value } = data;
      const place = one(value, choice);
      const inner = value[place];
      if (inner === undefined) return data;
      if (data.type === "array" && choice % 5 === 0) return { ...data, value: [...value, inner, inner] };
      if (choice % 11 === 0) return { ...data, value: value.toSpliced(place, 1) };
      return { ...data, value: value.with(place, mutated(inner, choices, at + 1)) };
    }
    case "octet-string":
      return { ...data, value: strings[choice % strings.length] as Uint8Array };
    case "bit-string":
      return { ...data, value: "10".repeat(choice % 200) };
    case "boolean":
      return { ...data, value: !data.value };
    default: {
      const found = extremes[data.type];
      return found === undefined ? data : ({ ...data, value: found[choice % found.length] } as Data);
    }
  }
}

/** As `initialData`, with an element in each array. */
function argumentOf(shape: DataShape | undefined): Data {
  if (shape?.type === "array") return { type: "array", value: [argumentOf(shape.item)] };
  if (shape?.type === "structure") {
    return { type: "structure", value: Object.values(shape.elements ?? {}).map(argumentOf) };
  }
  return shape === undefined || shape.type === "any" ? u32(7) : initialData(shape);
}

interface Step {
  readonly object: number;
  readonly what: number;
  readonly choices: readonly number[];
  readonly selector: number;
}

describe("a hostile client of the classes that act", () => {
  it("is answered with results of the standard; no hook throws anything but a refusal, and all is still served", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            object: fc.nat(1000),
            what: fc.nat(1000),
            choices: fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 }),
            selector: fc.nat(20),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        async (steps: readonly Step[]) => {
          const all = objects();
          const template = meterTemplate({
            objects: all,
            associations: { open: { client: 16, security: none(), access: everything } },
          });
          const bench = new Bench(new Meter(template, { name: "HST1" }));
          const client = await bench.client().open();
          const done: string[] = [];
          const bad = ({ type, ...event }: ServerEvent) =>
            type === "hook-failed" && !((event as { error: unknown }).error instanceof Fault);
          const check = (): void => {
            const found = bench.events.filter(bad);
            if (found.length === 0) return;
            const [first] = found as { what: string; error: Error }[];
            throw new Error(`${done.join("\n")}\n${first?.what}: ${first?.error.stack}`);
          };
          for (const { object: at, what, choices, selector } of steps) {
            const object = all[at % all.length] as AnyObject;
            const { classId } = object.spec;
            const attributes = Object.values(object.spec.attributes as Record<string, { id: number }>).filter(
              ({ id }) => id !== 0,
            );
            const methods = Object.values(object.spec.methods as Record<string, { id: number; argument: never }>);
            const place = what % (attributes.length + methods.length);
            const attribute = attributes[place]?.id;
            if (attribute !== undefined) {
              const [read] = await client.get([classId, object.instance, attribute]);
              if (read !== undefined && "data" in read) {
                const value = mutated(treeOf(read.data), choices);
                done.push(`set ${object.instance} ${attribute} ${JSON.stringify(value, text)}`);
                done.push(String(await client.set(classId, object.instance, attribute, value)));
              }
              if (selector < 5) {
                const parameters = mutated(argumentOf(undefined), choices);
                const reference = {
                  ...{ classId, instanceId: object.instance, attributeId: attribute },
                  access: { selector, parameters },
                };
                await client.request({ service: "get", items: [reference as never] });
              }
            } else {
              const method = methods[place - attributes.length];
              if (method === undefined) continue;
              const argument = mutated(argumentOf(shapeOf(method.argument)), choices);
              done.push(`invoke ${object.instance} ${method.id} ${JSON.stringify(argument, text)}`);
              done.push(await client.invoke(classId, object.instance, method.id, argument));
            }
            check();
            expect(done.at(-1), done.join("\n")).not.toBe("hardware-fault");
            await bench.clock.advanceAsync(61_000);
            await bench.settle(2);
            check();
          }
          const again = await bench.client().open();
          for (const object of all) {
            const ids = Object.values(object.spec.attributes as Record<string, { id: number }>);
            for (const { id } of ids.filter((of) => of.id !== 0)) {
              const [answer] = await again.get([object.spec.classId, object.instance, id]);
              expect(answer, `${object.instance}:${id}\n${done.join("\n")}`).not.toEqual({ error: "hardware-fault" });
            }
          }
          check();
        },
      ),
      { numRuns: times(40) },
    ));
});

const text = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? [...value].join(".") : value;

describe("what a client can make grow", () => {
  const long = (length: number): Data => ({ type: "octet-string", value: new Uint8Array(length).fill(7) });
  const structure = (...value: Data[]): Data => ({ type: "structure", value });
  const array = (...value: Data[]): Data => ({ type: "array", value });
  const u8 = (value: number): Data => ({ type: "unsigned", value });
  const u16 = (value: number): Data => ({ type: "long-unsigned", value });
  const named = (text: string): Data => {
    const value = new Uint8Array(40_000);
    value.set(fromAscii(text));
    return { type: "octet-string", value };
  };

  async function served(all: AnyObject[]) {
    const association = {
      client: 16,
      security: none(),
      access: everything,
      version: 2,
      maxReceivePduSize: 0xffff,
    } as const;
    const template = meterTemplate({ objects: all, associations: { open: association } });
    const bench = new Bench(new Meter(template, { name: "HST1" }));
    return bench.client({ maxReceivePduSize: 0xffff }).open();
  }

  const list = dataObject("0.0.96.1.0.255", { type: T.array(T.octetString), value: [] });
  const passive = charge("0.0.19.20.0.255", { chargeType: 1, priority: 1, price: 1, period: 60 });
  const grown: readonly (readonly [string, AnyObject, number, (at: number) => Data])[] = [
    [
      "entries by an Array manager",
      arrayManager("0.0.18.0.0.255", { 1: { classId: 1, instanceId: list.instance, attributeId: 2 } }),
      3,
      () => structure(u8(1), structure(u16(0), long(40_000))),
    ],
    ["functions", functionControl("0.0.44.1.0.255", []), 2, (at) => structure(named(`f${at}`), array())],
    ["masks of registers", registerActivation("0.0.14.0.0.255"), 2, (at) => structure(named(`m${at}`), array())],
    [
      "entries of a Schedule",
      schedule("0.0.12.0.0.255"),
      2,
      (at) =>
        structure(
          ...[u16(at + 1), { type: "boolean", value: false } as const, octets(1, 0, 1, 8, 0, 255), u16(1)],
          ...[octets(1, 0, 0, 0), u16(0), bits(7), bits(320_000)],
          ...[octets(255, 255, 255, 255, 255), octets(255, 255, 255, 255, 255)],
        ),
    ],
    ["prices of a Charge", passive, 1, (at) => array(structure(named(`p${at}`), { type: "long", value: 1 }))],
  ];
  const octets = (...value: number[]): Data => ({ type: "octet-string", value: Uint8Array.from(value) });
  const bits = (count: number): Data => ({ type: "bit-string", value: "0".repeat(count) });

  for (const [what, object, method, argument] of grown) {
    it(`${what}: no more than 1 MiB`, async () => {
      const client = await served([list, object]);
      const results: string[] = [];
      for (let at = 0; at < 30; at++) {
        results.push(await client.invoke(object.spec.classId, object.instance, method, argument(at)));
      }
      expect(results.slice(0, 26)).toEqual(Array.from({ length: 26 }, () => "success"));
      expect(results.slice(26)).toEqual(Array.from({ length: 4 }, () => "other-reason"));
    });
  }

  it("users of an association: no more than 1 MiB", async () => {
    const client = await served([]);
    const add = (userId: number) =>
      client.invoke(
        15,
        "0.0.40.0.1.255",
        5,
        structure(u8(userId), { type: "visible-string", value: "u".repeat(40_000) }),
      );
    for (let at = 0; at < 26; at++) expect(await add(at)).toBe("success");
    expect(await add(26)).toBe("other-reason");
  });

  it("a row, a compact buffer, protected data that name a long value many times: no more than 1 MiB", async () => {
    const heavy = dataObject("0.0.96.1.1.255", { type: T.octetString, value: new Uint8Array(60_000) });
    const column = structure(u16(1), octets(0, 0, 96, 1, 1, 255), { type: "integer", value: 2 }, u16(0));
    const profile = profileGeneric("1.0.99.1.0.255", { capture: [heavy], entries: 4 });
    const compact = compactData0("0.0.66.0.1.255", { capture: [heavy] });
    const protect = dataProtection("0.0.43.2.0.255", {
      protector: dataProtector(),
      objects: Array.from({ length: 100 }, () => ({ classId: 1, instanceId: heavy.instance, attributeId: 2 })),
    });
    const client = await served([heavy, profile, compact, protect]);
    const many = Array.from({ length: 100 }, () => column);
    expect(await client.set(7, profile.instance, 3, array(...many))).toBe("success");
    expect(await client.invoke(7, profile.instance, 2)).toBe("success");
    const [row] = await client.get([7, profile.instance, 2]);
    const { value: rows } = treeOf((row as { data: Data }).data) as Extract<Data, { type: "array" }>;
    expect((rows[0] as Extract<Data, { type: "structure" }>).value.map(({ type }) => type)).toEqual(
      many.map((_, at) => (at < 17 ? "octet-string" : "null-data")),
    );
    const self = structure(u16(62), octets(0, 0, 66, 0, 1, 255), { type: "integer", value: 4 }, u16(0));
    expect(await client.set(62, compact.instance, 3, array(self, ...many))).toBe("success");
    expect(await client.invoke(62, compact.instance, 2)).toBe("other-reason");
    expect(await client.get([30, protect.instance, 2])).toEqual([{ error: "other-reason" }]);
  });
});

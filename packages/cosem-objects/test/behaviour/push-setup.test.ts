import { decodeApdu, T } from "@dlmskit/apdu";
import { type CosemDateTime, unspecifiedDateTime } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type AnyObject,
  Clock,
  defaultObject,
  type Notification,
  type PushSetupOptions,
  profileGeneric,
  profileGeneric0,
  pushSetup,
  register,
  TcpUdpSetup,
} from "../../src/index.ts";
import { dateTime, Life } from "./a-life.ts";

const second = 1000;
const port = defaultObject(TcpUdpSetup, "0.0.25.0.0.255");
const energy = () => register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 7, unit: "Wh" });
const element = (object: AnyObject, attributeId: number, dataIndex = 0) => ({
  classId: object.spec.classId as number,
  instanceId: object.instance,
  attributeId,
  dataIndex,
});

/** A Push setup in a life of its own, what it notified, and what becomes of that. */
function pushing(options: Partial<PushSetupOptions> = {}, others: readonly AnyObject[] = []) {
  const value = energy();
  const setup: AnyObject = pushSetup("0.0.25.9.0.255", {
    version: 0,
    pushObjectList: [element(value, 2)],
    destination: "192.0.2.7:4059",
    ...options,
  });
  const life = new Life([value, setup, ...others], "2026-05-04 10:00:00");
  const told: (Notification & { readonly at: string })[] = [];
  life.context.device.notify = (one) => void told.push({ ...one, at: life.text(life.context.now) });
  const context = () => life.of(setup);
  return {
    ...{ life, setup, value, told },
    trigger: () => setup.hooks.invoke?.push?.(setup.values, 0, context()),
    state: () => setup.values.state,
    body: (at = told.length - 1) => {
      const apdu = decodeApdu(told[at]?.payload ?? new Uint8Array());
      if (apdu.apdu !== "data-notification") throw new Error(apdu.apdu);
      return apdu;
    },
    /** What becomes of the last notification: when the next attempt comes, s from now on. */
    attempted(outcome: "sent" | "confirmed" | "failed", failures = 0): number | undefined {
      const payload = told.at(-1)?.payload as Uint8Array;
      const next = setup.hooks.notified?.attempted(setup.values, { payload, outcome, failures }, context());
      return next === undefined ? undefined : (next - life.context.now) / second;
    },
    sendable: () =>
      setup.hooks.notified?.from(setup.values, told.at(-1)?.payload as Uint8Array, context()) as number | undefined,
  };
}

describe("16 Push setup", () => {
  it("16.1 makes one structure of the values as they are when it starts, null-data where there is none", () => {
    const push = pushing();
    push.setup.values.pushObjectList = [
      element(push.value, 2),
      element(push.value, 3),
      element(push.value, 3, 2),
      element(push.value, 1),
      { ...element(push.value, 2), instanceId: "1.0.99.8.0.255" },
      element(push.value, 0),
    ];
    push.trigger();
    push.value.values.value = 9;
    push.life.until("2026-05-04 10:00:01");
    expect(push.told).toHaveLength(1);
    expect(push.told[0]).toMatchObject({ destination: "tcp://192.0.2.7:4059", client: 16, from: push.setup });
    const name = { type: "octet-string", value: Uint8Array.of(1, 0, 1, 8, 0, 255) };
    const scalerUnit = {
      type: "structure",
      value: [
        { type: "integer", value: 0 },
        { type: "enum", value: 30 },
      ],
    };
    const value = { type: "double-long-unsigned", value: 9 };
    expect(push.body().body).toEqual({
      type: "structure",
      value: [
        value,
        scalerUnit,
        { type: "enum", value: 30 },
        name,
        { type: "null-data" },
        { type: "structure", value: [name, value, scalerUnit] },
      ],
    });
    expect(push.body()).toMatchObject({ longInvokeId: 1, serviceClass: "unconfirmed" });
    expect(push.body().dateTime).toMatchObject({ hour: 10, minute: 0, second: 0 });
  });

  it("16.2 16.3 starts with the window and the random time, and where the instant has passed as soon as may be", () => {
    const window = [{ startTime: dateTime("*-*-* 22:00"), endTime: dateTime("*-*-* 23:00") }];
    const push = pushing({ communicationWindow: window, randomisationStartInterval: 600 });
    push.trigger();
    const { draw } = push.state() as { draw: number };
    expect(draw).toBeGreaterThan(0);
    push.life.until("2026-05-04 21:59:59");
    expect(push.told).toHaveLength(0);
    push.life.until("2026-05-05 00:00:00");
    const start = push.life.at("2026-05-04 22:00") + Math.ceil(draw * 600 * second);
    expect(push.told.map(({ at }) => at)).toEqual([push.life.text(start)]);

    const dark = pushing({ communicationWindow: window });
    dark.trigger();
    dark.life.noPowerUntil("2026-05-04 23:30:00");
    dark.life.until("2026-05-05 21:59:59");
    expect(dark.told).toHaveLength(0);
    dark.life.until("2026-05-05 22:00:01");
    expect(dark.told).toHaveLength(1);
  });

  it("16.2 randomiseOnlyAtWindowStart: at once where the window is open", () => {
    const push = pushing({ randomisationStartInterval: 600, randomiseOnlyAtWindowStart: true });
    push.trigger();
    push.life.until("2026-05-04 10:00:01");
    expect(push.told).toHaveLength(1);
  });

  it("16.4 16.5 tries as often as number_of_retries has it, each time after the delay, and the window holds", () => {
    const push = pushing(
      {
        version: 2,
        client: 16,
        portReference: "0.0.25.0.0.255",
        numberOfRetries: 3,
        repetitionDelay: { repetitionDelayMin: 10, repetitionDelayExponent: 200, repetitionDelayMax: 30 },
      },
      [port],
    );
    push.trigger();
    push.life.until("2026-05-04 10:00:01");
    expect([1, 2, 3, 4].map((k) => push.attempted("failed", k))).toEqual([10, 20, 30, undefined]);
    expect(push.state()).toMatchObject({ sending: null });
    // It is over: a row that comes late is withdrawn.
    expect(push.sendable()).toBeUndefined();

    const windowed = pushing({
      numberOfRetries: 1,
      repetitionDelay: 60,
      communicationWindow: [{ startTime: dateTime("*-*-* 09:00"), endTime: dateTime("*-*-* 10:01") }],
    });
    windowed.trigger();
    windowed.life.until("2026-05-04 10:00:30");
    expect(windowed.sendable()).toBe(windowed.life.context.now);
    expect(windowed.attempted("failed", 1)).toBe(22 * 3600 + 59 * 60 + 30);
    windowed.life.until("2026-05-04 10:02:00");
    expect(windowed.life.text(windowed.sendable() as number)).toBe("2026-05-05 09:00");
  });

  it("16.7 fails with an event where the port is not there or does not fit", () => {
    for (const portReference of ["0.0.0.0.0.0", "0.0.25.7.0.255", "1.0.1.8.0.255"] as const) {
      const push = pushing({ version: 1, portReference });
      push.trigger();
      push.life.until("2026-05-04 10:00:01");
      expect(push.told).toHaveLength(0);
      expect(push.life.failed).toEqual(["the push of 0.0.25.9.0.255"]);
      expect(push.state()).toMatchObject({ trigger: null, sending: null });
    }
  });

  it("16.9 restricts a profile by entry or by date, and takes columns of it", () => {
    const value = energy();
    const clock = defaultObject(Clock, "0.0.1.0.0.255");
    const capture = [
      { object: clock, attributeId: 2 },
      { object: value, attributeId: 2 },
    ];
    const column = (object: AnyObject) => element(object, 2);
    const restriction = {
      none: { restrictionType: 0, restrictionValue: null },
      entries: { restrictionType: 2, restrictionValue: { fromEntry: 2, toEntry: 3 } },
      dates: {
        restrictionType: 1,
        restrictionValue: { fromDate: dateTime("2026-05-04 10:00"), toDate: dateTime("2026-05-04 10:02") },
      },
      // Since the last confirmed push.
      unconfirmed: {
        restrictionType: 1,
        restrictionValue: { fromDate: unspecifiedDateTime, toDate: unspecifiedDateTime },
      },
    } as const;
    const rows = (
      which: keyof typeof restriction,
      columns: AnyObject[],
      version: 0 | 1 = 1,
      confirmed: CosemDateTime = unspecifiedDateTime,
    ) => {
      const make = version === 0 ? profileGeneric0 : profileGeneric;
      const profile: AnyObject = make("1.0.99.1.0.255", { capture, entries: 10 });
      const push = pushing({ version: 2, portReference: "0.0.25.0.0.255" }, [port, profile, clock]);
      for (const minute of [0, 1, 2, 3]) {
        push.life.context.now = push.life.at(`2026-05-04 10:0${minute}`);
        clock.values.time = push.life.local.dateTimeOf(push.life.context.now) as never;
        push.value.values.value = 10 + minute;
        push.life.context.device.invoke(profile, 2);
      }
      push.setup.values.lastConfirmationDateTime = confirmed;
      push.setup.values.pushObjectList = [
        { ...element(profile, 2), restriction: restriction[which], columns: columns.map(column) },
      ];
      push.trigger();
      push.life.until("2026-05-04 10:05:00");
      const [cell] = (push.body().body as unknown as { value: { value: { value: { value: unknown }[] }[] }[] }).value;
      return cell?.value.map((row) => row.value.map(({ value: it }) => (typeof it === "number" ? it : "time")));
    };
    expect(rows("none", [value])).toEqual([[10], [11], [12], [13]]);
    expect(rows("entries", [])).toEqual([
      ["time", 11],
      ["time", 12],
    ]);
    expect(rows("entries", [value, clock])).toEqual([
      [11, "time"],
      [12, "time"],
    ]);
    expect(rows("dates", [value])).toEqual([[10], [11], [12]]);
    expect(rows("dates", [value], 0)).toEqual([[10], [11], [12]]);
    expect(rows("unconfirmed", [value])).toEqual([[10], [11], [12], [13]]);
    expect(rows("unconfirmed", [value], 1, dateTime("2026-05-04 10:01:30"))).toEqual([[12], [13]]);
  });

  it("16.10 keeps the time of the confirmation, and reset clears it and ends the series", () => {
    const push = pushing({ version: 2, portReference: "0.0.25.0.0.255", operationMethod: "confirmed" }, [port]);
    push.trigger();
    push.life.until("2026-05-04 10:00:01");
    expect(push.body()).toMatchObject({ serviceClass: "confirmed" });
    push.life.until("2026-05-04 10:00:03");
    expect(push.attempted("confirmed")).toBeUndefined();
    expect(push.setup.values.lastConfirmationDateTime).toMatchObject({ year: 2026, hour: 10, second: 3 });
    push.trigger();
    push.setup.hooks.invoke?.reset?.(push.setup.values, 0, push.life.of(push.setup));
    expect(push.setup.values.lastConfirmationDateTime).toMatchObject({ year: null });
    push.life.until("2026-05-04 10:10:00");
    expect(push.told).toHaveLength(1);
  });

  it.each([2, 3] as const)("16.10 version %i: asks from the start date on, and once in each interval", (version) => {
    const push = pushing(
      {
        ...{ version, portReference: "0.0.25.0.0.255", operationMethod: "confirmed" },
        confirmationParameters: {
          confirmationStartDate: dateTime("2026-05-04 10:10:00"),
          confirmationInterval: 600,
        },
      },
      [port],
    );
    const asked = (time: string): string => {
      push.life.until(`2026-05-04 ${time}`);
      push.trigger();
      push.life.until(`2026-05-04 ${time.slice(0, -1)}1`);
      const { serviceClass } = push.body();
      push.attempted(serviceClass === "confirmed" ? "confirmed" : "sent");
      return serviceClass;
    };
    expect(["10:05:00", "10:12:00", "10:15:00", "10:20:00", "10:29:00", "10:31:00"].map(asked)).toEqual([
      ...["unconfirmed", "confirmed", "unconfirmed"],
      ...["confirmed", "unconfirmed", "confirmed"],
    ]);
  });

  it("16.6 methods: 0 and 1 ask the client for nothing; 1 is refused where the transport confirms nothing", () => {
    const options = { version: 3, portReference: "0.0.25.0.0.255" } as const;
    for (const [operationMethod, transportService, serviceClass] of [
      ["unconfirmedRetryOnFailure", 0, "unconfirmed"],
      ["unconfirmedRetryOnFailure", 1, "unconfirmed"],
      ["unconfirmedRetryOnMissingConfirmation", 0, "unconfirmed"],
      ["unconfirmedRetryOnMissingConfirmation", 1, undefined],
      ["confirmed", 1, "confirmed"],
    ] as const) {
      const destination = { transportService, destination: new TextEncoder().encode("192.0.2.7:4059"), message: 0 };
      const push = pushing({ ...options, operationMethod, destination }, [port]);
      push.trigger();
      push.life.until("2026-05-04 10:00:01");
      expect(push.told.length === 0 ? undefined : push.body().serviceClass).toBe(serviceClass);
      expect(push.life.failed).toHaveLength(serviceClass === undefined ? 1 : 0);
    }
  });

  it("16.11 keeps one trigger while a series is under way", () => {
    const push = pushing();
    push.trigger();
    push.trigger();
    push.life.until("2026-05-04 10:00:01");
    push.trigger();
    push.life.until("2026-05-04 10:01:00");
    expect(push.told).toHaveLength(1);
    push.attempted("sent");
    push.life.until("2026-05-04 10:02:00");
    expect(push.told).toHaveLength(2);
    expect(push.body()).toMatchObject({ longInvokeId: 2 });
    push.attempted("sent");
    push.life.until("2026-05-04 10:03:00");
    expect(push.told).toHaveLength(2);
  });

  it("goes to where send_destination_and_method says", () => {
    const to = (transportService: number, text: string) => {
      const push = pushing({
        destination: { transportService, destination: new TextEncoder().encode(text), message: 0 },
      });
      push.trigger();
      push.life.until("2026-05-04 10:00:01");
      return push.told[0]?.destination ?? push.life.failed[0];
    };
    expect(to(0, "meter.example")).toBe("tcp://meter.example:4059");
    expect(to(1, "[2001:db8::7]:4060")).toBe("udp://[2001:db8::7]:4060");
    expect(to(5, "192.0.2.7:4061")).toBe("hdlc://192.0.2.7:4061");
    expect(to(5, "\u0010")).toBe("client:16");
    expect(to(0, "tls://hes.example:4062")).toBe("tls://hes.example:4062");
    expect(to(0, "a b")).toBe("the push of 0.0.25.9.0.255");
    expect(to(4, "+491")).toBe("the push of 0.0.25.9.0.255");
  });
});

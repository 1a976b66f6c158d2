import { fromAscii } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { every } from "../../../../test/zones.ts";
import {
  type AutoConnectOptions,
  autoConnect,
  callOut,
  connectionEnded,
  invokeMethod,
  isConnected,
  refusalOf,
  writeAttribute,
} from "../../src/index.ts";
import { Life } from "./a-life.ts";

const at = (hour: number) => ({ ...every, hour, minute: 0, second: 0, hundredths: 0 });
const callingWindow = [{ startTime: at(8), endTime: at(18) }];
const day = (time: string) => `2026-03-03 ${time}`;

function connecting(options: Partial<AutoConnectOptions>) {
  const told: string[] = [];
  /** The destinations that answer. */
  const up = new Set(["A", "B"]);
  const made = autoConnect("0.0.2.1.0.255", {
    mode: 101,
    destinations: [fromAscii("A"), fromAscii("B")],
    port: {
      connect(destination) {
        const name = String.fromCharCode(...destination);
        told.push(`${life.text(life.context.now).slice(11)} ${name}`);
        if (name === "B" && !up.has("B")) throw new Error("no carrier");
        return up.has(name);
      },
      disconnect() {
        told.push(`${life.text(life.context.now).slice(11)} off`);
      },
    },
    ...options,
  });
  const life: Life = new Life([made], day("06:00"));
  const result = (run: () => unknown) => {
    try {
      run();
      return "success";
    } catch (error) {
      return refusalOf(error) ?? error;
    }
  };
  const connect = () => result(() => invokeMethod(made, made.values, 1, { type: "integer", value: 0 }, life.of(made)));
  const call = (reason: "regular" | "alarm") => result(() => callOut(made, reason, life.context.device));
  const until = (time: string): readonly string[] => {
    life.until(day(time));
    return told.splice(0).map((line) => (line.includes(".") ? `${line.slice(0, 5)}${line.slice(12)}` : line));
  };
  return { made, life, up, connect, call, until, connected: () => isConnected(made.values) };
}

describe("Auto connect", () => {
  it("17, mode 101: always connected, again when the connection ended; destinations in order", () => {
    const { made, life, up, until, connected } = connecting({ mode: 101, repetitions: 1, repetitionDelay: 300 });
    up.delete("A");
    expect(until("06:01")).toEqual(["06:00 A", "06:00 B"]);
    expect([connected(), until("20:00")]).toEqual([true, []]);
    up.clear();
    connectionEnded(made, life.context.device);
    // It never gives up.
    expect(until("20:11").filter((line) => line.endsWith("A"))).toEqual(["20:00 A", "20:05 A", "20:10 A"]);
    expect(life.failed).toContain("the connection of 0.0.2.1.0.255");
    up.add("B");
    until("20:16");
    expect(connected()).toBe(true);
  });

  it("17, mode 102: connected in the window, never outside", () => {
    const { until, connected, connect } = connecting({ mode: 102, callingWindow });
    expect([until("07:59"), connect()]).toEqual([[], "other-reason"]);
    expect([until("08:01"), connected()]).toEqual([["08:00 A"], true]);
    expect([connect(), until("17:59")]).toEqual(["success", []]);
    expect([until("19:00"), connected()]).toEqual([["18:00 off"], false]);
  });

  it("17, mode 103: connected in the window; outside only after `connect`, and that stays", () => {
    const { made, life, until, connected, connect } = connecting({ mode: 103, callingWindow });
    expect([until("07:00"), connect(), until("07:01")]).toEqual([[], "success", ["07:00 A"]]);
    expect([until("23:00"), connected()]).toEqual([[], true]);
    connectionEnded(made, life.context.device);
    expect([until("23:30"), connected()]).toEqual([[], false]);
  });

  it("17, mode 104: connects on `connect`", () => {
    const { made, life, until, connect, call, connected } = connecting({ mode: 104 });
    expect([until("07:00"), call("alarm"), connect(), until("07:01")]).toEqual([
      [],
      "other-reason",
      "success",
      ["07:00 A"],
    ]);
    connectionEnded(made, life.context.device);
    expect([until("09:00"), connected()]).toEqual([[], false]);
  });

  it("17, modes 0 to 3: never; any time; in the window; in the window, alarms any time", () => {
    const outside = (mode: number) => {
      const { until, call } = connecting({ mode, callingWindow });
      return [call("regular"), call("alarm"), until("06:01").length];
    };
    const inside = (mode: number) => {
      const { until, call } = connecting({ mode, callingWindow });
      until("09:00");
      return [call("regular"), call("alarm"), until("09:01").length];
    };
    const no = "other-reason";
    expect([0, 1, 2, 3].map(outside)).toEqual([
      [no, no, 0],
      ["success", "success", 1],
      [no, no, 0],
      [no, "success", 1],
    ]);
    expect([0, 1, 2, 3].map(inside)).toEqual([
      [no, no, 0],
      ["success", "success", 1],
      ["success", "success", 1],
      ["success", "success", 1],
    ]);
    expect(connecting({ mode: 1 }).connect()).toBe(no);
  });

  it("17.1: so many repetitions, so far apart, whatever the clock is set to; then not before the next window or `connect`", () => {
    const { life, up, until, connect } = connecting({
      ...{ mode: 102, callingWindow, repetitions: 2, repetitionDelay: 600 },
      destinations: [fromAscii("A")],
    });
    up.clear();
    expect(until("09:00")).toEqual(["08:00 A", "08:10 A", "08:20 A"]);
    expect([connect(), until("09:05")]).toEqual(["success", ["09:00 A"]]);
    life.setClock(day("10:05"));
    expect(until("12:00")).toEqual(["10:10 A", "10:20 A"]);
    expect(until("23:00")).toEqual([]);
  });

  it("17, 1.3: a mode or a window that is written holds at once; versions 0 and 1 have no `connect`", () => {
    const { made, life, until, connected } = connecting({ mode: 101 });
    until("06:10");
    writeAttribute(made, made.values, 2, { type: "enum", value: 104 }, life.of(made));
    expect([until("06:11"), connected()]).toEqual([["06:10 off"], false]);
    for (const version of [0, 1] as const) {
      const old = connecting({ version, mode: 1 });
      expect([old.connect(), old.call("regular"), old.until("06:01")]).toEqual([
        "object-undefined",
        "success",
        ["06:00 A"],
      ]);
    }
  });
});

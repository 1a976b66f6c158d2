import { describe, expect, it } from "vitest";
import { every } from "../../../../test/zones.ts";
import {
  type AutoAnswerOptions,
  answeredCall,
  autoAnswer,
  type GsmSnapshot,
  gsmDiagnostic,
  incomingCall,
  lockLine,
  lteMonitoring,
  lteMonitoring0,
  signalStrength,
} from "../../src/index.ts";
import { Life } from "./a-life.ts";

const at = (hour: number) => ({ ...every, hour, minute: 0, second: 0, hundredths: 0 });
const window = [{ startTime: at(8), endTime: at(18) }];

function answering(options: AutoAnswerOptions) {
  const made = autoAnswer("0.0.2.2.0.255", options);
  const life = new Life([made], "2026-03-01 00:00");
  const ask = (caller = "49123") => {
    const decision = incomingCall(made, caller, life.of(made));
    return decision.do === "answer" ? decision.rings : decision.do;
  };
  const answered = (successful = true) => answeredCall(made, successful, life.context.device);
  return { made, life, ask, answered };
}

describe("Auto answer", () => {
  it("17.2: counts calls, is inactive when they are used up, and active again when the next window starts", () => {
    for (const mode of [1, 2]) {
      const { made, life, ask, answered } = answering({ mode, listeningWindow: window, numberOfCalls: 2 });
      const { status } = { status: () => made.values.status };
      expect([status(), ask()]).toEqual([0, "ignore"]);
      life.until("2026-03-01 08:00");
      expect([status(), ask()]).toEqual([1, 1]);
      answered();
      answered(false);
      expect(status()).toBe(mode === 1 ? 0 : 1);
      answered();
      expect([status(), ask()]).toEqual([0, "ignore"]);
      life.until("2026-03-01 18:00");
      expect(status()).toBe(0);
      life.until("2026-03-02 08:00");
      expect([status(), ask()]).toEqual([1, 1]);
    }
  });

  it("17.2: locked until the next window starts; rings in windows and outside of them; no limit with 0", () => {
    const rings = { nrRingsInWindow: 2, nrRingsOutOfWindow: 7 };
    const { made, life, ask, answered } = answering({ mode: 1, listeningWindow: window, numberOfRings: rings });
    expect(ask()).toBe(7);
    life.until("2026-03-01 09:00");
    for (let count = 0; count < 300; count++) answered();
    expect(ask()).toBe(2);
    lockLine(made, life.context.device);
    life.until("2026-03-01 20:00");
    expect([made.values.status, ask()]).toEqual([2, "ignore"]);
    life.until("2026-03-02 08:00");
    expect([made.values.status, ask()]).toEqual([1, 2]);
  });

  it("1.1.7: a window is found anew after a power failure or when the clock is set", () => {
    const { made, life } = answering({ mode: 1, listeningWindow: window });
    life.noPowerUntil("2026-03-01 10:00");
    expect(made.values.status).toBe(1);
    life.setClock("2026-03-01 20:00");
    expect(made.values.status).toBe(0);
  });

  it("17.3: only listed callers are answered, by patterns; a wake-up is not answered", () => {
    const { ask } = answering({
      mode: 0,
      callers: [
        { caller: "49?23*", callType: 0 },
        { caller: "*77", callType: 1 },
      ],
    });
    expect(["49123", "4912345", "49x23", "491", "149123", "0077", "77", "770"].map(ask)).toEqual([
      ...[1, 1, 1, "ignore", "ignore", "wake-up", "wake-up", "ignore"],
    ]);
    expect(answering({ mode: 0 }).ask()).toBe(1);
  });
});

describe("snapshots of a modem", () => {
  it("24: GSM diagnostic is renewed together with capture_time; without a network cell 0, quality and bit errors 99", () => {
    let seen: Partial<GsmSnapshot> | undefined;
    const made = gsmDiagnostic("0.0.25.6.0.255", { modem: { look: () => seen }, period: 600 });
    const life = new Life([made], "2026-03-01 00:00");
    expect(made.values).toMatchObject({ status: 0, cellInfo: { cellId: 0, signalQuality: 99, ber: 99 } });
    const cellInfo = { cellId: 7, locationId: 1, signalQuality: 20, ber: 0, mcc: 262, mnc: 1, channelNumber: 5 };
    seen = { operator: "net", status: 1, psStatus: 7, cellInfo };
    life.until("2026-03-01 00:09");
    expect(made.values.status).toBe(0);
    life.until("2026-03-01 00:10");
    expect(made.values).toMatchObject({ ...seen, captureTime: { hour: 0, minute: 10 } });
    seen = undefined;
    life.until("2026-03-01 00:20");
    expect(made.values).toMatchObject({
      ...{ operator: "", status: 0, captureTime: { minute: 20 } },
      cellInfo: { cellId: 0, signalQuality: 99, ber: 99 },
    });
    expect(gsmDiagnostic("0.0.25.6.0.255", { modem: { look: () => seen }, version: 0 }).values.cellInfo).toEqual({
      ...{ cellId: 0, locationId: 0, signalQuality: 99, ber: 99 },
    });
  });

  it("24: LTE monitoring; signal quality in dBm", () => {
    const parameters = { t3402: 1, t3412: 2, rsrq: 10, rsrp: 50, qRxlevMin: -60 };
    let seen: { lteNetworkParameters: typeof parameters } | undefined = { lteNetworkParameters: parameters };
    const old = lteMonitoring0("0.0.25.11.0.255", { modem: { look: () => seen } });
    const made = lteMonitoring("0.0.25.11.1.255", { modem: { look: () => undefined } });
    const life = new Life([old, made], "2026-03-01 00:00");
    life.until("2026-03-01 00:15");
    expect(old.values.lteNetworkParameters).toEqual(parameters);
    seen = undefined;
    life.until("2026-03-01 00:30");
    expect(old.values.lteNetworkParameters).toMatchObject({ rsrq: 255, rsrp: 255 });
    expect([0, 31, 99].map(signalStrength)).toEqual([-113, -51, undefined]);
  });
});

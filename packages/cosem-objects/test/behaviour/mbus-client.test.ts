import { T } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { extendedRegister, type MbusCommand, type MbusPort, type MbusRecord, mbusClient } from "../../src/index.ts";
import { codeOf } from "../a-context.ts";
import { Life } from "./a-life.ts";
import { reach } from "./payment/a-prepayment.ts";

const record = (dif: number, value: number): MbusRecord => ({
  dataInformationBlock: Uint8Array.of(dif),
  valueInformationBlock: Uint8Array.of(0x13),
  data: { type: "double-long-unsigned", value },
});

/** A gas meter on a line. */
class Slave implements MbusPort {
  address = 0;
  silent = false;
  encrypted = false;
  count = 0;
  records = [record(0x04, 700), record(0x44, 500)];
  readonly commands: MbusCommand[] = [];

  #hears = (address: number): boolean => !this.silent && address === this.address;

  identify(address: number) {
    if (!this.#hears(address)) return undefined;
    return { identificationNumber: 12345678, manufacturerId: 0x4c47, version: 7, deviceType: 3 };
  }

  request(address: number, key: Uint8Array | undefined) {
    if (!this.#hears(address)) return undefined;
    this.count++;
    const encrypted = this.encrypted && key !== undefined;
    return { accessNumber: this.count, status: 4, alarm: 2, encrypted, records: this.records };
  }

  command(address: number, command: MbusCommand) {
    if (!this.#hears(address)) return false;
    this.commands.push(command);
    if (command.do === "set-address") this.address = command.address;
    return true;
  }
}

function setup(more: Partial<Parameters<typeof mbusClient>[1]> = {}) {
  const slave = new Slave();
  const client = mbusClient("0.1.24.1.0.255", { port: slave, ...more });
  const values = [1, 2].map((place) =>
    extendedRegister(`0.1.24.2.${place}.255`, {
      ...{ type: T.doubleLongUnsigned, value: 0, unit: "m³" as const, captureTime: dateTimeOf(0) },
    }),
  );
  const other = mbusClient("0.2.24.1.0.255", { port: slave });
  const life = new Life([client, other, ...values], "2026-03-01 00:00");
  const use = reach(client, () => life.of(client));
  const shown = () => values.map(({ values: { value } }) => value);
  return { slave, client, other, life, shown, use, values, call: use.call };
}

describe("M-Bus client", () => {
  it("21.1: installs a slave at address 0, once, at the address given or one that is free", () => {
    const { slave, client, other, life, call } = setup();
    other.values.primaryAddress = 1;
    expect(codeOf(() => call("slaveInstall", 1))).toBe("other-reason");
    expect(codeOf(() => call("slaveInstall", 251))).toBe("other-reason");
    call("slaveInstall", 0);
    expect([slave.address, client.values]).toMatchObject([
      2,
      { primaryAddress: 2, identificationNumber: 12345678, manufacturerId: 0x4c47, version: 7, deviceType: 3 },
    ]);
    expect(codeOf(() => call("slaveInstall", 5))).toBe("other-reason");
    // Nobody is at address 0 any more.
    other.values.primaryAddress = 0;
    expect(codeOf(() => reach(other, () => life.of(other)).call("slaveInstall", 5))).toBe("other-reason");
    expect(other.values.primaryAddress).toBe(0);
  });

  it("21.1: deinstalling gives the address back and forgets key and identification; captured values stay", () => {
    const { slave, client, call, shown } = setup();
    call("slaveInstall", 9);
    call("setEncryptionKey", Uint8Array.of(1));
    call("capture");
    slave.silent = true;
    expect(codeOf(() => call("slaveDeinstall"))).toBe("temporary-failure");
    expect(client.values.primaryAddress).toBe(9);
    slave.silent = false;
    call("slaveDeinstall");
    expect([slave.address, shown(), client.values]).toMatchObject([
      0,
      [700, 500],
      { primaryAddress: 0, identificationNumber: 0, encryptionKeyStatus: 0, state: { keyStatus: 0 } },
    ]);
    expect(codeOf(() => call("capture"))).toBe("other-reason");
  });

  it("21.2: captures what the definition names, in its order, with capture_time; a silent slave changes nothing", () => {
    const { slave, client, values, call, shown, life } = setup();
    call("slaveInstall", 1);
    call("capture");
    expect([shown(), client.values]).toMatchObject([[700, 500], { accessNumber: 1, status: 4, alarm: 2 }]);
    expect(values[0]?.values.captureTime).toMatchObject({ month: 3, day: 1, hour: 0 });
    client.values.captureDefinition = [record(0x44, 0), record(0x99, 0)];
    slave.records = [record(0x04, 701), record(0x44, 501)];
    life.until("2026-03-01 05:00");
    call("capture");
    expect(shown()).toEqual([501, 500]);
    expect(values.map((one) => one.values.captureTime.hour)).toEqual([5, 0]);
    slave.silent = true;
    life.until("2026-03-01 06:00");
    expect(codeOf(() => call("capture"))).toBe("temporary-failure");
    expect(values[0]?.values.captureTime.hour).toBe(5);
    // A value of another type than its object has is told, and the others are taken.
    slave.silent = false;
    slave.records = [{ ...record(0x44, 0), data: { type: "visible-string", value: "x" } }, record(0x99, 5)];
    call("capture");
    expect([shown(), life.failed]).toEqual([[501, 5], ["the M-Bus value 0.1.24.2.1.255"]]);
  });

  it("21.2: captures at multiples of capture_period, and not before a slave is installed", () => {
    const { slave, life, call } = setup({ capturePeriod: 3600 });
    life.until("2026-03-01 03:30");
    expect([slave.count, life.failed]).toEqual([0, []]);
    call("slaveInstall", 1);
    life.until("2026-03-01 06:00");
    expect(slave.count).toBe(3);
  });

  it("21.3: encryption_key_status follows the keys, and is in use with the first telegram that is deciphered", () => {
    const { slave, client, call } = setup();
    call("slaveInstall", 1);
    const status = () => client.values.encryptionKeyStatus;
    const after = (method: string, ...octets: number[]) => {
      call(method, method === "capture" ? 0 : Uint8Array.from(octets));
      return status();
    };
    expect([after("setEncryptionKey", 1), after("transferKey", 2), after("capture")]).toEqual([1, 3, 3]);
    slave.encrypted = true;
    expect([after("capture"), after("setEncryptionKey", 3), after("setEncryptionKey")]).toEqual([4, 1, 0]);
    expect([after("transferKey", 2), after("setEncryptionKey", 1), after("transferKey", 2)]).toEqual([2, 3, 2]);
    expect(slave.commands.at(-1)).toEqual({ do: "transfer-key", key: Uint8Array.of(2) });
    expect(after("setEncryptionKey", 1)).toBe(3);
  });

  it("21.4: resets the alarm, sends the time and records; without an answer it is a temporary failure", () => {
    const { slave, client, call } = setup({ version: 0 });
    expect(client.spec.version).toBe(0);
    call("slaveInstall", 1);
    call("capture");
    call("resetAlarm");
    expect(client.values.alarm).toBe(0);
    call("synchronizeClock");
    call("dataSend", [record(1, 2)]);
    expect(slave.commands.map((one) => one.do)).toEqual(["set-address", "reset-alarm", "synchronize-clock", "send"]);
    client.values.alarm = 5;
    slave.silent = true;
    for (const method of ["resetAlarm", "synchronizeClock", "dataSend"]) {
      expect(codeOf(() => call(method, []))).toBe("temporary-failure");
    }
    expect(client.values.alarm).toBe(5);
    expect("encryptionKeyStatus" in client.values).toBe(false);
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

interface Row {
  readonly serial: string;
  readonly logicalDeviceName: string;
  readonly host: string;
  readonly port: number;
}

/** Every way of listening, with how many meters, and of which each is read. */
const ways: readonly (readonly [string, readonly string[], number, readonly number[]])[] = [
  ["wrapper on TCP", ["--link", "wrapper"], 2, [1]],
  ["wrapper on UDP", ["--transport", "udp"], 2, [1]],
  ["HDLC on TCP", ["--link", "hdlc"], 2, [1]],
  ["a port each, wrapper", ["--ports", "each"], 2, [1]],
  ["a port each, UDP", ["--ports", "each", "--transport", "udp"], 2, [1]],
  ["a port each, HDLC", ["--ports", "each", "--link", "hdlc"], 2, [1]],
  // One line addresses 16,233 meters.
  ["HDLC on several ports", ["--link", "hdlc"], 16_240, [16_232, 16_233]],
];

const nameOf = (stdout: string): string => {
  const { value } = JSON.parse(stdout.split("\n")[0] as string);
  return Buffer.from(value.value, "hex").toString();
};

describe("the identities file", () => {
  it.each(ways)("has a row for each meter that reads it alone: %s", async (_, how, count, read) => {
    using place = folder();
    const path = join(place.path, "meters.json");
    const args = ["simulate", "--meters", String(count), "--port", "0", "--seed", "x", "--identities", path, ...how];
    const ports = how.includes("each") ? count : Math.ceil(count / 16_233);
    await using run = await serving(args, ports);
    expect(run.lines).toHaveLength(ports);
    const rows: Row[] = JSON.parse(readFileSync(path, "utf8"));
    expect(rows).toHaveLength(count);
    for (const index of read) {
      const { serial, logicalDeviceName } = rows[index] as Row;
      const who = ["--meter", serial, "--identities", path, "--state", join(place.path, "state"), "--json"];
      // HLS and ciphering; to find its counter the command reads as the public client as well.
      const ran = await dlms(["read", "0.0.42.0.0.255", ...who, "--client", "48"]);
      expect(ran.code, ran.stderr + ran.stdout).toBe(0);
      expect(nameOf(ran.stdout)).toBe(logicalDeviceName);
    }
  });

  it("is CSV too, and every client command takes a meter out of it", async () => {
    using place = folder();
    const path = join(place.path, "meters.CSV");
    const keys = join(place.path, "keys.json");
    // A comma and quotation marks in a password.
    writeFileSync(keys, JSON.stringify({ clients: { 32: { password: '12,"345' } } }), { mode: 0o600 });
    const start = ["simulate", "--meters", "2", "--port", "0", "--seed", "x", "--keys", keys, "--identities", path];
    await using run = await serving(start);
    expect(run.lines).toHaveLength(1);
    const serial = (readFileSync(path, "utf8").split("\r\n")[2] as string).split(",")[0] as string;
    const who = ["--meter", serial, "--identities", path, "--state", join(place.path, "state")];
    const high = [...who, "--client", "48"];
    const commands = [
      ["read", ...who, "--client", "32", "0.0.42.0.0.255"],
      ["write", ...high, "1.0.0.8.0.255", "900"],
      ["profile", "1.0.99.1.0.255", ...high, "--entries", "1..2"],
      ["discover", ...high],
      ["key", "rotate", ...high, "--keys", join(place.path, "absent.json"), "--change", "encryption"],
    ];
    const ran: Awaited<ReturnType<typeof dlms>>[] = [];
    for (const command of commands) ran.push(await dlms(command));
    expect(ran.slice(0, 4).map(({ code, stderr }) => [code, stderr])).toEqual(Array(4).fill([0, ""]));
    // What the command line says goes before the row.
    expect(ran[4]?.stderr).toContain("absent.json");
    // The environment does not.
    const environment = { DLMS_PASSWORD: "another one", DLMS_EK: "00".repeat(16) };
    expect((await dlms(["discover", ...high], { env: environment })).code).toBe(0);
  });

  it("says what is wrong with the ending, the file, the serial number, the client and half of the pair", async () => {
    using place = folder();
    const started = await dlms(["simulate", "--port", "0", "--identities", join(place.path, "meters.txt")]);
    expect([started.code, started.stderr]).toEqual([2, expect.stringContaining("does not end in .csv or .json")]);
    const path = join(place.path, "meters.csv");
    writeFileSync(path, 'serial,host,port,link,serverAddress,client.16.mechanism\r\n"1",::1,4059,wrapper,1,0\r\n', {
      mode: 0o600,
    });
    const read = async (...args: string[]) => {
      const { code, stderr } = await dlms(["read", ...args]);
      return [code, stderr];
    };
    const said = (text: string) => expect.stringContaining(text);
    expect(await read("--meter", "2", "--identities", path)).toEqual([2, said("no meter with the serial number 2")]);
    expect(await read("--meter", "1", "--identities", path, "--client", "48")).toEqual([2, said("it has 16")]);
    expect(await read("--meter", "1")).toEqual([2, said("--identities is missing")]);
    expect(await read("1.2.3.4", "--identities", path)).toEqual([2, said("--meter is missing")]);
    expect(await read("--meter", "1", "--identities", join(place.path, "no.json"))).toEqual([1, said("no.json")]);
    writeFileSync(join(place.path, "bad.json"), '[{"serial": "1", "clients": {"16": {}}}]');
    expect(await read("--meter", "1", "--identities", join(place.path, "bad.json"))).toEqual([1, said("host, port")]);
  });
});

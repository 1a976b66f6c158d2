import { Fault } from "@dlmskit/core";
import type { Rows, Store } from "@dlmskit/storage";
import { testSealing } from "@dlmskit/storage/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PgStore } from "../src/index.ts";
import { type Bench, startBench } from "./pglite-schemas.ts";

let bench: Bench;
let store: PgStore;
beforeAll(async () => {
  bench = await startBench();
}, 120_000);
afterAll(() => bench?.close());
beforeEach(async () => {
  await bench.empty();
  store = await bench.store();
});

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const caught = await promise.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  expect(caught).toBeInstanceOf(Fault);
  return caught as Fault;
}

const pattern = `'{"version": 1, "shape": [${Array(24).fill(0.5).join()}], "jitter": 0}'`;
const profile = (shape: string, base = "1", name = "'x'") =>
  `INSERT INTO load_profile_templates (template_name, season, day_type, interval_minutes, base_load, peak_load, variation_pattern)
  VALUES (${name}, 'SUMMER', 'WEEKDAY', 30, ${base}, 2, ${shape})`;
const hdlc = (size: string) =>
  `INSERT INTO hdlc_settings (device_address, window_size_transmit, window_size_receive, max_info_field_len_transmit,
    max_info_field_len_receive, inter_octet_timeout, inactivity_timeout) VALUES (17, ${size}, 1, 128, 128, 30, 120)`;

// biome-ignore lint/suspicious/noExplicitAny: tables of any row
type AnyRows = Rows<any>;
const bad: readonly [string, (from: Store) => AnyRows, string, ...string[]][] = [
  ["NULL where a value belongs", (from) => from.hdlcSettings, hdlc("NULL"), "window_size_transmit"],
  ["a number out of range", (from) => from.hdlcSettings, hdlc("99"), "window_size_transmit"],
  [
    "a name that is not known",
    (from) => from.communicationPorts,
    "INSERT INTO communication_ports (port_type, port_number, parity) VALUES ('TCP', 4059, 'none')",
    "parity",
  ],
  ["no variation pattern", (from) => from.loadProfileTemplates, profile("NULL"), "variation_pattern"],
  ["JSON of another kind", (from) => from.loadProfileTemplates, profile("'[1, 2]'"), "variation_pattern"],
  [
    "a version to come",
    (from) => from.loadProfileTemplates,
    profile(`'{"version": 3}'`),
    "variation_pattern",
    "version",
  ],
  [
    "a shape of 23 values",
    (from) => from.loadProfileTemplates,
    profile(`'{"version": 1, "shape": [${Array(23).fill(0).join()}], "jitter": 0}'`),
    "variation_pattern",
    "shape",
  ],
  [
    "a value past the peak",
    (from) => from.loadProfileTemplates,
    profile(`'{"version": 1, "shape": [${Array(23).fill(0).join()}, 1.5], "jitter": 0}'`),
    "variation_pattern",
    "shape",
    "23",
  ],
  ["a negative load", (from) => from.loadProfileTemplates, profile(pattern, "-1"), "base_load"],
  ["no number at all", (from) => from.loadProfileTemplates, profile(pattern, "'NaN'"), "base_load"],
  ["a base above the peak", (from) => from.loadProfileTemplates, profile(pattern, "3"), "peak_load"],
  [
    "a phase that there is not",
    (from) => from.powerQualityEvents,
    `INSERT INTO power_quality_events_config (event_type, probability, min_duration, max_duration, affected_phases)
    VALUES ('INTERRUPTION', 0.1, 1, 2, '{L1,L4}')`,
    "affected_phases",
  ],
  [
    "a negative mask",
    (from) => from.accessRights,
    `INSERT INTO obis_codes (template, logical_device, class_id, version, logical_name) VALUES ('t', 1, 1, 0, '0.0.1.0.0.255');
    INSERT INTO access_rights (object_id, client_id, access_level, attribute_mask, method_mask) SELECT id, 16, 1, -1, 0 FROM obis_codes`,
    "attribute_mask",
  ],
  [
    "no logical name",
    (from) => from.obisCodes,
    "INSERT INTO obis_codes (template, logical_device, class_id, version, logical_name) VALUES ('t', 1, 1, 0, 'clock')",
    "logical_name",
  ],
  [
    "an instant at the end of time",
    (from) => from.certificates,
    `INSERT INTO certificates (entity_id, certificate_type, certificate_data, valid_from, valid_until)
    VALUES (1, 'DEVICE', '\\x30', '2020-01-01', 'infinity')`,
    "valid_until",
  ],
];

describe("rows that a hand edited", () => {
  for (const [what, table, sql, ...path] of bad) {
    it(`are named and kept: ${what}`, async () => {
      await bench.db.exec(sql);
      const fault = await faultOf(table(store).list());
      expect(fault.code, fault.message).toBe("bad-row");
      expect(fault.path.slice(1)).toEqual(["id 1", ...path]);
      expect(fault.hint).toContain("left as it is");
      expect(await faultOf(table(store).get(1))).toMatchObject({ code: "bad-row" });
      expect((await bench.db.query(`SELECT id FROM ${fault.path[0]}`)).rows).toEqual([{ id: 1 }]);
    });
  }

  it("read as the migrations say: association, connection, decimals and microseconds", async () => {
    await bench.db.exec(
      `INSERT INTO client_associations (client_id, authentication_level, context_name, conformance, max_receive_pdu_size,
        max_send_pdu_size, dlms_version, quality_of_service, created_at)
      VALUES (16, 0, 'logical-name', 16, 512, 0, 6, 0, NULL);
      INSERT INTO active_connections (association_id, connection_time, last_activity, ip_address, port, session_id, status)
      VALUES (1, '2024-01-01 00:00:00.0004', '2024-01-01 00:00:00.0006', '::1', 1, 'x', 'IDLE');`,
    );
    expect(await store.clientAssociations.list()).toEqual([
      {
        id: 1,
        logicalDevice: 1,
        instanceId: "0.0.40.0.0.255",
        clientId: 16,
        authenticationLevel: 0,
        contextName: "logical-name",
        conformance: 16,
        maxReceivePduSize: 512,
        maxSendPduSize: 0,
        dlmsVersion: 6,
        qualityOfService: 0,
      },
    ]);
    const at = Date.UTC(2024, 0, 1);
    expect(await store.connections.list()).toMatchObject([
      { associationId: 1, connectionTime: at, lastActivity: at + 1 },
    ]);
    // No living process says that it is its own.
    await bench.store();
    expect(await store.connections.list()).toEqual([]);
  });

  it("do not hold up the push queue, and nothing of them is lost", async () => {
    await bench.db.exec(
      `INSERT INTO message_queue (message_type, priority, payload, destination, status)
      VALUES ('push', 9, NULL, 'tcp://a:1', 'PENDING'), (NULL, 9, '\\x00', 'tcp://a:1', 'PENDING'),
        ('push', NULL, '\\x0102', 'tcp://a:1', 'PENDING'), ('push', 1, '\\x03', 'tcp://a:1', 'PROCESSING')`,
    );
    const claimed = await store.messageQueue.claim({ now: Date.now() + 1000, limit: 10 });
    expect(claimed.map(({ id, priority, retryCount }) => [id, priority, retryCount])).toEqual([
      [4, 1, 1],
      [3, 0, 0],
    ]);
    const fault = await faultOf(store.messageQueue.get(1));
    expect(fault).toMatchObject({ code: "bad-row", path: ["message_queue", "id 1", "payload"] });
    expect(await store.messageQueue.counts()).toMatchObject({ PENDING: 2, PROCESSING: 2 });
  });

  it("never show a key in a Fault", async () => {
    await bench.db.exec(
      `INSERT INTO meters (meter_id, serial, logical_device_name, system_title, seed, template, commissioned_at)
      VALUES ('m', 's', 'n', '\\x0102030405060708', '', 't', '2024-01-01');
      INSERT INTO security_settings (security_policy, security_suite, encryption_key) VALUES (0, 0, '\\xdeadbeefdeadbeefdeadbeefdeadbe');
      INSERT INTO meter_security (security_settings_id, meter_id, instance_id) VALUES (1, 'm', '0.0.43.0.0.255')`,
    );
    const fault = await faultOf(store.securitySettings.of("m"));
    expect(fault.path).toEqual(["security_settings", "id 1", "encryption_key"]);
    expect(fault.message).toContain("15 octets");
    expect(fault.message).not.toMatch(/de.?ad/i);
  });
});

describe("keys that a hand edited", () => {
  const meter = `INSERT INTO meters (meter_id, serial, logical_device_name, system_title, seed, template, commissioned_at)
    VALUES ('m', 's', 'n', '\\x0102030405060708', '', 't', '2024-01-01');`;
  const setup = (key: string) => `${meter}
    INSERT INTO security_settings (security_policy, security_suite, master_key) VALUES (0, 0, '\\x${key}');
    INSERT INTO meter_security (security_settings_id, meter_id, instance_id) VALUES (1, 'm', '0.0.43.0.0.255')`;

  it("are not sealed when they are none, and nothing is", async () => {
    await bench.db.exec(setup("00".repeat(15)));
    const fault = await faultOf(bench.store({ sealing: testSealing(1) }));
    expect(fault).toMatchObject({ code: "bad-row", path: ["security_settings", "id 1", "master_key"] });
    expect((await bench.db.query("SELECT * FROM key_sealing")).rows).toEqual([]);
  });

  it("are named where they were not sealed under the key-encryption key", async () => {
    const sealed = await bench.store({ sealing: testSealing(1) });
    await bench.db.exec(setup("00".repeat(16)));
    await bench.db.exec("INSERT INTO client_secrets VALUES ('m', 32, '0.0.40.0.2.255', '\\x00')");
    const wrong = "wrong-key-encryption-key";
    expect(await faultOf(sealed.securitySettings.of("m"))).toMatchObject({
      code: wrong,
      path: ["security_settings", "id 1", "master_key"],
    });
    expect(await faultOf(sealed.securitySettings.secretsOf("m"))).toMatchObject({
      code: wrong,
      path: ["client_secrets", "id m 32 0.0.40.0.2.255", "secret"],
    });
  });

  it("may be of a secret without octets where nothing is sealed", async () => {
    await bench.db.exec(`${meter} INSERT INTO client_secrets VALUES ('m', 70000, '0.0.40.0.2.255', '')`);
    expect(await faultOf(store.securitySettings.secretsOf("m"))).toMatchObject({
      code: "bad-row",
      path: ["client_secrets", "id m 70000 0.0.40.0.2.255", "client_id"],
    });
  });
});

describe("TIMESTAMP columns", () => {
  it("hold UTC whatever the session's zone is", async () => {
    for (const zone of ["Asia/Kolkata", "America/New_York", "UTC"]) {
      await bench.db.exec(`SET TimeZone = '${zone}'`);
      const connectionTime = Date.UTC(2024, 2, 10, 7, 30, 0, 5);
      const id = await store.connections.open({ connectionTime, ipAddress: "::1", port: 1, sessionId: zone });
      const { rows } = await bench.db.query<{ text: string; off: number }>(
        `SELECT connection_time::text AS text, abs(EXTRACT(EPOCH FROM created_at) - EXTRACT(EPOCH FROM now()))::float8 AS off
        FROM active_connections WHERE id = ${id}`,
      );
      expect(rows[0]?.text).toBe("2024-03-10 07:30:00.005");
      expect(rows[0]?.off).toBeLessThan(60);
      expect((await store.connections.list()).find((row) => row.id === id)?.connectionTime).toBe(connectionTime);
    }
  });
});

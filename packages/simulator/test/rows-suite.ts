import type { Fault } from "@dlmskit/core";
import type { ServerEvent } from "@dlmskit/server";
import { maskOf, type Store } from "@dlmskit/storage";
import { tcpConnect } from "@dlmskit/transport/node";
import { describe, expect, it } from "vitest";
import { associate, type Bottle, bottled, readBy } from "./bottle.ts";

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const clockTime = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 };

interface Followed extends Bottle {
  /** Another process on the same rows. */
  readonly editor: Store;
  readonly events: ServerEvent[];
  /** Waits until rows of a table were followed or refused, and gives what was said. */
  told(type: "rows-changed" | "rows-refused", table: string): Promise<ServerEvent & { fault?: Fault }>;
  /** Waits until all that was changed is followed, and forgets what was said. */
  quiet(): Promise<void>;
}

/** Two processes on the same empty rows. */
export type OpenTwo = () => Promise<{ readonly store: Store; readonly editor: Store }>;

let probability = 0;

async function followed(open: OpenTwo): Promise<Followed> {
  const { store, editor } = await open();
  const events: ServerEvent[] = [];
  const bottle = await bottled({ store, events: (event) => void events.push(event) });
  const told: Followed["told"] = async (type, table) => {
    const found = (): number => events.findIndex((event) => event.type === type && event.table === table);
    await expect
      .poll(found, { timeout: 20_000, interval: 2, message: `${type} of ${table}` })
      .toBeGreaterThanOrEqual(0);
    return events.splice(found(), 1)[0] as ServerEvent & { fault?: Fault };
  };
  return {
    ...bottle,
    ...{ editor, events, told },
    async quiet() {
      // The last of the tables that are followed. A round that had begun before may see this change and not those before it in
      // tables that it had read already: after the second one all were followed.
      for (let round = 0; round < 2; round++) {
        const [row] = await editor.powerQualityEvents.list();
        const { id, createdAt: _, ...rest } = row as NonNullable<typeof row>;
        probability = (probability + 1) % 100;
        await editor.powerQualityEvents.replace(id, { ...rest, probability: 0.01 + probability / 10_000 });
        await told("rows-changed", "power_quality_events_config");
      }
      events.length = 0;
    },
  };
}

async function rowOf(store: Store, client: number) {
  const found = (await store.clientAssociations.list()).find(({ clientId }) => clientId === client);
  if (found === undefined) throw new Error("no row");
  const { id, createdAt: _, ...row } = found;
  return { id, row };
}

/** The rows of a store rule while meters are served, on any store. */
export function rowsSuite(name: string, open: OpenTwo): void {
  describe(`rows that rule while meters are served: ${name}`, () => {
    it("access_rights: an open association has the new rights at its next request", async () => {
      const { simulator, clock, editor, told } = await followed(open);
      const session = await associate(simulator, clock, 16);
      await session.get(clockTime);
      await expect(session.get(energy)).rejects.toThrow("object-undefined");
      const codes = await editor.obisCodes.of("is15959-d1");
      const idOf = (name: string) => codes.find(({ logicalName }) => logicalName === name)?.id as number;
      await editor.accessRights.add({
        ...{ objectId: idOf("1.0.1.8.0.255"), clientId: 16, accessLevel: 1 },
        ...{ attributeMask: maskOf(1, 2, 3), methodMask: 0n },
      });
      await told("rows-changed", "access_rights");
      expect((await session.get(energy)).type).toBe("double-long-unsigned");
      const ofClock = (await editor.accessRights.list()).find(
        ({ objectId, clientId }) => objectId === idOf("0.0.1.0.0.255") && clientId === 16,
      );
      await editor.accessRights.remove(ofClock?.id as number);
      await told("rows-changed", "access_rights");
      await expect(session.get(clockTime)).rejects.toThrow("object-undefined");
    });

    it("names table, id and column of a row that breaks a rule, and what was in force stays", async () => {
      const { simulator, clock, editor, told, events } = await followed(open);
      const session = await associate(simulator, clock, 16);
      const { id, row } = await rowOf(editor, 16);
      const [right] = await editor.accessRights.list();
      const { id: rightId, createdAt: _, ...rightRow } = right as NonNullable<typeof right>;
      const [hdlc] = await editor.hdlcSettings.list();
      const { id: hdlcId, createdAt: __, ...hdlcRow } = hdlc as NonNullable<typeof hdlc>;
      const cases: [string, number, string, () => Promise<unknown>][] = [
        [
          "client_associations",
          id,
          "max_receive_pdu_size",
          () => editor.clientAssociations.replace(id, { ...row, maxReceivePduSize: 5 }),
        ],
        [
          "client_associations",
          id,
          "context_name",
          () => editor.clientAssociations.replace(id, { ...row, contextName: "no" }),
        ],
        [
          "access_rights",
          rightId,
          "access_level",
          () => editor.accessRights.replace(rightId, { ...rightRow, accessLevel: 7 }),
        ],
        [
          "hdlc_settings",
          hdlcId,
          "device_address",
          () => editor.hdlcSettings.replace(hdlcId, { ...hdlcRow, deviceAddress: 0x7e }),
        ],
      ];
      for (const [table, wrong, column, edit] of cases) {
        await edit();
        const { fault } = await told("rows-refused", table);
        expect([fault?.code, ...(fault?.path ?? [])]).toEqual(["bad-row", table, `id ${wrong}`, column]);
        expect(fault?.message).toMatch(/expected|at least|not a lower/);
      }
      await session.get(clockTime);
      expect((await associate(simulator, clock, 16)).association.serverMaxReceivePduSize).toBe(1024);
      // The same again is not said again, and a row that is mended holds.
      await editor.clientAssociations.replace(id, { ...row, contextName: "no" });
      await editor.clientAssociations.replace(id, { ...row, maxReceivePduSize: 640 });
      await told("rows-changed", "client_associations");
      expect(events.filter(({ type }) => type === "rows-refused")).toEqual([]);
      expect((await associate(simulator, clock, 16)).association.serverMaxReceivePduSize).toBe(640);
    });

    it("client_associations: what is open stays as negotiated, on the same connection the next is as told", async () => {
      const { simulator, clock, editor, told } = await followed(open);
      const session = await associate(simulator, clock, 16);
      const { id, row } = await rowOf(editor, 16);
      await editor.clientAssociations.replace(id, { ...row, maxReceivePduSize: 300 });
      await told("rows-changed", "client_associations");
      expect((await session.get(clockTime)).type).toBe("octet-string");
      expect((await associate(simulator, clock, 16)).association.serverMaxReceivePduSize).toBe(300);
      expect(simulator.server.sessions).toHaveLength(2);
    });

    it("client_associations: a client whose row is gone or secured otherwise is ended, the others go on", async () => {
      const { simulator, clock, editor, told, events } = await followed(open);
      const identity = await simulator.identity(0);
      const gone = await associate(simulator, clock, 16);
      const changed = await associate(simulator, clock, 48);
      const other = await associate(simulator, clock, 80);
      const publicRow = await rowOf(editor, 16);
      const row = await rowOf(editor, 48);
      const setup = simulator.meterTemplate.associations.find(({ client }) => client === 48)?.securitySetup;
      expect(simulator.meterTemplate.devices.get(1)?.byName.has(setup as string)).toBe(true);
      await gone.get(clockTime);
      // A session row names it: the row of the association cannot be removed before, as in SQL.
      await editor.clientAssociations.replace(publicRow.id, { ...publicRow.row, template: "another" });
      await editor.clientAssociations.replace(row.id, { ...row.row, contextName: "logical-name" });
      await told("rows-changed", "client_associations");
      // The two rows may be followed one after the other.
      await expect.poll(() => events.filter(({ type }) => type === "released").length, { timeout: 20_000 }).toBe(2);
      await expect(gone.get(clockTime)).rejects.toThrow();
      await expect(changed.get(clockTime)).rejects.toThrow();
      expect((await other.get(clockTime)).type).toBe("octet-string");
      await expect(associate(simulator, clock, 16, { identity })).rejects.toThrow(/caller|rejected|permanent/i);
      const plain = await associate(simulator, clock, 48);
      expect(plain.association.ciphered).toBe(false);
      // The meter shows it, too: without ciphering there is no Security setup.
      expect(simulator.meterTemplate.devices.get(1)?.byName.has(setup as string)).toBe(false);
    });

    it("load_profile_templates and power_quality_events_config: values follow the rows", async () => {
      const { simulator, editor, told } = await followed(open);
      const before = await readBy(simulator, 0, energy);
      for (const { id, createdAt: _, ...row } of await editor.loadProfileTemplates.list()) {
        await editor.loadProfileTemplates.replace(id, { ...row, peakLoad: row.peakLoad * 2 });
      }
      await told("rows-changed", "load_profile_templates");
      const after = await readBy(simulator, 0, energy);
      expect(after).not.toEqual(before);
      const [row] = await editor.powerQualityEvents.list();
      const { id, createdAt: _, ...sag } = row as NonNullable<typeof row>;
      await editor.powerQualityEvents.replace(id, { ...sag, probability: 0.9 });
      await told("rows-changed", "power_quality_events_config");
      const later = await readBy(simulator, 0, energy);
      const [profile] = await editor.loadProfileTemplates.list();
      const { id: profileId, createdAt: __, ...day } = profile as NonNullable<typeof profile>;
      await editor.loadProfileTemplates.replace(profileId, { ...day, intervalMinutes: 7 });
      const { fault } = await told("rows-refused", "load_profile_templates");
      expect([fault?.code, ...(fault?.path ?? [])]).toEqual([
        ...["bad-row", "load_profile_templates", `id ${profileId}`, "interval_minutes"],
      ]);
      expect(await readBy(simulator, 0, energy)).toEqual(later);
    });

    it("communication_ports: a port is opened and closed as its row comes and goes, the others keep their connections", async () => {
      const { simulator, editor, told, quiet } = await followed(open);
      for (const { id } of await editor.communicationPorts.list()) await editor.communicationPorts.remove(id);
      await editor.communicationPorts.add({ portType: "TCP", portNumber: 0 });
      await quiet();
      await using listening = await simulator.listen();
      const [first] = listening.ports;
      const duplex = await tcpConnect("127.0.0.1", first?.port as number);
      let closed = false;
      duplex.start({
        octets: () => undefined,
        ended: () => undefined,
        closed: () => {
          closed = true;
        },
      } as never);
      const id = await editor.communicationPorts.add({ portType: "TCP", portNumber: 0, baudRate: 9600 });
      await told("rows-changed", "communication_ports");
      expect(listening.ports.map(({ link }) => link)).toEqual(["wrapper", "hdlc"]);
      expect(listening.ports[0]).toEqual(first);
      const second = listening.ports[1]?.port as number;
      (await tcpConnect("127.0.0.1", second)).destroy();
      // A port that somebody else has is refused, with its row; all others go on.
      const taken = await editor.communicationPorts.add({ portType: "TCP", portNumber: first?.port as number });
      const { fault } = await told("rows-refused", "communication_ports");
      expect([fault?.code, ...(fault?.path ?? [])].slice(0, 3)).toEqual([
        "address-in-use",
        "communication_ports",
        `id ${taken}`,
      ]);
      await editor.communicationPorts.remove(taken);
      await quiet();
      await editor.communicationPorts.remove(id);
      await told("rows-changed", "communication_ports");
      await expect(tcpConnect("127.0.0.1", second)).rejects.toThrow();
      expect(closed).toBe(false);
      duplex.destroy();
    });

    it("security_settings: keys that were changed in the rows hold from the next APDU on; a key of a wrong length is refused", async () => {
      const { simulator, clock, editor, told } = await followed(open);
      const session = await associate(simulator, clock, 80);
      await session.get(clockTime);
      const meterId = simulator.fleet.meterId(0);
      const setup = simulator.meterTemplate.associations.find(({ client }) => client === 80);
      const instanceId = setup?.securitySetup as string;
      const identity = await simulator.identity(0);
      const keys = identity.clients.find(({ client }) => client === 80);
      const octets = (hex: string | undefined) => Uint8Array.from(Buffer.from(hex ?? "", "hex"));
      const given = { encryptionKey: octets(keys?.encryptionKey), authenticationKey: octets(keys?.authenticationKey) };
      await editor.securitySettings.putIfAbsent([
        { meterId, instanceId, securityPolicy: 3, securitySuite: 0, keyVersion: 1, ...given },
      ]);
      await session.get(clockTime);
      await editor.securitySettings.changeKeys(meterId, instanceId, { encryptionKey: new Uint8Array(17) }, 1000).then(
        async () => {
          const { fault } = await told("rows-refused", "security_settings");
          expect(fault?.path).toEqual(["security_settings", expect.stringMatching(/^id \d+$/), "encryption_key"]);
        },
        // The store may refuse such a key by itself.
        (fault: Fault) => expect(fault.code).toBe("bad-value"),
      );
      expect((await session.get(clockTime)).type).toBe("octet-string");
      await editor.securitySettings.changeKeys(
        meterId,
        instanceId,
        { encryptionKey: new Uint8Array(16).fill(9) },
        1000,
      );
      await told("rows-changed", "security_settings");
      await expect(session.get(clockTime, { timeout: 10 } as never)).rejects.toThrow();
    });

    it("active_connections: a session whose end is asked for is over, and its row says so", async () => {
      const { simulator, clock, editor } = await followed(open);
      const session = await associate(simulator, clock, 16);
      const other = await associate(simulator, clock, 16);
      await session.get(clockTime);
      const listed = async () => (await editor.connections.list()).map(({ id }) => id);
      await expect.poll(listed, { timeout: 20_000 }).toHaveLength(2);
      const rows = await editor.connections.list();
      expect(rows.map(({ clientId, status }) => [clientId, status])).toEqual([
        [16, "ACTIVE"],
        [16, "ACTIVE"],
      ]);
      expect(simulator.server.sessions.map(({ connectionId }) => connectionId)).toEqual(rows.map(({ id }) => id));
      const id = rows[0]?.id as number;
      expect(await editor.connections.askEnd(id)).toBe(true);
      await expect.poll(listed, { timeout: 20_000 }).toEqual([rows[1]?.id]);
      expect(await editor.connections.askEnd(id)).toBe(false);
      await expect(session.get(clockTime)).rejects.toThrow();
      expect((await other.get(clockTime)).type).toBe("octet-string");
    });
  });
}

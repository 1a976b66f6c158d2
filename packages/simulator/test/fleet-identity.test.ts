import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { hls, hls5, lls, meterTemplate, none } from "@dlmskit/server";
import { describe, expect, it } from "vitest";
import { hdlcSpace, wrapperSpace } from "../src/fleet/address-space.ts";
import { Addresses } from "../src/fleet/addresses.ts";
import { Fleet } from "../src/fleet/fleet.ts";
import { type Identity, type IdentitySource, identities, identityOf } from "../src/fleet/identity.ts";
import { type Identities, identitiesCsv, identitiesJson } from "../src/fleet/identity-text.ts";
import { secretsOf } from "../src/fleet/secrets.ts";
import { parseKeysFile } from "../src/simulate/keys-file.ts";
import { codeOf } from "./code-of.ts";

const host = "127.0.0.1";
const { associations } = meterTemplate({
  objects: [],
  zoneMinutesEast: 330,
  associations: {
    public: { client: 16, security: none() },
    reader: { client: 32, security: lls() },
    utility: { client: 48, security: hls(2, undefined, { ciphered: true }) },
    sha: { client: 64, security: hls(6, undefined, { ciphered: true, suite: 2 }) },
    gmac: { client: 80, security: hls5() },
  },
});
const meters = 10;
const fleet = new Fleet({
  ...{ secret: new Uint8Array(32).fill(1), template: "t", manufacturer: "DLK", meters, seed: "s" },
});
const source: IdentitySource = {
  ...{ fleet, associations },
  addresses: new Addresses(wrapperSpace(), { meters, host, ports: 4059 }),
  link: "wrapper",
};
const clientOf = (identity: Identity, client: number) => identity.clients.find((one) => one.client === client);
const associationOf = (client: number) => associations.find((one) => one.client === client) as never;

async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk;
  return text;
}

describe("the secrets of a meter", () => {
  it("are what its associations need", () => {
    const utility = secretsOf(fleet, 3, associationOf(48));
    expect(secretsOf(fleet, 3, associationOf(16))).toEqual({});
    expect(Object.keys(secretsOf(fleet, 3, associationOf(32)))).toEqual(["secret"]);
    expect(secretsOf(fleet, 3, associationOf(32)).secret).toHaveLength(20);
    expect(utility.secret).toHaveLength(16);
    expect(utility.broadcastKey).toBeUndefined();
    for (const key of [utility.encryptionKey, utility.authenticationKey, utility.masterKey])
      expect(key).toHaveLength(16);
    expect(secretsOf(fleet, 3, associationOf(64)).encryptionKey).toHaveLength(32);
    expect(secretsOf(fleet, 3, associationOf(80)).secret).toBeUndefined();
  });

  it("are other ones in every meter and Security setup, but for the broadcast key and the key-encryption key", () => {
    const seen = new Set<string>();
    for (const index of [0, 1]) {
      for (const client of [48, 80]) {
        const { secret, encryptionKey, authenticationKey } = secretsOf(fleet, index, associationOf(client));
        for (const key of [secret, encryptionKey, authenticationKey]) if (key !== undefined) seen.add(toHex(key));
      }
    }
    expect(seen.size).toBe(2 * 5);
    const broadcastKeys = true;
    const one = secretsOf(fleet, 0, associationOf(48), { broadcastKeys });
    const other = secretsOf(fleet, 1, associationOf(48), { broadcastKeys });
    expect(one.broadcastKey).toHaveLength(16);
    expect(one.broadcastKey).toEqual(other.broadcastKey);
    expect(one.masterKey).toEqual(secretsOf(fleet, 0, associationOf(80)).masterKey);
    expect(one.masterKey).not.toEqual(other.masterKey);
  });

  it("are those of the keys file where it names them", () => {
    const keys = parseKeysFile({
      masterKey: "aa".repeat(16),
      clients: {
        "16": { password: "not asked" },
        "32": { password: "lls" },
        "48": { encryptionKey: "01".repeat(16), broadcastKey: "02".repeat(16) },
        "80": { password: "kept" },
      },
    });
    const utility = secretsOf(fleet, 0, associationOf(48), { keys, broadcastKeys: true });
    expect(secretsOf(fleet, 0, associationOf(16), { keys })).toEqual({});
    expect(secretsOf(fleet, 0, associationOf(32), { keys })).toEqual({ secret: fromAscii("lls") });
    expect(utility.encryptionKey).toEqual(fromHex("01".repeat(16)));
    expect(utility.broadcastKey).toEqual(fromHex("02".repeat(16)));
    expect(utility.masterKey).toEqual(fromHex("aa".repeat(16)));
    expect(utility.authenticationKey).toEqual(secretsOf(fleet, 0, associationOf(48)).authenticationKey);
    expect(utility.secret).toEqual(secretsOf(fleet, 0, associationOf(48)).secret);
    expect(secretsOf(fleet, 0, associationOf(80), { keys }).secret).toEqual(fromAscii("kept"));
  });
});

describe("an identity", () => {
  it("names the meter, where it is reached and what its clients need", () => {
    const identity = identityOf(source, 1);
    const { encryptionKey, authenticationKey, masterKey, secret } = secretsOf(fleet, 1, associationOf(48));
    expect(identity).toMatchObject({
      meterId: "t-000002",
      serial: fleet.serial(1),
      logicalDeviceName: fleet.logicalDeviceName(1),
      systemTitle: toHex(fleet.systemTitle(1)),
      masterKey: toHex(masterKey as Uint8Array),
      ...{ host, port: 4059, link: "wrapper", serverAddress: 16, template: "t" },
    });
    expect(identity).not.toHaveProperty("physicalAddress");
    expect(identity.clients.map(({ client }) => client)).toEqual([16, 32, 48, 64, 80]);
    expect(clientOf(identity, 48)).toEqual({
      ...{
        client: 48,
        name: "utility",
        association: "0.0.40.0.3.255",
        mechanism: 2,
        ciphered: true,
        suite: 0,
        policy: 3,
      },
      password: String.fromCharCode(...(secret as Uint8Array)),
      encryptionKey: toHex(encryptionKey as Uint8Array),
      authenticationKey: toHex(authenticationKey as Uint8Array),
      invocationCounter: "0.0.43.1.3.255",
    });
    expect(clientOf(identity, 16)).not.toHaveProperty("password");
    const hdlc = new Addresses(hdlcSpace([256]), { meters, host, ports: 4060 });
    expect(identityOf({ ...source, addresses: hdlc, link: "hdlc" }, 1)).toMatchObject({
      ...{ port: 4060, link: "hdlc", serverAddress: 1, physicalAddress: 257 },
    });
    expect(codeOf(() => identityOf(source, meters))).toBe("out-of-range");
  });

  it("is what the store has, where it has something", () => {
    const derived = identityOf(source, 0);
    const kept = identityOf(source, 0, {
      meter: {
        ...{ meterId: "t-000001", serial: "1", logicalDeviceName: "XYZ1", template: "t", seed: "s", commissionedAt: 0 },
        systemTitle: fromHex("0102030405060708"),
      },
      settings: [
        {
          ...{ meterId: "t-000001", instanceId: "0.0.43.0.3.255", securityPolicy: 1, securitySuite: 0, keyVersion: 2 },
          encryptionKey: new Uint8Array(16).fill(5),
          masterKey: new Uint8Array(16).fill(6),
        },
      ],
      secrets: [
        { meterId: "t-000001", clientId: 32, instanceId: "0.0.40.0.2.255", secret: Uint8Array.of(0, 255) },
        { meterId: "t-000001", clientId: 16, instanceId: "0.0.40.0.1.255", secret: Uint8Array.of(1) },
      ],
    });
    expect(kept).toMatchObject({ serial: "1", logicalDeviceName: "XYZ1", systemTitle: "0102030405060708" });
    expect(kept.masterKey).toBe("06".repeat(16));
    expect(clientOf(kept, 48)).toEqual({ ...clientOf(derived, 48), policy: 1, encryptionKey: "05".repeat(16) });
    expect(clientOf(kept, 32)?.password).toEqual({ hex: "00ff" });
    expect(clientOf(kept, 16)).not.toHaveProperty("password");
    expect(clientOf(kept, 80)).toEqual(clientOf(derived, 80));
  });

  it("comes one at a time", () => {
    const all = [...identities(source)];
    expect(all).toHaveLength(meters);
    expect([...identities(source, { first: 4, meters: 2 })]).toEqual(all.slice(4, 6));
    let asked = 0;
    const counting = new Proxy(fleet, {
      get: (target, name) => {
        if (name === "serial") asked++;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    expect(identities({ ...source, fleet: counting }).next().value?.meterId).toBe("t-000001");
    expect(asked).toBe(1);
  });
});

describe("the text of identities", () => {
  const all = [...identities(source)];

  /** As the JSON text has it: clients by SAP. */
  const byClient = ({ clients, ...meter }: Identity) => ({
    ...meter,
    clients: Object.fromEntries(clients.map(({ client, ...identity }) => [String(client), identity])),
  });

  it("is one JSON document, as it would be at once, with clients by SAP", async () => {
    for (const list of [[], all.slice(0, 1), all]) {
      const text = await textOf(identitiesJson(list));
      expect(text).toBe(`${JSON.stringify(list.map(byClient), undefined, 2)}\n`);
    }
    const [one] = all as [Identity];
    const odd: Identity = { ...one, template: "a\u2028b\nc" };
    expect(JSON.parse(await textOf(identitiesJson([odd])))).toEqual([byClient(odd)]);
  });

  it("is a line for each meter", async () => {
    const text = await textOf(identitiesCsv(all));
    const [names = "", first = "", ...rest] = text.split("\r\n");
    expect(names).toMatch(
      /^serial,logicalDeviceName,systemTitle,host,port,link,serverAddress,physicalAddress,meterId,template,masterKey,transport,gateway,client\.16\.name,/,
    );
    const cells = new Map(names.split(",").map((name, at) => [name, first.split(",")[at]]));
    const [identity] = all as [Identity];
    expect(cells.get("serial")).toBe(identity.serial);
    expect(cells.get("port")).toBe("4059");
    expect(cells.get("link")).toBe("wrapper");
    expect(cells.get("physicalAddress")).toBe("");
    expect(cells.get("client.16.password")).toBe("");
    expect(cells.get("client.48.mechanism")).toBe("2");
    for (const name of ["password", "encryptionKey", "authenticationKey", "invocationCounter"] as const) {
      expect(cells.get(`client.48.${name}`)).toBe(clientOf(identity, 48)?.[name]);
    }
    expect(rest).toHaveLength(meters);
    for (const line of rest.slice(0, -1)) expect(line.split(",")).toHaveLength(names.split(",").length);
    const [one] = all as [Identity];
    const odd = one.clients.map((client): typeof client =>
      client.client === 32
        ? { ...client, password: 'a,"b"' }
        : client.client === 48
          ? { ...client, password: { hex: "00ff" } }
          : client,
    );
    const lines = await textOf(identitiesCsv([{ ...one, clients: odd }]));
    expect(lines).toContain(',"a,""b""",,');
    expect(lines).toContain(",,00ff,");
    // Another client than those of the first meter has no column.
    const others = await textOf(identitiesCsv([one, { ...one, clients: one.clients.slice(0, 1) }]));
    expect(others.split("\r\n")[2]?.split(",")).toHaveLength(names.split(",").length);
    expect(await textOf(identitiesCsv([]))).toMatch(/^serial,.*,masterKey,transport,gateway\r\n$/);
  });

  it("comes in chunks, asks for no more than it writes, and takes what comes later", async () => {
    let asked = 0;
    async function* later(): Identities {
      for (let round = 0; round < 200; round++) {
        for (const one of all) {
          asked++;
          yield one;
        }
      }
    }
    for (const write of [identitiesCsv, identitiesJson]) {
      asked = 0;
      const chunks = write(later());
      const first = await chunks.next();
      expect(first.value?.length).toBeGreaterThanOrEqual(65_536);
      expect(first.value?.length).toBeLessThan(80_000);
      expect(asked).toBeLessThan(200);
      const text = first.value + (await textOf(chunks));
      expect(asked).toBe(2000);
      expect(text).toBe(await textOf(write(Array.from({ length: 200 }, () => all).flat())));
    }
  });
});

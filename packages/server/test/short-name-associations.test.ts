import { dataOf, encodeData, T } from "@dlmskit/apdu";
import { shortNameNegotiable } from "@dlmskit/association";
import { fromHex, toHex } from "@dlmskit/core";
import { AccessBit, dataObject, ObjectListElement, register, rightsOf } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { type Access, hls5, type MeterOptions, meter, none } from "../src/index.ts";
import { ak, Bench, type Client, type ClientOptions, ek, protectedClient } from "./a-client.ts";

const conformance = [...shortNameNegotiable].filter((name) => name !== "general-protection");
const energy = "1.0.1.8.0.255";
/** At the base name 0x2000. */
const aMeter = (associations: MeterOptions["associations"]) =>
  meter({
    name: "SHO0000000000001",
    objects: [
      register(energy, { type: T.doubleLongUnsigned, value: 5009, unit: "Wh" }),
      dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 }),
    ],
    baseNames: { [energy]: 0x2000, "0.0.96.1.0.255": 0x3000 },
    referencing: "either",
    associations,
  });

const opened = (own: ReturnType<typeof aMeter>, options: ClientOptions = {}): Promise<Client> =>
  new Bench(own).client({ context: "short-name", conformance, ...options }).open();
const say = async (client: Client, hex: string): Promise<string> =>
  toHex((await client.raw(fromHex(hex.replaceAll(" ", "")))) ?? new Uint8Array(0));
const byName = "050104fa30000101 0203 120003 09060100010800ff 0f02";

describe("the rights of an association, by short names", () => {
  const protectedBy = (bits: number): Access =>
    rightsOf([
      { instance: energy, attributes: { 1: "read-only", 2: AccessBit.read | bits } },
      { instance: "0.0.40.0.0.255", attributes: { 1: "read-only", 2: "read-only" } },
    ]);

  it("what must be protected is refused in a request without protection, by read_by_logicalname, too", async () => {
    for (const bits of [AccessBit.authenticatedRequest, AccessBit.encryptedResponse, AccessBit.signedResponse]) {
      const open = { client: 16, security: none(), access: protectedBy(bits) };
      const client = await opened(aMeter({ open }));
      expect(await say(client, "0501022008"), String(bits)).toBe("0c01010d");
      expect(await say(client, byName), String(bits)).toBe("0c01010d");
      expect(await say(client, "0501022000")).toBe("0c01000906 0100010800ff".replace(" ", ""));
      // Nothing of it may be written, whichever service asks.
      expect(await say(client, "060102200801 0600000001")).toBe("0d010103");
    }
  });

  it("with protection it is given, and the answer has as much", async () => {
    const access = protectedBy(AccessBit.authenticatedRequest | AccessBit.encryptedResponse);
    const keys = { encryptionKey: ek, authenticationKey: ak };
    const own = aMeter({ utility: { client: 48, security: hls5(keys), access } });
    const client = await opened(own, { client: 48, mechanism: 5, security: protectedClient() });
    const asked = { variableName: 0x2008 };
    expect(await client.request({ service: "read", items: [asked] })).toMatchObject([{ data: { value: 5009 } }]);
    // encrypted and authenticated
    expect(toHex((client.received.at(-1) as Uint8Array).subarray(0, 3))).toMatch(/^2c..30$/);
  });

  it("objects that the client does not see are not listed, and not there", async () => {
    const open = { client: 16, security: none(), access: protectedBy(0) };
    const client = await opened(aMeter({ open }));
    expect(await say(client, "0501023008")).toBe("0c010104");
    expect(await say(client, "050104fa0801120001")).toBe("0c01000100");
    expect(await say(client, "050104fa0801120003")).toContain("102000120003");
  });
});

describe("what a client changes in its object list", () => {
  it("holds by short names, too, in associations that are opened after it", async () => {
    const own = aMeter({ open: { client: 16, security: none(), access: "full" } });
    const before = await opened(own);
    expect(await say(before, "050102 3008")).toBe("0c01001107");
    const manager = await new Bench(own).client().open();
    const gone = {
      classId: 1,
      version: 0,
      instanceId: "0.0.96.1.0.255",
      accessRights: { attributes: [], methods: [] },
    };
    const method = { classId: 15, instanceId: "0.0.40.0.1.255", methodId: 4 };
    const parameters = dataOf(ObjectListElement, gone);
    const removed = await manager.request({ service: "action", items: [{ method, parameters }] });
    expect(removed).toMatchObject([{ result: "success" }]);
    const after = await opened(own);
    expect(await say(after, "0501023008")).toBe("0c010104");
    expect(await say(after, "050104fa0801120001")).not.toContain("103000");
    expect(await say(after, "0501022008")).toBe("0c01000600001391");
  });
});

describe("the users of an association, by short names", () => {
  it("version 3 has them: one that is added may open it, and no other (18.6, 18.8)", async () => {
    const open = { client: 16, security: none(), access: "full", version: 2 } as const;
    const own = aMeter({ open });
    const first = await opened(own);
    expect(await say(first, "050102fa20")).toBe("0c01000100");
    expect(await say(first, "050104fa6000 0202 1107 0a03 626f62")).toBe("0c010000");
    expect(await say(first, "050102fa20")).toBe("0c010001010202 1107 0a03626f62".replaceAll(" ", ""));
    const stranger = await opened(own, { userId: 8 });
    expect(stranger.opened).toBe(false);
    const bob = await opened(own, { userId: 7 });
    expect(await say(bob, "050102fa28")).toBe("0c01000202 1107 0a03626f62".replaceAll(" ", ""));
    // The same list by logical name.
    const list = await own.get({ classId: 15, instanceId: "0.0.40.0.1.255", attributeId: 10 });
    expect(toHex(encodeData(list))).toBe("0101020211070a03626f62");
    expect(await say(bob, "050104fa6800 0202 1107 0a03 626f62")).toBe("0c010000");
    expect((await opened(own, { userId: 8 })).opened).toBe(true);
  });

  it("each attribute has the rights of the corresponding one of Association LN", async () => {
    const listed = { 2: "read-only", 10: "read-only" } as const;
    const access = rightsOf([{ instance: "0.0.40.0.0.255", attributes: listed, methods: { 5: "access" } }]);
    const client = await opened(aMeter({ open: { client: 16, security: none(), access, version: 2 } }));
    // object_list, access_rights_list, security_setup_reference, user_list, current_user
    const answers = [];
    for (const name of ["fa08", "fa10", "fa18", "fa20", "fa28"]) {
      answers.push((await say(client, `050102${name}`)).slice(0, 8));
    }
    expect(answers).toEqual(["0c010001", "0c010001", "0c010103", "0c010001", "0c010103"]);
    // add_user, remove_user
    expect(await say(client, "050104fa6000 0202 1107 0a03 626f62")).toBe("0c010000");
    expect(await say(client, "050104fa6800 0202 1107 0a03 626f62")).toBe("0c010103");
  });

  it("version 2 has none", async () => {
    const client = await opened(aMeter({ open: { client: 16, security: none(), access: "full" } }));
    expect(await say(client, "050102fa20")).toBe("0c010104");
    expect(await say(client, "050104fa6000 0202 1107 0a03 626f62")).toBe("0c010104");
  });
});

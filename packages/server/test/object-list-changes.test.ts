import { type Data, dataOf, fromData, T } from "@dlmskit/apdu";
import {
  AccessBit,
  type AssociationVersion,
  allRights,
  ObjectListElement,
  ObjectListElement0,
  readRights,
  register,
  rightsOf,
} from "@dlmskit/cosem-objects";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { type AssociationSpec, Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, type Client, restarted } from "./a-client.ts";

const own = "0.0.40.0.1.255";
const readers = "0.0.40.0.2.255";
const current = "0.0.40.0.0.255";
const energy = "1.0.1.8.0.255";
const power = "1.0.1.7.0.255";

interface Element {
  readonly classId?: number;
  readonly version?: number;
  readonly instance?: string;
  /** By id, the access mode as the version has it. */
  readonly attributes?: { readonly [id: number]: number };
  readonly methods?: { readonly [id: number]: number };
}

/** An element of an object list on the wire. */
function element(
  { classId = 3, version = 0, instance = energy, attributes = {}, methods = {} }: Element,
  of: AssociationVersion = 1,
): Data {
  const told = {
    classId,
    version,
    instanceId: instance,
    accessRights: {
      attributes: Object.entries(attributes).map(([id, accessMode]) => ({
        attributeId: Number(id),
        accessMode,
        selectors: null,
      })),
    },
  };
  const methodsOf = <M>(mode: (of: number) => M) =>
    Object.entries(methods).map(([id, accessMode]) => ({ methodId: Number(id), accessMode: mode(accessMode) }));
  const data =
    of === 0
      ? dataOf(ObjectListElement0, { ...told, accessRights: { ...told.accessRights, methods: methodsOf(Boolean) } })
      : dataOf(ObjectListElement, { ...told, accessRights: { ...told.accessRights, methods: methodsOf(Number) } });
  return fromData(T.any, data);
}

/** The manager changes the object list of the reader; each of the version. */
function template(version: AssociationVersion, reader: Partial<AssociationSpec> = {}) {
  const unsigned = { type: T.doubleLongUnsigned, value: 7, unit: "Wh" } as const;
  const reset = { invoke: { reset: () => undefined } };
  return meterTemplate({
    objects: [register(energy, unsigned, reset), register(power, { ...unsigned, unit: "W" })],
    associations: {
      manager: { client: 1, security: none(), access: "full", version },
      reader: { client: 2, security: none(), access: readRights, version, ...reader },
    },
  });
}

async function served(
  version: AssociationVersion = 1,
  reader: Partial<AssociationSpec> = {},
  state = new MemoryState(),
) {
  const bench = new Bench(new Meter(template(version, reader), { name: "OBJ1" }), { store: await restarted(state) });
  const manager = await bench.client({ client: 1 }).open();
  const open = () => bench.client({ client: 2 }).open();
  const listOf = async (client: Client, instance: string) => {
    const [answer] = await client.get([15, instance, 2]);
    if (answer === undefined || !("data" in answer)) throw new Error(JSON.stringify(answer));
    if (version === 0) return fromData(T.array(ObjectListElement0), answer.data);
    return fromData(T.array(ObjectListElement), answer.data);
  };
  /** Access modes of one object as a list tells them: those of attributes, then those of methods; undefined: it is not in it. */
  const listed = async (client: Client, instance: string, object = energy) => {
    const found = (await listOf(client, instance)).find(({ instanceId }) => instanceId === object);
    if (found === undefined) return undefined;
    const { attributes, methods } = found.accessRights;
    return [...attributes.map(({ accessMode }) => accessMode), ...methods.map(({ accessMode }) => Number(accessMode))];
  };
  return { bench, manager, open, listed };
}

describe("add_object and remove_object of Association LN", () => {
  for (const version of [0, 1, 2, 3] as const) {
    it(`18.4, 18.5, version ${version}: an object is removed and added again, from the next association on`, async () => {
      const { manager, open, listed } = await served(version);
      const before = await open();
      expect(await manager.invoke(15, readers, 4, element({}, version))).toBe("success");
      // The list shows to others what holds from now on; an open association keeps its own.
      expect(await listed(manager, readers)).toBeUndefined();
      expect(await listed(before, readers)).toEqual([1, 1, 1, 0]);
      expect(await listed(before, current)).toEqual([1, 1, 1, 0]);
      expect(await before.get([3, energy, 2])).toMatchObject([{ data: expect.anything() }]);
      const next = await open();
      expect([await listed(next, readers), await listed(next, current)]).toEqual([undefined, undefined]);
      expect(await next.get([3, energy, 2], [3, power, 2])).toMatchObject([
        { error: "object-undefined" },
        { data: expect.anything() },
      ]);

      const narrower = { attributes: { 2: 1 } };
      expect(await manager.invoke(15, readers, 3, element(narrower, version))).toBe("success");
      expect(await listed(manager, readers)).toEqual([1, 1, 0, 0]);
      const last = await open();
      expect(await listed(last, current)).toEqual([1, 1, 0, 0]);
      // Attribute 1 is always readable, one that is not listed is not.
      expect(await last.get([3, energy, 1], [3, energy, 2], [3, energy, 3])).toMatchObject([
        { data: expect.anything() },
        { data: expect.anything() },
        { error: "read-write-denied" },
      ]);
      expect(await next.get([3, energy, 2])).toEqual([{ error: "object-undefined" }]);
    });
  }

  it("18.5: kept over a restart, and by the next process before anything is opened", async () => {
    const state = new MemoryState();
    const { manager } = await served(3, {}, state);
    expect(await manager.invoke(15, readers, 4, element({}, 3))).toBe("success");
    expect(await manager.invoke(15, readers, 3, element({ instance: power, attributes: { 3: 1 } }, 3))).toBe("success");
    const again = await served(3, {}, state);
    const reader = await again.open();
    expect(await again.listed(reader, current)).toBeUndefined();
    expect(await again.listed(reader, current, power)).toEqual([1, 0, 1, 0]);
    expect(await reader.get([3, energy, 2], [3, power, 2], [3, power, 3])).toMatchObject([
      { error: "object-undefined" },
      { error: "read-write-denied" },
      { data: expect.anything() },
    ]);
  });

  it("18.5: the association itself and SAP assignment are never removed", async () => {
    const { manager, listed } = await served();
    for (const [classId, version, instance] of [
      [15, 1, own],
      [15, 1, current],
      [17, 0, "0.0.41.0.0.255"],
    ] as const) {
      expect(await manager.invoke(15, own, 4, element({ classId, version, instance }))).toBe("other-reason");
      expect(await listed(manager, own, instance)).toBeDefined();
    }
    // That of another association is.
    const other = element({ classId: 15, version: 1, instance: readers });
    expect(await manager.invoke(15, own, 4, other)).toBe("success");
  });

  it("18.3: 0.0.40.0.0.255 changes the association of the asker", async () => {
    const { bench, manager, open, listed } = await served();
    expect(await manager.invoke(15, current, 4, element({}))).toBe("success");
    expect(await listed(manager, current)).toBeDefined();
    const next = await bench.client({ client: 1 }).open();
    expect([await listed(next, current), await listed(next, own)]).toEqual([undefined, undefined]);
    expect(await next.invoke(15, own, 3, element({ attributes: { 2: 1 }, methods: { 1: 1 } }))).toBe("success");
    const last = await bench.client({ client: 1 }).open();
    expect(await last.invoke(3, energy, 1)).toBe("success");
    expect(await last.get([3, energy, 3])).toEqual([{ error: "read-write-denied" }]);
    // The reader has no right to change anything.
    expect(await (await open()).invoke(15, current, 4, element({}))).toBe("read-write-denied");
  });

  it("18.5: no more is granted than the template lets, and what is refused changes nothing", async () => {
    const { manager, listed } = await served();
    for (const refused of [
      { attributes: { 2: 3 } },
      { attributes: { 1: 2 } },
      { attributes: { 4: 1 } },
      { methods: { 1: 1 } },
      { attributes: { 2: 7 } },
      { version: 1 },
      { classId: 4 },
      { instance: "1.0.2.8.0.255" },
      // One that the reader may not have at all.
      { classId: 15, version: 1, instance: readers, methods: { 4: 1 } },
    ]) {
      expect(await manager.invoke(15, readers, 3, element(refused)), JSON.stringify(refused)).toBe("other-reason");
    }
    expect(await listed(manager, readers)).toEqual([1, 1, 1, 0]);
    const gone = element({ instance: "1.0.2.8.0.255" });
    expect(await manager.invoke(15, readers, 4, gone)).toBe("other-reason");
    expect(await manager.invoke(15, readers, 4, element({}))).toBe("success");
    expect(await manager.invoke(15, readers, 4, element({}))).toBe("other-reason");
    // Removed and never added: only what the template lets can be added again.
    expect(await manager.invoke(15, readers, 3, element({ methods: { 1: 1 } }))).toBe("other-reason");
  });

  it("18.5: `grantable` is what can be added, and its protection stays", async () => {
    const access = rightsOf([{ instance: power, attributes: { 1: 1, 2: 1 } }]);
    const { manager, open, listed } = await served(1, { access, grantable: allRights });
    expect(await listed(manager, readers)).toBeUndefined();
    expect(await manager.invoke(15, readers, 3, element({ attributes: { 2: 1 }, methods: { 1: 1 } }))).toBe("success");
    const reader = await open();
    expect(await listed(manager, readers)).toEqual([1, 1, 0, 1]);
    expect(await reader.invoke(3, energy, 1)).toBe("success");
    expect(await reader.get([3, energy, 2])).toMatchObject([{ data: expect.anything() }]);

    const authenticated = AccessBit.read | AccessBit.authenticatedRequest;
    const limited = await served(1, {
      access,
      grantable: rightsOf([{ instance: energy, attributes: { 1: 1, 2: authenticated } }]),
    });
    expect(await limited.manager.invoke(15, readers, 3, element({ attributes: { 2: 1 } }))).toBe("success");
    const plain = await limited.open();
    expect(await limited.listed(limited.manager, readers)).toEqual([1, 4, 0, 0]);
    expect(await plain.get([3, energy, 2])).toEqual([{ error: "scope-of-access-violated" }]);
    // An object that the association can have nothing of is not added, not even to be seen.
    expect(await limited.manager.invoke(15, readers, 3, element({ instance: power }))).toBe("other-reason");
  });

  it("18.5: what the template grants later binds what was added before", async () => {
    const state = new MemoryState();
    const kind = template(1);
    const bench = new Bench(new Meter(kind, { name: "OBJ1" }), { store: await restarted(state) });
    const manager = await bench.client({ client: 1 }).open();
    expect(await manager.invoke(15, readers, 3, element({ attributes: { 2: 1 } }))).toBe("success");
    const reader = await bench.client({ client: 2 }).open();
    expect(await reader.get([3, energy, 2], [3, power, 2])).toMatchObject([
      { data: expect.anything() },
      { data: expect.anything() },
    ]);
    kind.grant({ reader: rightsOf([{ instance: energy, attributes: { 1: 1, 3: 1 } }]) });
    expect(await reader.get([3, energy, 1], [3, energy, 2], [3, energy, 3], [3, power, 2])).toMatchObject([
      { data: expect.anything() },
      { error: "read-write-denied" },
      { error: "read-write-denied" },
      { error: "object-undefined" },
    ]);
  });

  it("18.4: with `objectListChanges: at-once` an open association holds changes from the next request on", async () => {
    const { manager, open, listed } = await served(2, { objectListChanges: "at-once" });
    const reader = await open();
    expect(await reader.get([3, energy, 2])).toMatchObject([{ data: expect.anything() }]);
    expect(await manager.invoke(15, readers, 4, element({}, 2))).toBe("success");
    expect(await reader.get([3, energy, 2])).toEqual([{ error: "object-undefined" }]);
    expect([await listed(reader, current), await listed(reader, readers)]).toEqual([undefined, undefined]);
    expect(await manager.invoke(15, readers, 3, element({ attributes: { 3: 1 } }, 2))).toBe("success");
    expect(await reader.get([3, energy, 3], [3, energy, 2])).toMatchObject([
      { data: expect.anything() },
      { error: "read-write-denied" },
    ]);
  });

  it("18.5: an element of the wrong shape is refused, one with many entries keeps no more than the object has", async () => {
    const { manager, listed } = await served();
    expect(await manager.invoke(15, readers, 3, { type: "structure", value: [] })).toBe("type-unmatched");
    expect(await manager.invoke(15, readers, 3, { type: "unsigned", value: 1 })).toBe("type-unmatched");
    const data = element({ attributes: { 2: 1 } }) as Extract<Data, { type: "structure" }>;
    const rights = data.value[3] as Extract<Data, { type: "structure" }>;
    const attributes = rights.value[0] as Extract<Data, { type: "array" }>;
    const many = { ...attributes, value: Array.from({ length: 5 }, () => attributes.value).flat() };
    const told = { ...data, value: data.value.with(3, { ...rights, value: rights.value.with(0, many) }) };
    expect(await manager.invoke(15, readers, 3, told)).toBe("success");
    expect(await listed(manager, readers)).toEqual([1, 1, 0, 0]);
  });
});

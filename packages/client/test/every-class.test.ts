import { type Data, encodeData } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import {
  findClass,
  objectFromJson,
  objectToJson,
  objectView,
  readAttribute,
  unknownClass,
} from "@dlmskit/cosem-objects";
import { type Meter, meter, none, Server, serve, tcp } from "@dlmskit/server";
import { memoryPair } from "@dlmskit/transport";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { everyClass, everyObject, nameOfClass } from "../../../test/every-class.ts";
import { connect, type DiscoveredObject, type Session } from "../src/index.ts";

const everyMeter = (): Meter =>
  meter({
    name: "ALL0000000000001",
    objects: everyObject(),
    associations: { open: { client: 16, security: none(), access: "full" } },
  });

const link = () => new WrapperClientLink({ client: 16, server: 1 });
const lines = {
  async "a line in memory"(run: (session: Session) => Promise<void>) {
    const [duplex, far] = memoryPair();
    const server = new Server({ meters: everyMeter(), clock: systemClock, random: (count) => new Uint8Array(count) });
    server.accept(far, new WrapperServerLink({}));
    await using session = await connect({ duplex, link: link() }, { clock: systemClock });
    await run(session);
  },
  async "a socket"(run: (session: Session) => Promise<void>) {
    await using running = await serve(everyMeter(), { on: { line: tcp(0, () => new WrapperServerLink()) } });
    const { host = "", port = 0 } = running.addresses.line ?? {};
    const line = { duplex: await tcpConnect(host, port), link: link() };
    await using session = await connect(line, { clock: systemClock });
    await run(session);
  },
};

/** Every attribute that the object list says is readable, in hex, by "class/version name attribute". */
async function readAll(session: Session, objects: readonly DiscoveredObject[]): Promise<Map<string, string>> {
  const read = new Map<string, string>();
  for (const { classId, version, instanceId, attributes } of objects) {
    for (const { attributeId, readable } of attributes) {
      if (!readable) continue;
      const data = await session.get({ classId, instanceId, attributeId });
      read.set(`${classId}/${version} ${instanceId} ${attributeId}`, toHex(encodeData(data)));
    }
  }
  return read;
}

describe.each(Object.entries(lines))("a meter of every class version, over %s", (_, over) => {
  it("O1: is read by a client that knows nothing but the object list, and written with its own values", () =>
    over(async (session) => {
      const { objects, problems } = await session.discover();
      expect(problems).toEqual([]);
      for (const spec of everyClass) {
        const found = objects.find(({ instanceId }) => instanceId === nameOfClass(spec));
        expect(found).toMatchObject({ classId: spec.classId, version: spec.version });
        const ids = Object.values(spec.attributes).flatMap(({ id }) => (id === 0 ? [] : [id]));
        expect(found?.attributes.map(({ attributeId }) => attributeId)).toEqual([1, ...ids]);
      }
      const before = await readAll(session, objects);
      const writeOnly = everyClass.flatMap(({ attributes }) =>
        Object.values(attributes).filter(({ access }) => access === "w"),
      );
      const all = everyClass.reduce(
        (sum, { attributes }) => sum + 1 + Object.values(attributes).filter(({ id }) => id !== 0).length,
        0,
      );
      const ours = new Set(everyClass.map(nameOfClass));
      const read = [...before.keys()].filter((key) => ours.has(key.split(" ")[1] as string));
      expect(read).toHaveLength(all - writeOnly.length);

      let written = 0;
      for (const { classId, version, instanceId, attributes } of objects) {
        for (const { attributeId, readable, writable } of attributes) {
          if (!readable || !writable) continue;
          const octets = fromHex(before.get(`${classId}/${version} ${instanceId} ${attributeId}`) as string);
          await session.set({ classId, instanceId, attributeId }, { type: "encoded", octets } as unknown as Data);
          written++;
        }
      }
      expect(written).toBeGreaterThan(500);
      expect(await readAll(session, objects)).toEqual(before);
    }));

  it("goes into JSON as a client read it, and comes out the same", () =>
    over(async (session) => {
      const { objects } = await session.discover();
      const read = await readAll(session, objects);
      for (const { classId, version, instanceId, attributes, methods } of objects) {
        const listed = {
          attributes: attributes.map(({ attributeId }) => attributeId),
          methods: methods.map(({ methodId }) => methodId),
        };
        const spec = findClass(classId, version) ?? unknownClass({ classId, version, ...listed });
        const view = objectView(classId, version, spec);
        const hexOf = (id: number) => read.get(`${classId}/${version} ${instanceId} ${id}`);
        const ids = listed.attributes.filter((id) => id !== 1 && hexOf(id) !== undefined);
        const values = Object.fromEntries(
          ids.map((id) => [
            view.attributeName(id) as string,
            view.valueOf(id, { type: "encoded", octets: fromHex(hexOf(id) as string) }),
          ]),
        );
        const json = JSON.stringify(objectToJson({ spec, instance: instanceId, values, hooks: {} }));
        const again = objectFromJson(JSON.parse(json));
        expect([again.spec.classId, again.spec.version, again.instance]).toEqual([classId, version, instanceId]);
        expect(JSON.stringify(objectToJson(again))).toBe(json);
        for (const id of ids) {
          const data = readAttribute(again, again.values, id, undefined as never);
          expect(toHex(encodeData(data as Data)), `${instanceId} ${id}`).toBe(hexOf(id));
        }
      }
    }));

  it("refuses a wrong type with type-unmatched, and a method that nothing does with object-undefined", () =>
    over(async (session) => {
      const { objects } = await session.discover();
      const before = await readAll(session, objects);
      let refused = 0;
      for (const spec of everyClass) {
        const reference = { classId: spec.classId, instanceId: nameOfClass(spec) };
        for (const { id, type, access, static: isStatic } of Object.values(spec.attributes)) {
          const isWritable = access === undefined ? isStatic === true : access !== "r";
          if (!isWritable || (type as { types?: readonly string[] }).types?.length === 0) continue;
          const set = session.set({ ...reference, attributeId: id }, { type: "dont-care" });
          await expect(set, `${spec.name} ${id}`).rejects.toMatchObject({ code: "type-unmatched" });
          refused++;
        }
        for (const { id } of Object.values(spec.methods)) {
          const invoke = session.invoke({ ...reference, methodId: id }, { type: "integer", value: 0 });
          await expect(invoke, `${spec.name} method ${id}`).rejects.toMatchObject({ code: "object-undefined" });
        }
      }
      expect(refused).toBeGreaterThan(500);
      expect(await readAll(session, objects)).toEqual(before);
    }));
});

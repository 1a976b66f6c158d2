import { treeOf } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { parseTemplate, templateNames, templateText } from "../src/index.ts";
import { associate, bottled, readBy } from "./bottle.ts";

type Json = { [key: string]: unknown };

const register = {
  ...{ classId: 3, version: 0, instanceId: "1.0.1.8.0.255" },
  attributes: { 2: { type: "double-long-unsigned", scaler: 1, unit: "Wh" } },
  access: { 16: "r" },
};
const text = {
  ...{ classId: 1, version: 0, instanceId: "0.0.96.13.0.255", name: "Message" },
  attributes: { 2: { type: "visible-string", value: "hello" } },
  access: { 16: "rw" },
  writable: [2],
};
const small: Json = {
  ...{ version: 1, name: "small", title: "a small meter", manufacturer: "ABC", zoneMinutesEast: 60 },
  clients: [{ name: "public", client: 16, association: "0.0.40.0.1.255", mechanism: 0, ciphered: false, policy: 0 }],
  objects: [{ classId: 8, version: 0, instanceId: "0.0.1.0.0.255", access: { 16: "r" } }, register, text],
};

/** The form with a change; `path` by dots. */
function changed(path: string, value: unknown): Json {
  const form = structuredClone(small);
  const steps = path.split(".");
  const last = steps.pop() as string;
  let at = form;
  for (const step of steps) at = at[step] as Json;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return form;
}

function faultOf(form: unknown): Fault {
  try {
    parseTemplate(form);
  } catch (caught) {
    if (caught instanceof Fault) return caught;
  }
  throw new Error("no Fault");
}

describe("a template of one's own", () => {
  it("is served: what the model has, what the file has, and writes of the type that the file has", async () => {
    const { simulator, clock } = await bottled({ template: parseTemplate(JSON.stringify(small)) });
    const session = await associate(simulator, clock, 16);
    const { objects } = await session.discover();
    const listed = objects.map(({ instanceId }) => instanceId);
    expect(listed).toEqual(expect.arrayContaining(["0.0.1.0.0.255", "1.0.1.8.0.255", "0.0.96.13.0.255"]));
    const energy = treeOf(await session.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }));
    expect(energy.type).toBe("double-long-unsigned");
    expect((energy as { value: number }).value).toBeGreaterThan(0);
    const message = { classId: 1, instanceId: "0.0.96.13.0.255", attributeId: 2 };
    expect(await session.get(message)).toMatchObject({ type: "visible-string", value: "hello" });
    await session.set(message, { type: "visible-string", value: "bye" });
    expect(await session.get(message)).toMatchObject({ type: "visible-string", value: "bye" });
    await expect(session.set(message, { type: "unsigned", value: 1 })).rejects.toThrow("type-unmatched");
    await expect(
      session.set({ ...message, classId: 3, instanceId: "1.0.1.8.0.255" }, { type: "double-long-unsigned", value: 1 }),
    ).rejects.toThrow("read-write-denied");
    await session.release();
    await simulator.close();
  });

  it("follows another code, or nothing, where it says so", async () => {
    const form = structuredClone(small) as Json & { objects: Json[] };
    const value = (follows: string) => ({ 2: { type: "double-long-unsigned", unit: "Wh", value: 7, follows } });
    form.objects.push(
      { ...register, instanceId: "1.1.1.8.0.255", attributes: value("1.0.1.8.0.255") },
      { ...register, instanceId: "1.0.9.8.0.255", attributes: value("nothing") },
      { ...register, instanceId: "1.0.99.8.0.255", attributes: { 2: { type: "double-long-unsigned", value: 5 } } },
    );
    const { simulator } = await bottled({ template: parseTemplate(form) });
    const read = async (instanceId: string) =>
      ((await readBy(simulator, 0, { classId: 3, instanceId, attributeId: 2 })) as { value: number }).value;
    // A scaler of 1: tens of Wh.
    expect(Math.round((await read("1.1.1.8.0.255")) / 10)).toBe(await read("1.0.1.8.0.255"));
    expect(await read("1.0.9.8.0.255")).toBe(7);
    expect(await read("1.0.99.8.0.255")).toBe(5);
    await simulator.close();
  });

  it.each<[string, unknown, string]>([
    ["version", 2, "version"],
    ["name", "Not A Name", "name"],
    ["manufacturer", undefined, "manufacturer"],
    ["clients.0.mechanism", 9, "clients.0.mechanism"],
    ["clients.0.policy", "3", "clients.0.policy"],
    ["clients.0.secret", "00", "clients.0.secret"],
    ["objects.1.instanceId", "1.0.1.8.0", "objects.1.instanceId"],
    ["objects.1.instanceId", "1.0.1.8.0.256", "objects.1.instanceId"],
    ["objects.1.instanceId", "0.0.1.0.0.255", "objects.1.instanceId"],
    ["objects.1.attributes.2.type", "double", "objects.1.attributes.2.type"],
    ["objects.1.attributes.2.value", -1, "objects.1.attributes.2.value"],
    ["objects.1.attributes.2.unit", "bananas", "objects.1.attributes.2.unit"],
    ["objects.1.attributes.2.follows", "everything", "objects.1.attributes.2.follows"],
    ["objects.1.attributes.9", { type: "unsigned" }, "objects.1.attributes.9"],
    ["objects.0.attributes", { 3: { value: "noon" } }, "objects.0.attributes.3.value"],
    ["objects.1.access", { 48: "r" }, "objects.1.access.48"],
    ["objects.1.access", { 16: "read" }, "objects.1.access.16"],
    ["objects.1.captures", [[3]], "objects.1.captures.0"],
    ["logs", { "0.0.99.98.0.255": {} }, "logs.0.0.99.98.0.255"],
  ])("Fault bad-template-file names the place: %s", (path, value, place) => {
    const fault = faultOf(changed(path, value));
    expect(fault.code).toBe("bad-template-file");
    expect(fault.path.join(".")).toBe(place);
    expect(fault.message).toContain(place);
  });

  it("Fault bad-template-file for what is no JSON", () => {
    expect(faultOf("{").code).toBe("bad-template-file");
    expect(faultOf("[]").code).toBe("bad-template-file");
  });

  it("a captured object is of the class that the capture has", () => {
    const form = structuredClone(small) as Json & { objects: Json[] };
    const profile = { classId: 7, version: 1, instanceId: "1.0.99.1.0.255", captures: [[1, "1.0.1.8.0.255", 2, 0]] };
    form.objects.push(profile);
    expect(faultOf(form).path.join(".")).toBe("objects.3.captures.0");
  });
});

describe("the files of the templates that come with the package", () => {
  it.each(templateNames)("%s is printed, and parses again to the same objects", async (name) => {
    const file = await templateText(name);
    const parsed = parseTemplate(file);
    expect(parsed.name).toBe(name);
    expect(parsed.objects().length).toBeGreaterThan(10);
    expect(JSON.parse(file).version).toBe(1);
  });

  it("is15959-d1 from its file measures what the program measures", async () => {
    const own = await bottled({ template: "is15959-d1" });
    const copy = await bottled({ template: parseTemplate(await templateText("is15959-d1")) });
    for (const instanceId of ["1.0.1.8.0.255", "1.0.9.8.2.255", "1.0.12.7.0.255", "1.0.11.7.0.255", "1.0.1.6.0.255"]) {
      const classId = instanceId === "1.0.1.6.0.255" ? 4 : 3;
      const attribute = { classId, instanceId, attributeId: 2 };
      expect(await readBy(copy.simulator, 0, attribute)).toEqual(await readBy(own.simulator, 0, attribute));
    }
    await own.simulator.close();
    await copy.simulator.close();
  });
});

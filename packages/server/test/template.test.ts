import { T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { dataObject, defaultObject, interfaceClass } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { hls5, hls7, lls, Meter, meter, meterTemplate, none } from "../src/index.ts";
import { ak, ek } from "./a-client.ts";

const one = () => dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 1 });
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (caught) {
    return (caught as { code?: string }).code ?? String(caught);
  }
  return "nothing thrown";
};
const open = { open: { client: 1, security: none() } };

const attribute = (id: number) => ({ id, type: T.unsigned, static: true, default: 1 });
const method = (id: number) => ({ id, argument: T.integer });

describe("a class of one's own", () => {
  it.each([
    ["attribute 2 twice", { level: attribute(2), hours: attribute(2) }, {}],
    ["attribute 1, which is the logical name", { level: attribute(1) }, {}],
    ["method 1 twice", { level: attribute(2) }, { on: method(1), off: method(1) }],
  ])("that declares %s is refused", (what, attributes, methods) => {
    const Lamp = interfaceClass({ classId: 8192, version: 0, name: "Lamp", attributes, methods });
    const lamp = defaultObject(Lamp, "0-0:96.50.0");
    expect(() => meterTemplate({ objects: [lamp], associations: open })).toThrow(`class Lamp declares ${what}`);
  });
});

describe("a template", () => {
  it("says what is wrong with it", () => {
    expect(codeOf(() => meterTemplate({ objects: [one(), one()], associations: open }))).toBe("bad-template");
    expect(codeOf(() => meterTemplate({ objects: [], devices: [{ sap: 1, objects: [] }], associations: open }))).toBe(
      "bad-template",
    );
    const twice = { a: { client: 1, security: none() }, b: { client: 1, security: none() } };
    expect(codeOf(() => meterTemplate({ objects: [], associations: twice }))).toBe("bad-association");
    const apart = {
      a: { client: 1, security: none(), devices: [1] },
      b: { client: 1, security: none(), devices: [2] },
    };
    expect(codeOf(() => meterTemplate({ objects: [], associations: apart }))).toBe("nothing thrown");
    for (const wrong of [{ client: -1 }, { client: 70_000 }, { access: "everything" }, { conformance: ["read"] }]) {
      const associations = { open: { client: 1, security: none(), ...wrong } } as never;
      expect(
        codeOf(() => meterTemplate({ objects: [], associations })),
        JSON.stringify(wrong),
      ).toBe("bad-association");
    }
    expect(
      codeOf(() => meterTemplate({ objects: [], associations: { a: { client: 1, security: none(), instance: "x" } } })),
    ).toBe("bad-logical-name");
  });

  it("lets the user's own object stand in for one that the server would add", () => {
    const name = dataObject("0.0.42.0.0.255", { type: T.visibleString, value: "MINE" });
    const template = meterTemplate({ objects: [name], associations: open });
    expect(template.devices.get(1)?.byName.get("0.0.42.0.0.255")).toBe(name);
    expect(template.devices.get(1)?.objects.map(({ instance }) => instance)).toEqual([
      "0.0.42.0.0.255",
      "0.0.41.0.0.255",
      "0.0.40.0.0.255",
      "0.0.40.0.1.255",
    ]);
  });
});

describe("a meter", () => {
  const made = (more: object) => () => meter({ name: "TST1", objects: [], associations: open, ...more });

  it("says what is wrong with it", () => {
    for (const name of ["", "12345678901234567", "Zähler"]) expect(codeOf(made({ name }))).toBe("bad-value");
    expect(codeOf(made({ systemTitle: new Uint8Array(7) }))).toBe("bad-value");
    const secured = (security: object) => made({ associations: { a: { client: 1, security } } });
    expect(codeOf(secured(lls()))).toBe("missing-secret");
    expect(codeOf(secured(hls5()))).toBe("missing-secret");
    expect(codeOf(secured(hls7({ encryptionKey: ek, authenticationKey: ak })))).toBe("missing-secret");
    expect(codeOf(secured(hls5({ encryptionKey: ek })))).toBe("missing-secret");
    expect(codeOf(secured(hls5({ encryptionKey: ek, authenticationKey: new Uint8Array(15) })))).toBe("bad-key-length");
    expect(codeOf(() => made({})().every(0, () => undefined))).toBe("bad-value");
    expect(codeOf(() => made({})().get({ classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 }, 9))).toBe(
      "no-device",
    );
    expect(codeOf(() => made({})().get({ classId: 3, instanceId: "0.0.42.0.0.255", attributeId: 2 }))).toBe(
      "object-undefined",
    );
  });

  it("takes its secrets with the template or of its own", () => {
    const template = meterTemplate({ objects: [], associations: { reader: { client: 32, security: lls() } } });
    const own = new Meter(template, { name: "TST1", secrets: { reader: { secret: fromAscii("long") } } });
    const [association] = template.associations;
    expect(association && own.state(association).secret).toEqual(fromAscii("long"));
    expect(codeOf(() => new Meter(template, { name: "TST2" }))).toBe("missing-secret");
  });

  it("has a system title of its name, and another for another name", () => {
    const titles = ["TST1", "TST2", "X"].map((name) => made({ name })().systemTitle);
    expect(titles.every((title) => title.length === 8)).toBe(true);
    expect(titles[0]?.subarray(0, 3)).toEqual(fromAscii("TST"));
    expect(titles[2]?.subarray(0, 3)).toEqual(fromAscii("X--"));
    expect(titles[0]).not.toEqual(titles[1]);
  });

  it("shows no secret when it is printed", async () => {
    const { inspect } = await import("node:util");
    const secured = meter({
      name: "TST1",
      objects: [],
      associations: { a: { client: 1, security: lls("top-secret-word") } },
    });
    const [association] = secured.template.associations;
    const state = association && secured.state(association);
    expect(inspect(state, { depth: 1 })).not.toContain("top-secret-word");
    const own = new Meter(meterTemplate({ objects: [], associations: { a: { client: 1, security: lls() } } }), {
      name: "TST2",
      secrets: { a: { secret: fromAscii("top-secret-word") } },
    });
    for (const one of [state, secured, own, secured.template]) {
      expect(JSON.stringify(one)).not.toMatch(/"0":116|746f702d/);
      expect(inspect(one, { depth: 9 })).not.toMatch(/116, 111, 112|74 6f 70/);
    }
  });
});

import { describe, expect, it } from "vitest";
import { formOf, loadTemplate, type TemplateForm, validateObjectList } from "../src/index.ts";

const standard = formOf(await loadTemplate("idis-2"));
const energy = "1.0.1.8.0.255";

/** The standard's list with a change. */
function changed(
  change: (form: { objects: { [key: string]: unknown }[]; clients: { [key: string]: unknown }[] }) => void,
): TemplateForm {
  const form = structuredClone(standard);
  change(form as never);
  return form;
}
const at = (form: { objects: { [key: string]: unknown }[] }, instanceId: string) =>
  form.objects.find((one) => one.instanceId === instanceId) as { attributes: { [id: string]: object } };

describe("an object list held against a companion standard", () => {
  it("has no findings where it is the standard's", () => {
    expect(validateObjectList(standard, standard)).toEqual([]);
  });

  it("names what is missing", () => {
    const list = changed((form) => {
      form.objects = form.objects.filter(({ instanceId }) => instanceId !== energy);
    });
    expect(validateObjectList(list, standard)).toEqual([
      {
        ...{ clause: "object", instanceId: energy, name: "Active energy import (+A)" },
        ...{ expected: "class 3 version 0", confidence: "high" },
      },
    ]);
  });

  it.each<[string, (form: Parameters<Parameters<typeof changed>[0]>[0]) => void, object]>([
    [
      "class",
      (form) => Object.assign(at(form, energy), { classId: 4 }),
      { clause: "class", expected: "3", found: "4" },
    ],
    [
      "version",
      (form) => Object.assign(at(form, "1.0.99.1.0.255"), { version: 0 }),
      { clause: "version", expected: "1", found: "0" },
    ],
    [
      "type",
      (form) => Object.assign(at(form, energy).attributes[2] as object, { type: "long64-unsigned", value: "1" }),
      { clause: "type", attributeId: 2, expected: "double-long-unsigned", found: "long64-unsigned" },
    ],
    [
      "scaler",
      (form) => Object.assign(at(form, energy).attributes[2] as object, { scaler: 3 }),
      { clause: "scaler-unit", expected: "10^0 of unit 30", found: "10^3 of unit 30" },
    ],
    [
      "captures",
      (form) => Object.assign(at(form, "1.0.99.1.0.255"), { captures: [[8, "0.0.1.0.0.255", 2, 0]] }),
      { clause: "captures", found: "1 other columns" },
    ],
    [
      "access",
      (form) => Object.assign(at(form, energy), { access: {} }),
      { clause: "access", expected: "client 1: read 2" },
    ],
    [
      "association",
      (form) => Object.assign(form.clients[0] as object, { mechanism: 2 }),
      { clause: "association", instanceId: "0.0.40.0.1.255", found: "mechanism 2, ciphered" },
    ],
  ])("names a difference in %s, and nothing else", (_, change, finding) => {
    const findings = validateObjectList(changed(change), standard);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject(finding);
  });

  it("expects of a client only what the standard shows it", () => {
    const own = changed((form) => {
      form.objects = form.objects.filter(({ access = {} }) => Object.hasOwn(access as object, "16"));
    });
    const findings = validateObjectList(own, standard, { client: 16 });
    expect(findings.filter(({ clause }) => clause !== "object")).toEqual([]);
    expect(validateObjectList(own, standard).length).toBeGreaterThan(findings.length);
  });
});

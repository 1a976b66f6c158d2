import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  findClass,
  IpcpOptionType,
  IpOptionType,
  interfaceClasses,
  LcpOptionType,
  MbusDeviceType,
  PppAuthenticationProtocol,
} from "../../src/index.ts";
import { type CatalogueClass, cellsOfCatalogue, cellsOfSpec, differences, sorted } from "./cells.ts";
import { exceptions } from "./exceptions.ts";
import { shortNames } from "./short-names.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../test-vectors/catalogue/${name}.json`, import.meta.url), "utf8"));
const { classes } = read("interface-classes") as { classes: readonly CatalogueClass[] };
const { methods } = read("short-names") as { methods: readonly { id: number; version: number; offset: string }[] };

describe("the declared classes and the catalogue", () => {
  it("have the same class versions: 139 of 105 classes", () => {
    const declared = interfaceClasses.map(({ classId, version }) => `${classId}v${version}`);
    expect(declared).toEqual(classes.map(({ id, version }) => `${id}v${version}`));
    expect(declared).toHaveLength(139);
    expect(new Set(interfaceClasses.map(({ classId }) => classId)).size).toBe(105);
  });

  it("say the same in every cell, but for the exceptions that are listed with their reasons", () => {
    const found = classes.flatMap((one) => {
      const spec = findClass(one.id, one.version);
      return spec === undefined ? [] : differences(cellsOfCatalogue(one, shortNames), cellsOfSpec(spec));
    });
    const cellOf = (line: string): string => line.slice(0, line.indexOf(": "));
    const isListed = (line: string): boolean => exceptions.some(({ cells }) => cells.test(cellOf(line)));
    expect(found.filter((line) => !isListed(line))).toEqual([]);
    // An exception that no cell needs any more must go.
    expect(exceptions.filter(({ cells }) => !found.some((line) => cells.test(cellOf(line))))).toEqual([]);
  });

  it("name the same numbers that are no enum", () => {
    const named = {
      "42v0 attribute 5 enum ipOptionType": IpOptionType,
      "44v0 attribute 3 enum lcpOptionType": LcpOptionType,
      "44v0 attribute 3 enum authenticationProtocol": PppAuthenticationProtocol,
      "44v0 attribute 4 enum ipcpOptionType": IpcpOptionType,
      "76v0 attribute 9 enum": MbusDeviceType,
    };
    const cells = new Map(classes.flatMap((one) => [...cellsOfCatalogue(one, shortNames)]));
    for (const [cell, names] of Object.entries(named)) expect(sorted(names), cell).toBe(cells.get(cell));
  });

  it("have the same short names of methods, behind those of the attributes", () => {
    const offsets = interfaceClasses.filter(({ methodOffset }) => methodOffset !== undefined);
    expect(offsets.map(({ classId, version, methodOffset }) => [classId, version, methodOffset])).toEqual(
      methods.map(({ id, version, offset }) => [id, version, Number(offset)]),
    );
    for (const { name, attributes, methods: own, methodOffset = 0 } of offsets) {
      const last = Math.max(...Object.values(attributes).map(({ id }) => 8 * (id - 1)));
      const first = Math.min(...Object.values(own).map(({ id }) => methodOffset + 8 * (id - 1)));
      expect(first, name).toBeGreaterThan(last);
    }
  });
});

import { type Data, dataOf, fromData, T } from "@dlmskit/apdu";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AccessBit,
  AccessMode,
  type AnyObject,
  allRights,
  attributeAccess,
  attributeBits,
  attributeMode,
  clock,
  dataObject,
  denied,
  disconnectControl,
  hasAttribute,
  hasMethod,
  MethodAccessMode,
  methodAccess,
  methodBits,
  methodMode,
  noRights,
  ObjectListElement,
  ObjectListElement0,
  objectList,
  type Rights,
  readRights,
  register,
  responseProtection,
  rightsFromRows,
  rightsOf,
  selectObjects,
  visible,
} from "../src/index.ts";
import { codeOf } from "./a-context.ts";

const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
const serial = dataObject("0.0.96.1.0.255", { type: T.visibleString, value: "1" });
const relay = disconnectControl();
const objects: AnyObject[] = [clock(), energy, serial, relay];
const list = T.array(ObjectListElement);
const clear = { authenticated: false, encrypted: false, signed: false };

describe("rights", () => {
  it("has what each preset says", () => {
    expect(attributeAccess(readRights, serial, 2)).toBe(AccessBit.read);
    expect(attributeAccess(allRights, serial, 2)).toBe(AccessBit.read | AccessBit.write);
    expect(attributeAccess(allRights, energy, 2)).toBe(AccessBit.read);
    expect(attributeAccess(noRights, energy, 2)).toBe(0);
    expect(methodAccess(allRights, relay, 1)).toBe(1);
    expect(methodAccess(allRights, energy, 1)).toBe(0);
    expect(methodAccess(readRights, relay, 1)).toBe(0);
    expect(visible(noRights, relay)).toBe(false);
    expect(visible(readRights, relay)).toBe(true);
  });

  it("never lets the logical name be written, nor grants what is not there", () => {
    const everything: Rights = { attribute: () => 0xff, method: () => 0xff };
    expect(attributeAccess(everything, energy, 1) & AccessBit.write).toBe(0);
    expect(attributeAccess(everything, energy, 9)).toBe(0);
    expect(methodAccess(everything, energy, 1)).toBe(0);
    const protectionOnly: Rights = {
      attribute: () => AccessBit.authenticatedRequest,
      method: () => AccessBit.encryptedRequest,
    };
    expect(attributeAccess(protectionOnly, energy, 2)).toBe(0);
    expect(methodAccess(protectionOnly, relay, 1)).toBe(0);
  });

  it("is told object by object, the others by what is told for them", () => {
    const rights = rightsOf(
      [
        { instance: "1-0:1.8.0", attributes: { 2: "authenticated-read-only" } },
        { classId: 70, instance: "0.0.96.3.10.255", methods: { 1: "authenticated-access" } },
        { classId: 3, instance: "0.0.96.1.0.255", attributes: { 2: "read-and-write" } },
      ],
      readRights,
    );
    expect(attributeAccess(rights, energy, 2)).toBe(AccessMode["authenticated-read-only"]);
    expect(attributeAccess(rights, energy, 3)).toBe(0);
    expect(methodAccess(rights, relay, 1)).toBe(MethodAccessMode["authenticated-access"]);
    expect(methodAccess(rights, relay, 2)).toBe(0);
    expect(attributeAccess(rights, serial, 2)).toBe(AccessBit.read);
    expect(methodAccess(rightsOf([], allRights), relay, 2)).toBe(1);
    expect(attributeAccess(rightsOf([]), energy, 2)).toBe(0);
    // Seen for a method alone.
    expect(visible(rightsOf([{ instance: relay.instance, methods: { 2: "access" } }]), relay)).toBe(true);
    expect(visible(rightsOf([{ instance: relay.instance, attributes: { 2: "read-only" } }]), relay)).toBe(true);
  });

  it("adds up the rows of a table", () => {
    const rights = rightsFromRows([
      { classId: 1, instance: "0.0.96.1.0.255", accessLevel: 1, attributeMask: 0b11n, methodMask: 0n },
      { classId: 1, instance: "0-0:96.1.0", accessLevel: 2, attributeMask: 0b10n, methodMask: 0n },
      { classId: 70, instance: "0.0.96.3.10.255", accessLevel: 5, attributeMask: 0b1000n, methodMask: 0b1n },
      { classId: 70, instance: "0.0.96.3.10.255", accessLevel: 1, attributeMask: 0b1000n, methodMask: 0b10n },
      { classId: 3, instance: "1.0.1.8.0.255", accessLevel: 0, attributeMask: -1n, methodMask: -1n },
    ]);
    expect(attributeAccess(rights, serial, 1)).toBe(1);
    expect(attributeAccess(rights, serial, 2)).toBe(3);
    expect(attributeAccess(rights, relay, 4)).toBe(AccessMode["authenticated-read-and-write"]);
    expect(methodAccess(rights, relay, 1)).toBe(MethodAccessMode["authenticated-access"]);
    expect(methodAccess(rights, relay, 2)).toBe(1);
    expect(attributeAccess(rights, energy, 2)).toBe(0);
    expect(rights.attribute(energy, 65)).toBe(0);
    expect(rights.attribute(energy, -3)).toBe(0);
    expect(
      codeOf(() =>
        rightsFromRows([{ classId: 1, instance: "0.0.1.0.0.255", accessLevel: 7, attributeMask: 1n, methodMask: 0n }]),
      ),
    ).toBe("bad-access-level");
  });

  it("denies in every cell of use, mode and protection what the mode does not grant", () => {
    const protections = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
      authenticated: (bits & 1) !== 0,
      encrypted: (bits & 2) !== 0,
      signed: (bits & 4) !== 0,
    }));
    for (let bits = 0; bits < 256; bits++) {
      for (const protection of protections) {
        for (const use of ["read", "write", "invoke"] as const) {
          const granted = (bits & AccessBit[use]) !== 0;
          const enough =
            ((bits & 4) === 0 || protection.authenticated) &&
            ((bits & 8) === 0 || protection.encrypted) &&
            ((bits & 16) === 0 || protection.signed);
          const expected = !granted ? "read-write-denied" : enough ? undefined : "scope-of-access-violated";
          expect(denied(bits, use, protection)).toBe(expected);
        }
      }
    }
  });
});

describe("the object list", () => {
  it("is what is enforced, for any rights and version", () => {
    const anyRights = fc
      .array(fc.integer({ min: 0, max: 255 }), { minLength: 64, maxLength: 64 })
      .map((bits): Rights => {
        const at = (object: AnyObject, id: number, shift: number) =>
          bits[(objects.indexOf(object) * 16 + id + shift) % bits.length] as number;
        return { attribute: (object, id) => at(object, id, 0), method: (object, id) => at(object, id, 9) };
      });
    fc.assert(
      fc.property(anyRights, (rights) => {
        const listed = fromData(list, objectList(objects, rights, 3));
        expect(listed.map(({ instanceId }) => instanceId)).toEqual(
          objects.filter((object) => visible(rights, object)).map(({ instance }) => instance),
        );
        for (const element of listed) {
          const object = objects.find(({ instance }) => instance === element.instanceId) as AnyObject;
          for (const { attributeId, accessMode } of element.accessRights.attributes) {
            expect(accessMode).toBe(attributeAccess(rights, object, attributeId));
            const readable =
              denied(attributeAccess(rights, object, attributeId), "read", clear) !== "read-write-denied";
            expect(readable).toBe((accessMode & 1) !== 0 && hasAttribute(object, attributeId));
          }
          for (const { methodId, accessMode } of element.accessRights.methods) {
            expect(accessMode).toBe(methodAccess(rights, object, methodId));
            if (accessMode !== 0) expect(hasMethod(object, methodId)).toBe(true);
          }
        }
      }),
    );
  });

  it("says modes as each version has them, both ways", () => {
    for (const [at, bits] of Object.values(AccessMode).entries()) {
      expect(attributeMode(bits, 1)).toBe(at);
      expect(attributeBits(at, 1)).toBe(bits);
      expect(attributeMode(bits, 3)).toBe(bits);
      expect(attributeBits(bits, 3)).toBe(bits);
    }
    for (const [at, bits] of Object.values(AccessMode).entries())
      expect(attributeMode(bits, 0)).toBe(at > 3 ? at - 3 : at);
    for (const [at, bits] of Object.values(MethodAccessMode).entries())
      expect(methodMode(bits, 0)).toBe(at > 0 ? 1 : 0);
    for (const [at, bits] of Object.values(MethodAccessMode).entries()) {
      expect(methodMode(bits, 2)).toBe(at);
      expect(methodBits(at, 2)).toBe(bits);
      expect(methodMode(bits, 3)).toBe(bits);
      expect(methodBits(bits, 3)).toBe(bits);
    }
  });

  it("tells in version 0 whether a method may be invoked, and no more", () => {
    const list0 = T.array(ObjectListElement0);
    const listed = fromData(list0, objectList(objects, allRights, 0));
    const methods = listed.flatMap(({ accessRights }) => accessRights.methods.map(({ accessMode }) => accessMode));
    expect(new Set(methods)).toEqual(new Set([true, false]));
    const bare = selectObjects(objects, allRights, 0, { selector: 1, parameters: { type: "null-data" } });
    expect(fromData(list0, bare)).toHaveLength(listed.length);
    const id: Data = {
      type: "structure",
      value: [
        { type: "long-unsigned", value: 3 },
        { type: "octet-string", value: Uint8Array.of(1, 0, 1, 8, 0, 255) },
      ],
    };
    const one = selectObjects(objects, allRights, 0, { selector: 4, parameters: id });
    expect(fromData(ObjectListElement0, one).classId).toBe(3);
  });

  it("18.1 leaves unknown ids out, also where one object is selected", () => {
    const unknown = dataOf(T.structure({ classId: T.longUnsigned, instanceId: T.logicalName }), {
      classId: 3,
      instanceId: "1.0.99.8.0.255",
    });
    for (const version of [0, 1, 2, 3] as const) {
      const none = selectObjects(objects, allRights, version, { selector: 4, parameters: unknown });
      expect(fromData(T.array(T.any), none)).toEqual([]);
    }
  });

  it("says how the answer must be protected", () => {
    expect(responseProtection(0x1f)).toEqual({ authenticated: false, encrypted: false, signed: false });
    expect(responseProtection(0xa1)).toEqual({ authenticated: true, encrypted: false, signed: true });
    expect(responseProtection(AccessBit.encryptedResponse).encrypted).toBe(true);
    const bits = rightsOf([{ instance: "1.0.1.8.0.255", attributes: { 2: 0x45 }, methods: { 1: 0x81 } }]);
    const energy = register(
      "1.0.1.8.0.255",
      { type: T.doubleLongUnsigned, value: 0, unit: "Wh" },
      { invoke: { reset: () => undefined } },
    );
    expect([attributeAccess(bits, energy, 2), methodAccess(bits, energy, 1)]).toEqual([0x45, 0x81]);
  });

  it("is had in part: without rights, by class, by names", () => {
    const select = (selector: number, parameters: Data) =>
      selectObjects(objects, readRights, 1, { selector, parameters });
    const bare = fromData(list, select(1, { type: "null-data" }));
    expect(bare).toHaveLength(4);
    expect(bare[0]?.accessRights).toEqual({ attributes: [], methods: [] });
    const classes: Data = { type: "array", value: [{ type: "long-unsigned", value: 3 }] };
    expect(fromData(list, select(2, classes)).map((one) => one.instanceId)).toEqual(["1.0.1.8.0.255"]);
    const id = (classId: number, name: number[]): Data => ({
      type: "structure",
      value: [
        { type: "long-unsigned", value: classId },
        { type: "octet-string", value: Uint8Array.from(name) },
      ],
    });
    const energyId = id(3, [1, 0, 1, 8, 0, 255]);
    const unknown = id(3, [1, 0, 9, 9, 9, 9]);
    expect(fromData(list, select(3, { type: "array", value: [energyId, unknown] }))).toHaveLength(1);
    expect(fromData(ObjectListElement, select(4, energyId)).classId).toBe(3);
    expect(fromData(list, select(4, unknown))).toEqual([]);
    expect(codeOf(() => select(2, { type: "null-data" }))).toBe("other-reason");
    expect(codeOf(() => select(5, { type: "null-data" }))).toBe("other-reason");
  });
});

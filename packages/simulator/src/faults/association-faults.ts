import { Conformance, type ConformanceName, conformanceBlock } from "@dlmskit/apdu";
import { concat, fromHex } from "@dlmskit/core";
import { Meter, type TapMessage, type TapVerdict } from "@dlmskit/server";
import { z } from "zod";
import { type Acting, kind } from "./fault-kind.ts";
import { changedAare, type Field, fieldsOf, isCiphered, octetsOf, replaced, sealedAnew } from "./octets-of-apdus.ts";

const none = z.strictObject({});
const gmac = 5;
const aareTag = 0x61;
const exceptionTag = 0xd8;
const generalTags = [0xdb, 0xdc];
// Fields of the AARE (Green Book 9.4.2): [0] protocol-version, [9] mechanism-name, [30] user-information.
const protocolVersion = 0x80;
const mechanismName = 0x89;
const userInformation = 0xbe;
const octetString = 0x04;
const gloInitiateResponse = 0x28;
const shortNames = [0xfa, 0x00];

const replace = (octets: Uint8Array | undefined): TapVerdict | undefined => octets && { do: "replace", octets };
const sealedOut = ({ at, way }: TapMessage): boolean => at === "sealed" && way === "sent";
const isAare = (message: TapMessage): boolean => sealedOut(message) && message.octets[0] === aareTag;

/** The AARE with a changed InitiateResponse. It is ciphered again if it was ciphered. `open`: it is left in plain. */
function changedInitiate(
  message: TapMessage,
  one: Acting,
  change: (initiate: Uint8Array) => Uint8Array,
  open = false,
): Uint8Array | undefined {
  let changed: Uint8Array | undefined;
  const aare = changedAare(message.octets, (fields) =>
    fields.map((field) => {
      if (field.tag !== userInformation) return field;
      const [inner] = fieldsOf(field.content);
      if (inner === undefined) return field;
      let plain: Uint8Array | undefined;
      if (inner.content[0] === gloInitiateResponse) {
        const seen = (apdu: Uint8Array): Uint8Array => {
          plain = change(apdu);
          return plain;
        };
        const sealed = sealedAnew(inner.content, message, one, { plain: seen });
        changed = open ? plain : sealed;
      } else if (!open) {
        changed = change(inner.content);
      }
      return changed === undefined ? field : { ...field, content: octetsOf([{ tag: octetString, content: changed }]) };
    }),
  );
  return changed === undefined ? undefined : aare;
}

/** The offset of the three octets of the conformance block, after its tag, length and unused bits (5F 1F 04 00). */
function conformanceAt(initiate: Uint8Array): number {
  for (let at = 0; at + 7 < initiate.length; at++) {
    if (initiate[at] === 0x5f && initiate[at + 1] === 0x1f && initiate[at + 2] === 4) return at + 4;
  }
  return -1;
}

function withServices(initiate: Uint8Array, services: readonly ConformanceName[]): Uint8Array {
  const at = conformanceAt(initiate);
  if (at < 0) return initiate;
  const block = conformanceBlock(services);
  const changed = initiate.slice();
  for (let octet = 0; octet < 3; octet++)
    changed[at + octet] = (changed[at + octet] as number) | ((block >> (16 - 8 * octet)) & 0xff);
  return changed;
}

const without =
  (tag: number) =>
  (fields: readonly Field[]): readonly Field[] =>
    fields.filter((field) => field.tag !== tag);

/** A fault of the AARE. `change` returns the AARE that the meter sends; undefined leaves it unchanged. */
const ofAare = (
  what: string,
  seen: string | undefined,
  change: (message: TapMessage, one: Acting) => Uint8Array | undefined,
) =>
  kind({
    what,
    ...(seen === undefined ? {} : { seen }),
    parameters: none,
    tap(message, _, one) {
      const changed = isAare(message) ? change(message, one) : undefined;
      if (changed !== undefined) one.acted();
      return replace(changed);
    },
  });

/** Changes all invocation counters after the GMAC of the meter's answer in pass 4 of HLS by `by`, once more for each association. */
const gmacCounter = (what: string, by: number) =>
  kind({
    what,
    seen: "meters of several makers",
    parameters: none,
    tap(message, _, one) {
      const { meter, client, octets } = message;
      const { memory } = one;
      const reply = `reply ${client} ${message.remote}`;
      const counted = `counted ${client}`;
      if (message.at === "plain" && message.way === "received") {
        // ACTION with reply_to_HLS_authentication of an Association LN, with mechanism 5.
        const association =
          meter instanceof Meter ? meter.template.associations.find((each) => each.client === client) : undefined;
        const isReply = octets[0] === 0xc3 && octets[1] === 1 && octets[4] === 15 && octets[11] === 1;
        if (isReply && association?.security.mechanism === gmac) memory.set(reply, 1);
      }
      if (!sealedOut(message) || !isCiphered(octets[0])) return undefined;
      if (memory.delete(reply)) {
        memory.set(counted, (memory.get(counted) ?? 0) + by);
        one.acted();
      }
      const add = memory.get(counted) ?? 0;
      return replace(add === 0 ? undefined : sealedAnew(octets, message, one, { counter: (counter) => counter + add }));
    },
  });

/** Faults and quirks in how associations are opened and protected. */
export const associationFaults = {
  "wrong-counter": kind({
    what: "ciphers with an invocation counter that differs by `by` from the right one; the authentication tag fits it",
    parameters: z.strictObject({ by: z.int().default(-1000) }),
    tap(message, { by }, one) {
      if (!sealedOut(message) || !isCiphered(message.octets[0])) return undefined;
      const sealed = sealedAnew(message.octets, message, one, { counter: (counter) => Math.max(0, counter + by) });
      if (sealed !== undefined) one.acted();
      return replace(sealed);
    },
  }),
  "gmac-counted-twice": gmacCounter("counts one invocation more than it uses for its GMAC in pass 4 of HLS", 1),
  "gmac-not-counted": gmacCounter(
    "does not count an invocation for its GMAC in pass 4 of HLS: the next APDU has the same",
    -1,
  ),
  "bad-tag": kind({
    what: "sends ciphered APDUs with a wrong authentication tag",
    parameters: none,
    tap(message, _, { acted }) {
      if (!sealedOut(message) || !isCiphered(message.octets[0])) return undefined;
      acted();
      const changed = message.octets.slice();
      changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
      return replace(changed);
    },
  }),
  "wrong-system-title": kind({
    what: "tells another system title than the one that it ciphers with: `systemTitle`, or one with the last octet altered",
    parameters: z.strictObject({
      systemTitle: z
        .string()
        .regex(/^[0-9a-fA-F]{16}$/, "expected a system title in hex: 8 octets")
        .optional(),
    }),
    tap(message, { systemTitle }, { acted }) {
      const { meter, octets } = message;
      if (!sealedOut(message) || !(meter instanceof Meter)) return undefined;
      if (octets[0] !== aareTag && !generalTags.includes(octets[0] as number)) return undefined;
      const own = meter.systemTitle;
      const told = systemTitle === undefined ? own.slice() : fromHex(systemTitle);
      if (systemTitle === undefined) told[7] = (told[7] as number) ^ 0xff;
      const changed = replaced(octets, own, told);
      if (changed !== undefined) acted();
      return replace(changed);
    },
  }),
  "empty-system-title": kind({
    what: "leaves the system title of general-glo-ciphering empty",
    seen: "Pietro Fiorentini",
    parameters: none,
    tap(message, _, { acted }) {
      const { octets } = message;
      if (!sealedOut(message) || !generalTags.includes(octets[0] as number) || octets[1] !== 8) return undefined;
      acted();
      return replace(concat(octets.subarray(0, 1), Uint8Array.of(0), octets.subarray(10)));
    },
  }),
  "lying-conformance": kind({
    what: "agrees to the services `claims`, whether they were proposed and are served or not; asked for `refuses`, it answers with an exception",
    seen: "jDLMS, u9n/dlms-cosem",
    parameters: z.strictObject({
      claims: z.array(z.enum(Object.keys(Conformance) as [ConformanceName, ...ConformanceName[]])).min(1),
      refuses: z.array(z.enum(["get", "set", "action"])).default([]),
    }),
    tap(message, { claims, refuses }, one) {
      const { octets, at, way } = message;
      const key = `${message.remote} ${message.client}`;
      if (at === "plain" && way === "received") {
        const tags = { get: 0xc0, set: 0xc1, action: 0xc3 };
        if (refuses.some((name) => tags[name] === octets[0])) one.memory.set(key, 1);
        else one.memory.delete(key);
      }
      if (sealedOut(message) && one.memory.delete(key)) {
        one.acted();
        return replace(Uint8Array.of(exceptionTag, 2, 2));
      }
      const changed = isAare(message)
        ? changedInitiate(message, one, (initiate) => withServices(initiate, claims))
        : undefined;
      if (changed !== undefined) one.acted();
      return replace(changed);
    },
  }),
  "vaa-name-of-short-names": ofAare(
    "answers a client of logical names with the VAA name of short name referencing, 0xFA00",
    "meters with short names alone",
    (message, one) =>
      changedInitiate(message, one, (initiate) => concat(initiate.subarray(0, -2), Uint8Array.from(shortNames))),
  ),
  "aare-without-user-information": ofAare(
    "accepts with an AARE without InitiateResponse",
    "Landis+Gyr ZCXi120 and ZMXi320",
    ({ octets }) => changedAare(octets, without(userInformation)),
  ),
  "plain-initiate-response": ofAare(
    "does not cipher the InitiateResponse of a ciphered association",
    undefined,
    (message, one) => changedInitiate(message, one, (initiate) => initiate, true),
  ),
  "aare-without-mechanism": ofAare("names no mechanism in the AARE of an HLS association", "jDLMS", ({ octets }) =>
    changedAare(octets, without(mechanismName)),
  ),
  "aare-protocol-version": ofAare(
    "has wrong bits in the protocol version of its AARE",
    "meters of several makers",
    ({ octets }) =>
      changedAare(octets, (fields) => [
        { tag: protocolVersion, content: Uint8Array.of(2, 0x04) },
        ...without(protocolVersion)(fields),
      ]),
  ),
  "aare-lengths-short": ofAare(
    "has lengths in its AARE that are one octet too small",
    "a meter with short names, in two public logs",
    ({ octets }) => {
      const changed = octets.slice();
      const at = octets.lastIndexOf(userInformation);
      if (at < 0 || (octets[1] as number) >= 0x80) return undefined;
      // The lengths of the AARE, of its user-information, and of the octet string in the user-information.
      for (const length of [1, at + 1, at + 3]) changed[length] = (changed[length] as number) - 1;
      return changed;
    },
  ),
};

import { readFileSync } from "node:fs";
import { type Data, treeOf } from "@dlmskit/apdu";
import { loadImage, type Session } from "@dlmskit/client";
import { type CertificateSelector, MeterCertificates } from "@dlmskit/client/certificates";
import { CosemDateTime, dateTimeOf, decode, Fault, instantOf, toLatin1 } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import { type Certificate, checkCertificate } from "@dlmskit/security/certificates";
import { afterAll, describe, expect, it } from "vitest";
import { type FaultName, faultKinds, faultNames, faultsToJson, parseFaults } from "../src/index.ts";
import { hour, now0 } from "./bottle.ts";
import { codeOf } from "./code-of.ts";
import { type Met, meet, seenBy, setup1 } from "./faulty.ts";

type Opening = NonNullable<Parameters<Met["open"]>[0]>;

interface Case {
  readonly with?: unknown;
  readonly hdlc?: true;
  /** How the client opens its association. */
  readonly as?: Opening;
  /** What it does then; it reads the logical device name unless told otherwise. */
  readonly does?: (session: Session, met: Met) => Promise<unknown>;
  /** What it sees: what it reads, or the code of a Fault. */
  readonly sees: unknown;
  /** A quirk or an option with which it reads all the same. */
  readonly unless?: Opening;
}

const time = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 } as const;
const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 } as const;
const objectList = { classId: 15, instanceId: "0.0.40.0.0.255", attributeId: 2 } as const;
const loadProfile = "1.0.99.1.0.255";
const ownName = "DLK0000094996293";
const secure = { client: 48 };
const gmac = { client: 80 };
const octetsOf = (data: Data): Uint8Array => (data as Data & { type: "octet-string" }).value;
const listOf = (data: Data): readonly Data[] => (data as Data & { type: "array" }).value;

const readName = async (session: Session) => toLatin1(octetsOf(await session.get(name)));
const readTime = async (session: Session) => treeOf(await session.get(time));
const readClock = async (session: Session) => decode(CosemDateTime, octetsOf(await session.get(time)));
const readRows = async (session: Session, from: Parameters<typeof dateTimeOf>[0] | CosemDateTime) =>
  (await session.profile(loadProfile, { from: from as number, to: from as number })).rows.length >= 0;
/** In blocks of the services, since the client proposes no general block transfer. */
const inBlocks = { conformance: ["get", "block-transfer-with-get-or-read"], maxReceivePduSize: 128 } as const;
const readList = async (session: Session) => listOf(await session.get(objectList)).length > 50;
/** Checks the certificate of the meter against that of the authority which the meter lists. */
const readCertificate = async (session: Session, { clock, simulator }: Met) => {
  const certificates = new MeterCertificates({ session, instanceId: setup1 });
  const listed = await certificates.list();
  const [anchor, own] = await Promise.all(listed.map((one) => certificates.export(one as CertificateSelector)));
  const systemTitle = simulator.fleet.systemTitle(0);
  const check = { provider: noble, certificate: own as Certificate, anchors: [anchor as Certificate], suite: 1 };
  const usage = "digital-signature" as const;
  // It was valid until 30 days ago.
  checkCertificate({ ...check, usage, systemTitle, at: clock.instant() - 31 * 24 * hour });
  return checkCertificate({ ...check, usage, systemTitle, at: clock.instant() });
};
const integer0: Data = { type: "integer", value: 0 };
/** The number of the last entry of an event log. */
const lastOf = (log: string) => async (session: Session) => {
  const rows = listOf(await session.get({ classId: 7, instanceId: log, attributeId: 2 }));
  return (listOf(rows.at(-1) as Data)[1] as { readonly value: number }).value;
};
// The meter shows whole seconds.
const ahead = (value: CosemDateTime, { clock }: Met) =>
  ((instantOf(value) ?? 0) - Math.floor(clock.instant() / 1000) * 1000) / 1000;

// Events that IS 15959 has no numbers for: event-faults.test.ts.
const otherwise = ["battery-low", "mbus-battery-low", "mbus-tamper"] as const;
type Here = Exclude<FaultName, (typeof otherwise)[number]>;
const namesHere = faultNames.filter((fault): fault is Here => !(otherwise as readonly string[]).includes(fault));

const cases: { readonly [F in Here]: Case } = {
  silent: { sees: "timeout" },
  slow: {
    with: { ms: [20_000, 30_000] },
    sees: "timeout",
    unless: { timeout: 60_000 },
  },
  lossy: { with: { loss: 1 }, sees: "timeout" },
  "stuck-sequence": { hdlc: true, sees: "link-lost", unless: { quirk: "ignore-sequence" } },
  "four-octet-address": { hdlc: true, sees: ownName },
  "two-octet-address": { hdlc: true, as: { short: true }, sees: "link-lost" },
  // The first answer is late, the second one comes together with it.
  "answers-together": {
    as: { retries: 0 },
    does: async (session, met) => [await seenBy(met.clock, readName(session)), await readName(session)],
    sees: ["timeout", ownName],
  },
  echo: { hdlc: true, sees: ownName, unless: { quirk: "echo" } },
  noise: { hdlc: true, sees: ownName },
  "snrm-with-parameters": { hdlc: true, sees: "link-lost", unless: { quirk: "snrm-with-parameters" } },
  "any-wport": { sees: "timeout", unless: { anyWport: true } },
  "octet-by-octet": { sees: ownName },
  reboot: {
    with: { downFor: 60 },
    sees: "link-lost",
  },
  exception: { with: { services: ["get"] }, sees: "exception-response" },
  "aborted-transfer": { as: inBlocks, does: readList, sees: "long-get-aborted" },
  "lost-block": { as: inBlocks, does: readList, sees: "timeout" },
  "blocks-from-0": {
    as: inBlocks,
    does: readList,
    sees: "block-number",
    unless: { ...inBlocks, quirks: ["blocks-from-0"] },
  },
  "blocks-for-small-data": { sees: ownName },
  "action-without-data": { as: secure, sees: "authentication-failed" },
  "short-lists": {
    with: { most: 2 },
    does: async (session) => (await session.get([name, time, name])).length,
    sees: "exception-response",
  },
  "no-release-response": {
    does: async (session, { clock }) => {
      const before = clock.now();
      await session.release();
      return clock.now() - before >= 1000;
    },
    sees: true,
  },
  "ciphered-length-long-form": { as: secure, sees: ownName },
  "ciphered-length-wrong": { as: secure, sees: "bad-length" },
  "wrong-counter": { as: secure, sees: "timeout" },
  "bad-tag": { as: secure, sees: "bad-tag" },
  "wrong-system-title": { as: secure, sees: "bad-tag" },
  "empty-system-title": { as: { ...secure, form: "general-glo" }, sees: ownName },
  "lying-conformance": {
    with: { claims: ["set", "read"] },
    as: { conformance: ["get"] },
    sees: "bad-negotiation",
    unless: { conformance: ["get"], quirks: ["conformance-not-proposed"] },
  },
  "vaa-name-of-short-names": { sees: "short-name-server" },
  "aare-without-user-information": { sees: "missing-field", unless: { quirks: ["aare-without-user-information"] } },
  "plain-initiate-response": {
    as: secure,
    sees: "protection-too-weak",
    unless: { ...secure, quirks: ["plain-initiate-response"] },
  },
  "aare-without-mechanism": {
    as: secure,
    sees: "authentication-skipped",
  },
  "aare-protocol-version": { sees: ownName },
  "aare-lengths-short": { sees: "trailing-octets", unless: { quirks: ["aare-lengths-short"] } },
  result: { with: { error: "hardware-fault" }, sees: "hardware-fault" },
  "clock-wrong": {
    with: { seconds: 90 },
    does: async (session, met) => ahead(await readClock(session), met),
    sees: 90,
  },
  "deviation-inverted": { does: async (session) => (await readClock(session)).deviation, sees: 330 },
  "deviation-not-specified": { does: async (session) => (await readClock(session)).deviation, sees: null },
  "time-null": { does: readTime, sees: { type: "null-data" } },
  "time-empty": { does: readTime, sees: { type: "octet-string", value: new Uint8Array(0) } },
  "time-without-date": {
    does: async (session) => octetsOf(await session.get(time)).length,
    sees: 4,
  },
  "duplicate-identity": { sees: "the name of another" },
  "image-refused": {
    does: (session, { clock }) =>
      loadImage(session, new Uint8Array(300), { clock, identifier: "one", activate: false, within: 20_000 }),
    sees: "image-not-verified",
  },
  "range-with-deviation-refused": {
    does: (session) => readRows(session, now0 - hour),
    sees: "scope-of-access-violated",
  },
  "range-without-deviation-refused": {
    does: (session) => readRows(session, { ...dateTimeOf(now0 - hour, -330), deviation: null }),
    sees: "scope-of-access-violated",
  },
  "object-list-association-last": {
    does: async (session) => {
      const classes = listOf(await session.get(objectList)).map((one) => (listOf(one)[0] as { value: number }).value);
      return [classes[0] === 15, classes.at(-1)];
    },
    sees: [false, 15],
  },
  "object-list-without-rights": {
    does: async (session) => listOf(listOf(await session.get(objectList)).map((one) => listOf(one)[3])[0] as Data),
    sees: [
      { type: "array", value: [] },
      { type: "array", value: [] },
    ],
  },
  "scripts-not-an-array": {
    does: async (session) => (await session.get({ classId: 9, instanceId: "0.0.10.0.108.255", attributeId: 2 })).type,
    sees: "structure",
  },
  "capture-period-0": {
    does: async (session) => treeOf(await session.get({ classId: 7, instanceId: loadProfile, attributeId: 4 })),
    sees: { type: "double-long-unsigned", value: 0 },
  },
  "object-list-count-wrong": { does: readList, sees: "truncated" },
  "object-list-negative-attributes": {
    does: async (session) => {
      const [first] = listOf(await session.get(objectList));
      return listOf(listOf(listOf(listOf(first as Data)[3] as Data)[0] as Data)[0] as Data)[0];
    },
    sees: { type: "integer", value: -1 },
  },
  "capture-attribute-negative": {
    does: async (session) => {
      const columns = listOf(await session.get({ classId: 7, instanceId: loadProfile, attributeId: 3 }));
      return listOf(columns.at(-1) as Data)[2];
    },
    sees: { type: "integer", value: -1 },
  },
  "gmac-counted-twice": { as: gmac, sees: ownName },
  "gmac-not-counted": { as: gmac, sees: ownName },
  "cover-opened": { does: lastOf("0.0.99.98.5.255"), sees: 251 },
  magnet: { does: lastOf("0.0.99.98.4.255"), sees: 201 },
  "neutral-disturbed": { does: lastOf("0.0.99.98.4.255"), sees: 203 },
  "relay-failed": {
    does: (session) => session.invoke({ classId: 70, instanceId: "0.0.96.3.10.255", methodId: 1 }, integer0),
    sees: "hardware-fault",
  },
  // A number of seconds since the meter was commissioned.
  "clock-drift": {
    with: { secondsPerDay: 86_400 },
    does: async (session, met) => ahead(await readClock(session), met) > 380 * 86_400,
    sees: true,
  },
  "push-gaps": {
    with: { octets: 40 },
    does: async (_, met) => {
      const before = met.clock.now();
      const push = await met.pushed();
      return [typeof push === "string" ? push : push.values.length > 3, Math.floor((met.clock.now() - before) / 3000)];
    },
    sees: [true, 9],
  },
  "push-without-object-list": {
    does: async (_, met) => {
      // The connection of earlier pushes is closed by then, and what its listener has learned is not known to the next one.
      await met.clock.advanceAsync(11_000);
      const push = await met.pushed();
      return typeof push === "string" ? push : [push.layoutFrom, push.values[0]?.instanceId];
    },
    sees: [undefined, undefined],
  },
  "alarm-in-ascii": { does: (_, met) => met.pushed(), sees: "the link with memory:1 failed: version" },
  "expired-certificate": { does: readCertificate, sees: "expired" },
};

// All of them act on the same two meters, one after another, while these run.
const met = await meet("silent", {}, { meters: 2 });
const { simulator } = met;
const faults = simulator.faults as NonNullable<typeof simulator.faults>;
afterAll(() => simulator.close());

describe("each fault and quirk, by name", () => {
  it.each(namesHere)("%s: what the client sees, what explain says", async (fault) => {
    const { with: parameters, hdlc = false, as, does = readName, sees, unless } = cases[fault];
    const meter = fault === "duplicate-identity" ? 1 : 0;
    const where = { hdlc, meter };
    faults.replace(parseFaults({ faults: [{ fault, with: parameters }] }));
    const [before] = simulator.explain(meter).faults;
    expect(before).toMatchObject({ name: fault, fault, state: "acting", what: faultKinds[fault].what });
    const seen = (opening: Opening | undefined) =>
      seenBy(
        met.clock,
        met.open({ ...where, ...opening }).then((session) => does(session, met)),
      );
    const expected = meter === 1 ? simulator.fleet.logicalDeviceName(0) : sees;
    expect(await seen(as)).toEqual(expected);
    expect(simulator.explain(meter).faults[0]?.times).toBeGreaterThan(0);
    if (unless !== undefined) expect(await seen(unless)).toEqual(does === readName ? ownName : true);
    // Switched off, nothing is wrong any more.
    faults.switch(fault, false);
    if (fault === "reboot") await met.clock.advanceAsync(61_000);
    expect(await seenBy(met.clock, met.open({ meter }).then(readName))).toBe(simulator.fleet.logicalDeviceName(meter));
    expect(simulator.explain(meter).faults[0]?.state).toBe("off");
  });
});

const only = (spec: object) => faults.replace(parseFaults({ faults: [spec] }));
const reads = () => seenBy(met.clock, met.open().then(readName));

it("acts from its start to its end, in simulated time", async () => {
  const now = met.clock.instant();
  const [start, end] = [now + hour, now + 2 * hour].map((at) => new Date(at).toISOString());
  only({ name: "an hour", fault: "result", start, end });
  const states: unknown[] = [];
  for (let hours = 0; hours < 3; hours++) {
    states.push([simulator.explain("is15959-d1-000001").faults[0]?.state, await reads()]);
    simulator.time.set(now + (hours + 1) * hour + 1);
  }
  expect(states).toEqual([
    ["not yet", ownName],
    ["acting", "temporary-failure"],
    ["over", ownName],
  ]);
});

it("is of the meters that are named, counted, or drawn by the seed", () => {
  const has = (index: number) => simulator.explain(index).faults.length === 1;
  only({ fault: "silent", meters: { serials: [simulator.fleet.serial(1)] } });
  expect([has(0), has(1)]).toEqual([false, true]);
  only({ fault: "silent", meters: { first: 0, count: 1 } });
  expect([has(0), has(1)]).toEqual([true, false]);
  const shares = Array.from({ length: 400 }, (_, at) => {
    only({ name: `draw ${at}`, fault: "silent", meters: { share: 0.25 } });
    return Number(has(0)) + Number(has(1));
  });
  // 800 draws of a quarter: 200 with a deviation of 12.
  const sum = shares.reduce((one, other) => one + other, 0);
  expect(sum).toBeGreaterThan(150);
  expect(sum).toBeLessThan(250);
});

it("lies about conformance: what it agreed to, it answers with an exception", async () => {
  only({ fault: "lying-conformance", with: { claims: ["get"], refuses: ["get"] } });
  expect(await reads()).toBe("exception-response");
});

it("loses a block of general block transfer, which is sent when it is asked for again", async () => {
  only({ fault: "lost-block", with: { block: 2 } });
  const opened = met.open({ conformance: ["get", "general-block-transfer"], maxReceivePduSize: 256 });
  expect(await seenBy(met.clock, opened.then(readList))).toBe(true);
  expect(simulator.explain(0).faults[0]?.times).toBeGreaterThan(0);
});

it.each<[unknown, string, string]>([
  ["{", "bad-faults-file", ""],
  [{}, "bad-faults-file", "faults"],
  [{ faults: [{ fault: "sleepy" }] }, "bad-faults-file", "faults.0.fault"],
  [{ faults: [{ fault: "slow" }] }, "bad-faults-file", "faults.0.with.ms"],
  [{ faults: [{ fault: "lossy", with: { loss: 2 } }] }, "bad-faults-file", "faults.0.with.loss"],
  [{ faults: [{ fault: "push-gaps", with: { octets: 16 } }] }, "bad-faults-file", "faults.0.with.ms"],
  [{ faults: [{ fault: "push-gaps", with: { ms: 15_001 } }] }, "bad-faults-file", "faults.0.with.ms"],
  [{ faults: [{ fault: "silent", with: { loss: 1 } }] }, "bad-faults-file", "faults.0.with.loss"],
  [{ faults: [{ fault: "silent", meters: { share: "half" } }] }, "bad-faults-file", "faults.0.meters"],
  [{ faults: [{ fault: "silent", start: "tomorrow" }] }, "bad-faults-file", "faults.0.start"],
  [{ faults: [{ fault: "silent", start: "2026-02-01", end: "2026-01-01" }] }, "bad-faults-file", "faults.0.end"],
  [{ faults: [{ fault: "echo" }, { fault: "noise", name: "echo" }] }, "bad-faults-file", "faults.1.name"],
])("names the place of what is wrong in a file: %j", (json, code, path) => {
  try {
    parseFaults(json);
    expect.unreachable();
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    expect([caught.code, caught.path.join(".")]).toEqual([code, path]);
  }
});

it("refuses the serial number of no meter, and a name of no fault", () => {
  expect(codeOf(() => only({ fault: "silent", meters: { serials: ["00000000"] } }))).toBe("bad-faults-file");
  expect(codeOf(() => faults.switch("none", true))).toBe("unknown-fault");
  expect(codeOf(() => simulator.explain("nobody"))).toBe("out-of-range");
});

it("the guide has each of them, with what it does", () => {
  const guide = readFileSync(new URL("../../../docs/guides/faults.md", import.meta.url), "utf8");
  const missing = faultNames.filter((name) => !guide.includes(`| \`${name}\` | ${faultKinds[name].what} |`));
  expect(missing).toEqual([]);
});

it("has a JSON form that reads as the same faults", () => {
  const file = parseFaults({ seed: "a", faults: [{ fault: "slow", start: "2026-01-01", with: { ms: 5 } }] });
  expect(parseFaults(JSON.stringify(faultsToJson(file)))).toEqual(file);
});

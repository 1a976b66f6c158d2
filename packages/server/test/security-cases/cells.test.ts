import { type ApduLike, type Data, type DataLike, decodeApdu, encodeApdu, T, treeOf } from "@dlmskit/apdu";
import { AccessBit, AccessMode, type AnyObject, dataObject, readRights, rightsOf } from "@dlmskit/cosem-objects";
import { type Layer, openLayers, sealLayers } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { hls5, hls7, meter } from "../../src/index.ts";
import { Bench, type Client } from "../a-client.ts";
import { clientSecurity, meterSecrets, meterTitle, protectionsOf, provider } from "./parties.ts";

// Every cell of (protection of the request × security policy × access right): what comes of it, and how the answer is protected.

interface Kinds {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly signed: boolean;
}

const all = [0, 1, 2, 3, 4, 5, 6, 7];
const kinds = (bits: number): Kinds => ({
  authenticated: (bits & 1) !== 0,
  encrypted: (bits & 2) !== 0,
  signed: (bits & 4) !== 0,
});
const nameOf = (bits: number): string => ["-", "A", "E", "AE", "S", "AS", "ES", "AES"][bits] as string;
const within = (least: number, given: number): boolean => (least & given) === least;

const instanceOf = (request: number, response: number) => `0.0.96.${request}.${response}.255`;
const objects: AnyObject[] = all.flatMap((request) =>
  all.map((response) => dataObject(instanceOf(request, response), { type: T.unsigned, value: 7 })),
);
const rights = rightsOf(
  all.flatMap((request) =>
    all.map((response) => ({
      instance: instanceOf(request, response),
      attributes: { 1: AccessBit.read, 2: AccessBit.read | (request << 2) | (response << 5) },
    })),
  ),
  readRights,
);

const writable = {
  write: {
    value(values: { value: number }, value: number) {
      values.value = value;
    },
  },
};
const suite = 1;
const anyone = (count: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(count));

let mine = protectionsOf(suite, "client");

async function open(): Promise<{ client: Client; setPolicy: (policy: number) => void }> {
  const made = meter({
    name: "TST0000000000001",
    systemTitle: meterTitle,
    objects,
    associations: {
      own: { client: 48, security: hls7({ ...meterSecrets(suite), suite, policy: 0 }), access: rights, version: 3 },
    },
  });
  const bench = new Bench(made, { provider, random: anyone });
  const client = await bench
    .client({
      ...{ client: 48, mechanism: 7, security: clientSecurity(suite), provider, random: anyone },
      conformance: ["get", "general-protection"],
      maxReceivePduSize: 0,
    })
    .open();
  expect(client.opened).toBe(true);
  mine = protectionsOf(suite, "client", { accept: ["encryption-only"] });
  const state = made.state(made.template.associations[0] as never);
  return {
    client,
    setPolicy: (policy) => void made.live.change({ self: "program" }, (work) => state.changePolicy(policy, work)),
  };
}

function request(protection: number, right: { request: number; response: number }): Uint8Array {
  const apdu = encodeApdu({
    apdu: "get-request-normal",
    ...{ invokeId: 1, priority: "normal", serviceClass: "confirmed" },
    attribute: { classId: 1, instanceId: instanceOf(right.request, right.response), attributeId: 2 },
  });
  const { authenticated, encrypted, signed } = kinds(protection);
  const layers: Layer[] = [];
  if (signed) layers.push({ form: "general-signing", transactionId: anyone(8) });
  if (authenticated || encrypted) layers.push({ form: "general-glo", authenticated, encrypted });
  return sealLayers(apdu, layers, mine);
}

/** What came back: the result, and with what protection. */
function answer(pdu: Uint8Array): { outcome: string; protection: number } {
  const { apdu: octets, protection } = openLayers(pdu, mine);
  const apdu = decodeApdu(octets);
  const bits = (protection.authenticated ? 1 : 0) | (protection.encrypted ? 2 : 0) | (protection.signed ? 4 : 0);
  if (apdu.apdu === "exception-response") return { outcome: "refused", protection: bits };
  if (apdu.apdu !== "get-response-normal") throw new Error(apdu.apdu);
  return { outcome: apdu.result.dataAccessResult ?? "data", protection: bits };
}

/** The rule, told once more and in other words than the code has. */
function expected(protection: number, policy: { request: number; response: number }, right: typeof policy) {
  if (protection === 2 || protection === 6) return { outcome: "refused", protection: 0 };
  if (!within(policy.request, protection)) return { outcome: "refused", protection: 0 };
  const granted = within(right.request, protection);
  const bits = protection | policy.response | (granted ? right.response : 0);
  return { outcome: granted ? "data" : "scope-of-access-violated", protection: bits };
}

describe("protection × policy × right", () => {
  it("has the outcome that it must have in every cell of requests", { timeout: 120_000 }, async () => {
    const { client, setPolicy } = await open();
    const table: string[] = [
      `${"policy".padEnd(8)}${"request".padEnd(9)}right: ${all.map((r) => nameOf(r).padEnd(8)).join("")}`,
    ];
    let cells = 0;
    for (const policy of all) {
      setPolicy(policy << 2);
      for (const protection of all) {
        const row: string[] = [];
        for (const right of all) {
          const cell = { request: right, response: 0 };
          const found = answer((await client.raw(request(protection, cell))) as Uint8Array);
          expect(found, `policy ${nameOf(policy)} request ${nameOf(protection)} right ${nameOf(right)}`).toEqual(
            expected(protection, { request: policy, response: 0 }, cell),
          );
          row.push({ data: "data", refused: "refused", "scope-of-access-violated": "scope" }[found.outcome] as string);
          cells++;
        }
        table.push(
          `${nameOf(policy).padEnd(8)}${nameOf(protection).padEnd(16)}${row.map((one) => one.padEnd(8)).join("")}`,
        );
      }
    }
    expect(cells).toBe(512);
    process.stdout.write(`${table.join("\n")}\n`);
  });

  it("protects the answer in every cell of responses", { timeout: 120_000 }, async () => {
    const { client, setPolicy } = await open();
    const table: string[] = [
      `${"policy".padEnd(8)}${"request".padEnd(9)}right: ${all.map((r) => nameOf(r).padEnd(8)).join("")}`,
    ];
    for (const policy of all) {
      setPolicy(policy << 5);
      for (const protection of [0, 1, 3, 4, 7]) {
        const row: string[] = [];
        for (const right of all) {
          const cell = { request: 0, response: right };
          const found = answer((await client.raw(request(protection, cell))) as Uint8Array);
          expect(found, `policy ${nameOf(policy)} request ${nameOf(protection)} right ${nameOf(right)}`).toEqual(
            expected(protection, { request: 0, response: policy }, cell),
          );
          row.push(nameOf(found.protection));
        }
        table.push(
          `${nameOf(policy).padEnd(8)}${nameOf(protection).padEnd(16)}${row.map((one) => one.padEnd(8)).join("")}`,
        );
      }
    }
    process.stdout.write(`${table.join("\n")}\n`);
  });

  it("holds for the modes of versions 0 to 2, and tells them as each version has them", {
    timeout: 60_000,
  }, async () => {
    const modes = Object.keys(AccessMode) as AccessMode[];
    const listed = { 0: [0, 1, 2, 3, 1, 2, 3], 1: [0, 1, 2, 3, 4, 5, 6], 2: [0, 1, 2, 3, 4, 5, 6] } as const;
    const things = modes.map((_, at) => dataObject(`0.0.96.9.${at}.255`, { type: T.unsigned, value: 7 }, writable));
    const table: string[] = [];
    for (const version of [0, 1, 2] as const) {
      const access = rightsOf(
        modes.map((mode, at) => ({ instance: `0.0.96.9.${at}.255`, attributes: { 1: "read-only", 2: mode } as const })),
        readRights,
      );
      const security = hls5({ ...meterSecrets(0), policy: 0 });
      const made = meter({
        ...{ name: "TST0000000000001", systemTitle: meterTitle, objects: things },
        associations: { own: { client: 48, security, access, version } },
      });
      const bench = new Bench(made, { provider, random: anyone });
      const client = await bench
        .client({
          ...{ client: 48, mechanism: 5, security: clientSecurity(0), provider, random: anyone },
          ...{ conformance: ["get", "set", "general-protection"], maxReceivePduSize: 0 },
        })
        .open();
      const [list] = await client.get([15, "0.0.40.0.0.255", 2]);
      const tree = treeOf((list as { data: DataLike }).data) as Extract<Data, { type: "array" }>;
      const told = tree.value.flatMap((element) => {
        const [, , name, rights] = (element as Extract<Data, { type: "structure" }>).value;
        if ((name as { value: Uint8Array }).value[3] !== 9) return [];
        const [attributes] = (rights as Extract<Data, { type: "structure" }>).value;
        const second = (attributes as Extract<Data, { type: "array" }>).value[1];
        return [((second as Extract<Data, { type: "structure" }>).value[1] as { value: number }).value];
      });
      expect(told).toEqual(listed[version]);
      const own = protectionsOf(0, "client");
      for (const protection of [0, 1, 3]) {
        const row: string[] = [];
        for (const [at, mode] of modes.entries()) {
          const bits = AccessMode[mode];
          const attribute = { classId: 1, instanceId: `0.0.96.9.${at}.255`, attributeId: 2 };
          const invoke = { invokeId: 1, priority: "normal", serviceClass: "confirmed" } as const;
          const outcomes = [
            { apdu: "get-request-normal", ...invoke, attribute },
            { apdu: "set-request-normal", ...invoke, attribute, value: { type: "unsigned", value: 7 } },
          ].map(async (apdu, use) => {
            const octets = encodeApdu(apdu as ApduLike);
            const how = { authenticated: true, encrypted: protection === 3, form: "glo" } as const;
            const pdu = await client.raw(protection === 0 ? octets : own.association.seal(octets, how));
            const answered = decodeApdu(openLayers(pdu as Uint8Array, own).apdu) as unknown as Record<string, unknown>;
            const result = answered.result as string | { dataAccessResult?: string };
            const outcome = typeof result === "string" ? result : (result.dataAccessResult ?? "success");
            const short = (bits & AccessBit.authenticatedRequest) !== 0 && (protection & 1) === 0;
            const may = (bits & (use === 0 ? AccessBit.read : AccessBit.write)) !== 0;
            expect(outcome, `version ${version} ${mode} ${nameOf(protection)} ${apdu.apdu}`).toBe(
              may ? (short ? "scope-of-access-violated" : "success") : "read-write-denied",
            );
            return { success: "yes", "read-write-denied": "no", "scope-of-access-violated": "scope" }[
              outcome
            ] as string;
          });
          const [read, write] = await Promise.all([await outcomes[0], await outcomes[1]]);
          row.push(`${read}/${write}`.padEnd(13));
        }
        table.push(`version ${version}  request ${nameOf(protection).padEnd(4)}${row.join("")}`);
      }
    }
    const head = ["no", "read", "write", "both", "auth read", "auth write", "auth both"];
    process.stdout.write(`${"".padEnd(23)}${head.map((one) => one.padEnd(13)).join("")}\n${table.join("\n")}\n`);
  });
});

import { T } from "@dlmskit/apdu";
import type { MechanismId } from "@dlmskit/association";
import { type ConnectOptions, connect } from "@dlmskit/client";
import { Fault, fromAscii } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import type { GeneralKey } from "@dlmskit/security";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AssociationSpec, type Listening, meter, type SecuritySpec, serve, tcp } from "../../src/index.ts";
import { clientSecurity, meterSecrets, meterTitle, provider, type Suite } from "./parties.ts";

// Client and server over TCP in every mechanism, suite and form of protection: the legal ones serve, the others are refused.

const mechanisms = [0, 1, 2, 3, 4, 5, 6, 7] as const satisfies readonly MechanismId[];
const suites = [0, 1, 2] as const;
const secret = fromAscii("0123456789abcdef");

interface Form {
  readonly name: string;
  readonly ciphered: boolean;
  /** Needs keys of a curve. */
  readonly curve?: true;
  readonly security?: Partial<NonNullable<ConnectOptions["security"]>>;
}
const general = (generalKey: GeneralKey) => ({ form: "general-ciphering", generalKey }) as const;
const forms: readonly Form[] = [
  { name: "plain", ciphered: false },
  { name: "glo, authenticated", ciphered: true, security: { encrypted: false } },
  { name: "glo", ciphered: true },
  { name: "ded", ciphered: true, security: { dedicatedKey: true } },
  { name: "general-glo", ciphered: true, security: { form: "general-glo" } },
  { name: "general-ded", ciphered: true, security: { form: "general-glo", dedicatedKey: true } },
  { name: "general-ciphering, identified", ciphered: true, security: general("global-unicast-encryption-key") },
  { name: "general-ciphering, wrapped", ciphered: true, security: general("wrapped-key") },
  { name: "general-ciphering, C(1e,1s)", ciphered: true, curve: true, security: general("one-pass-diffie-hellman") },
  { name: "general-ciphering, C(0e,2s)", ciphered: true, curve: true, security: general("static-unified-model") },
  {
    name: "general-signing",
    ciphered: true,
    curve: true,
    security: { authenticated: false, encrypted: false, signed: "inside" },
  },
  {
    name: "signed, then general-glo",
    ciphered: true,
    curve: true,
    security: { signed: "inside", form: "general-glo" },
  },
  {
    name: "signed, then C(0e,2s)",
    ciphered: true,
    curve: true,
    security: { signed: "inside", ...general("static-unified-model") },
  },
  { name: "glo, then signed", ciphered: true, curve: true, security: { signed: "outside" } },
];

const legal = (mechanism: MechanismId, suite: Suite, { curve }: Form): boolean =>
  suite > 0 || (mechanism !== 7 && curve !== true);
/** The client's SAP of an association: one for each of them. */
const sapOf = (mechanism: number, suite: number, ciphered: boolean): number =>
  0x100 + mechanism * 8 + suite * 2 + (ciphered ? 1 : 0);

let listening: Listening;
beforeAll(async () => {
  const associations: { [name: string]: AssociationSpec } = {};
  for (const mechanism of mechanisms) {
    for (const suite of suites) {
      for (const ciphered of [false, true]) {
        if (mechanism === 7 && suite === 0) continue;
        const security: SecuritySpec = {
          ...{ mechanism, ciphered, suite, policy: 0, setupVersion: 1 },
          secrets: { ...meterSecrets(suite), secret },
        };
        const client = sapOf(mechanism, suite, ciphered);
        const instance = `0.0.40.0.${client - 0xff}.255`;
        associations[`${mechanism} ${suite} ${ciphered}`] = { client, security, instance, access: "full" };
      }
    }
  }
  const objects = [dataObject("0.0.96.1.0.255", { type: T.visibleString, value: "right" })];
  const one = meter({ name: "TST0000000000001", systemTitle: meterTitle, objects, associations });
  listening = await serve(one, {
    on: { wrapper: tcp(0, () => new WrapperServerLink({})) },
    provider,
    limits: { associationsPerMeter: 64 },
  });
});
afterAll(() => listening?.close());

async function attempt(mechanism: MechanismId, suite: Suite, form: Form): Promise<string> {
  const { host, port } = listening.addresses.wrapper as { host: string; port: number };
  const { ciphered } = form;
  const titled = ciphered || mechanism >= 5;
  const duplex = await tcpConnect(host, port);
  const link = new WrapperClientLink({ client: sapOf(mechanism, suite, ciphered), server: 1 });
  try {
    await using session = await connect(
      { duplex, link },
      {
        ...{ clock: systemClock, provider, mechanism, ciphered, timeout: 2000 },
        ...(mechanism === 0 || mechanism === 5 || mechanism === 7 ? {} : { secret }),
        ...(titled ? { security: clientSecurity(suite, form.security) } : {}),
      },
    );
    const value = await session.read({ classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 }, T.visibleString);
    return value === "right" ? "ok" : value;
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    duplex.destroy();
    return caught.code;
  }
}

it("serves every legal combination of mechanism, suite and form over TCP, and no other", {
  timeout: 180_000,
}, async () => {
  const table: string[] = [];
  let served = 0;
  let refused = 0;
  for (const suite of suites) {
    table.push(`suite ${suite}`.padEnd(32) + mechanisms.map((one) => `mechanism ${one}`.padEnd(13)).join(""));
    for (const form of forms) {
      const row: string[] = [];
      for (const mechanism of mechanisms) {
        const outcome = await attempt(mechanism, suite, form);
        if (legal(mechanism, suite, form)) {
          expect(outcome, `mechanism ${mechanism}, suite ${suite}, ${form.name}`).toBe("ok");
          served++;
        } else {
          expect(outcome, `mechanism ${mechanism}, suite ${suite}, ${form.name}`).not.toBe("ok");
          refused++;
        }
        row.push((outcome === "ok" ? "ok" : "refused").padEnd(13));
      }
      table.push(form.name.padEnd(32) + row.join(""));
    }
  }
  process.stdout.write(`${table.join("\n")}\n${served} served, ${refused} refused\n`);
  expect([served, refused]).toEqual([suites.length * forms.length * mechanisms.length - refused, 6 * 8 + 8]);
});

it("has no template for what no meter can be", () => {
  const security: SecuritySpec = { mechanism: 7, ciphered: true, suite: 0, policy: 0, setupVersion: 0 };
  const of = (spec: Partial<AssociationSpec>) => () =>
    meter({ name: "TST0000000000001", objects: [], associations: { own: { client: 1, security, ...spec } } });
  expect(of({})).toThrow("mechanism 7 needs security suite 1 or 2");
  expect(of({ security: { ...security, mechanism: 5 }, preEstablished: {} })).toThrow("mechanism 0");
});

// Which mechanisms, suites and forms of protection an association of ours opens with: each is tried.
import { Mechanism } from "@dlmskit/apdu";
import type { MechanismId } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import { securitySuites } from "@dlmskit/security";
import { Bottle, requests, type Setting } from "./bottle.ts";
import { table } from "./table.ts";

const forms: readonly (readonly [name: string, setting: Setting])[] = [
  ["plain", {}],
  ["glo", { ciphered: true }],
  ["ded", { ciphered: true, dedicatedKey: true }],
  ["general-glo", { ciphered: true, form: "general-glo" }],
  ["general-ded", { ciphered: true, form: "general-glo", dedicatedKey: true }],
];

/** Opens, reads, writes and invokes: "yes", or the Fault that says why not. */
function outcome(setting: Setting): string {
  try {
    const bottle = new Bottle(setting);
    const fault = bottle.open() ?? requests.map((request) => bottle.ask(request)).find((found) => found !== undefined);
    return fault === undefined ? "yes" : `no (\`${fault.code}\`)`;
  } catch (caught) {
    if (caught instanceof Fault) return `no (\`${caught.code}\`)`;
    throw caught;
  }
}

const generalForms: readonly (readonly [name: string, setting: Setting])[] = [
  ["general-ciphering, identified key", {}],
  ["general-ciphering, wrapped key", { generalKey: "wrapped-key" }],
  ["general-ciphering, agreed key C(1e,1s)", { generalKey: "one-pass-diffie-hellman" }],
  ["general-ciphering, agreed key C(0e,2s)", { generalKey: "static-unified-model" }],
  ["general-signing inside general-ciphering", { signed: "inside" }],
  ["general-ciphering inside general-signing", { signed: "outside" }],
  ["general-signing alone", { signed: "only" }],
];

/** Opens and reads: agreed keys and signatures take long. */
function generalOutcome(setting: Setting): string {
  const bottle = new Bottle({ ciphered: true, form: "general-ciphering", ...setting });
  const fault = bottle.open() ?? bottle.ask(requests[0] as (typeof requests)[number]);
  return fault === undefined ? "yes" : `no (\`${fault.code}\`)`;
}

/** The forms of general protection against the suites. */
export function generalTable(): string {
  const cell = (setting: Setting): string => {
    try {
      return generalOutcome(setting);
    } catch (caught) {
      if (caught instanceof Fault) return `no (\`${caught.code}\`)`;
      throw caught;
    }
  };
  const rows = generalForms.map(([name, setting]) => [
    name,
    ...securitySuites.map(({ id: suite }) => cell({ ...setting, suite })),
  ]);
  return table(["request and response", ...securitySuites.map(({ id }) => `suite ${id}`)], rows);
}

/** Suite and mechanism against the form of protection. A plain association has no suite but where GMAC or ECDSA needs one. */
export function securityTable(): string {
  const rows = securitySuites.flatMap(({ id: suite }) =>
    Object.entries(Mechanism).map(([name, id]) => {
      const mechanism = id as MechanismId;
      return [`${suite}`, `${id} ${name}`, ...forms.map(([, setting]) => outcome({ ...setting, mechanism, suite }))];
    }),
  );
  return table(["suite", "mechanism", ...forms.map(([name]) => name)], rows);
}

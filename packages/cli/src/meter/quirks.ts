import type { InitiatorQuirk } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import type { HdlcQuirk } from "@dlmskit/hdlc";
import type { LinkName } from "@dlmskit/simulator";
import type { WrapperQuirk } from "@dlmskit/wrapper";
import { InvalidArgumentError } from "commander";

// The compiler reports a missing quirk.
const ofHdlc = {
  echo: true,
  "snrm-with-parameters": true,
  "ua-above-proposal": true,
  "ignore-sequence": true,
  "llc-of-commands": true,
} satisfies Record<HdlcQuirk, true>;
const ofWrapper = { "any-wport": true } satisfies Record<WrapperQuirk, true>;
const ofAssociation = {
  "aare-lengths-short": true,
  "aare-other-context": true,
  "aare-without-mechanism": true,
  "aare-without-user-information": true,
  "plain-initiate-response": true,
  "blocks-from-0": true,
  "conformance-not-proposed": true,
  "weaker-responses": true,
  "other-transaction-id": true,
  "other-vaa-name": true,
} satisfies Record<InitiatorQuirk, true>;

/** Every quirk that `--quirk` takes. */
export const quirkNames: readonly string[] = [ofHdlc, ofWrapper, ofAssociation].flatMap((names) => Object.keys(names));

/** The value of one `--quirk`: a name, or several separated by commas. */
export function quirkOption(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(",");
  for (const name of names) {
    if (!quirkNames.includes(name)) throw new InvalidArgumentError(`give one of ${quirkNames.join(", ")}`);
  }
  return [...before, ...names];
}

export interface QuirksOf {
  readonly hdlc: readonly HdlcQuirk[];
  readonly wrapper: readonly WrapperQuirk[];
  readonly association: readonly InitiatorQuirk[];
}

/** The quirks of each layer. Fault `bad-option` for a quirk of another link than `--link`. */
export function quirksOf(names: readonly string[], link: LinkName): QuirksOf {
  const among = (table: object) => names.filter((name) => Object.hasOwn(table, name));
  for (const [other, table] of Object.entries({ hdlc: ofHdlc, wrapper: ofWrapper })) {
    const [misplaced] = other === link ? [] : among(table);
    if (misplaced === undefined) continue;
    throw new Fault("bad-option", `--quirk ${misplaced} does not exist for --link ${link}`, {
      layer: "cli",
      hint: `it is for --link ${other}`,
    });
  }
  return {
    hdlc: among(ofHdlc) as HdlcQuirk[],
    wrapper: among(ofWrapper) as WrapperQuirk[],
    association: among(ofAssociation) as InitiatorQuirk[],
  };
}

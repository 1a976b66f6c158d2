import type { InitiatorQuirk } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import type { HdlcQuirk } from "@dlmskit/hdlc";
import type { WrapperQuirk } from "@dlmskit/wrapper";
import { InvalidArgumentError } from "commander";

// The compiler sees to it that none is missing.
const ofHdlc = {
  echo: true,
  "snrm-with-parameters": true,
  "ua-above-proposal": true,
  "ignore-sequence": true,
} satisfies Record<HdlcQuirk, true>;
const ofWrapper = { "any-wport": true } satisfies Record<WrapperQuirk, true>;
const ofAssociation = {
  "aare-lengths-short": true,
  "aare-without-mechanism": true,
  "aare-without-user-information": true,
  "plain-initiate-response": true,
  "blocks-from-0": true,
  "conformance-not-proposed": true,
  "weaker-responses": true,
} satisfies Record<InitiatorQuirk, true>;

/** Every quirk that `--quirk` takes. */
export const quirkNames: readonly string[] = [ofHdlc, ofWrapper, ofAssociation].flatMap((names) => Object.keys(names));

/** One use of `--quirk`: a name, or several with commas. */
export function quirkOption(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(",");
  for (const name of names) {
    if (!quirkNames.includes(name)) throw new InvalidArgumentError(`one of these is wanted: ${quirkNames.join(", ")}`);
  }
  return [...before, ...names];
}

export interface QuirksOf {
  readonly hdlc: readonly HdlcQuirk[];
  readonly wrapper: readonly WrapperQuirk[];
  readonly association: readonly InitiatorQuirk[];
}

/** The quirks by the layer that has them. Fault `bad-option` for one of the link that is not spoken. */
export function quirksOf(names: readonly string[], link: "hdlc" | "wrapper"): QuirksOf {
  const among = (table: object) => names.filter((name) => Object.hasOwn(table, name));
  const [misplaced] = among(link === "hdlc" ? ofWrapper : ofHdlc);
  if (misplaced !== undefined) {
    throw new Fault("bad-option", `--quirk ${misplaced} is not one of --link ${link}`, {
      layer: "cli",
      hint: `it is for --link ${link === "hdlc" ? "wrapper" : "hdlc"}`,
    });
  }
  return {
    hdlc: among(ofHdlc) as HdlcQuirk[],
    wrapper: among(ofWrapper) as WrapperQuirk[],
    association: among(ofAssociation) as InitiatorQuirk[],
  };
}

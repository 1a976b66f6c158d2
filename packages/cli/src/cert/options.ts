import { Fault } from "@dlmskit/core";
import type { CertificateUsage } from "@dlmskit/security/certificates";
import { Option } from "commander";
import { instantIn, momentOf } from "../moment.ts";
import { hexOption, numberOption } from "../options.ts";

/** The usages by the names of the command line. */
const usages = { signature: "digital-signature", agreement: "key-agreement", tls: "tls" } as const;
export type UsageName = keyof typeof usages;

export const usageOfName = (name: UsageName): CertificateUsage => usages[name];

export const usageOption = (): Option =>
  new Option("--usage <usage>", "the use of the certificate").choices(Object.keys(usages));
export const curveOption = (): Option =>
  new Option("--curve <curve>", "the curve of the key").choices(["P-256", "P-384"]);
export const titleOption = (what: string): Option =>
  new Option("--system-title <hex>", what).argParser(hexOption("--system-title", 8));
export const daysOption = (text: string): Option => new Option("--days <n>", text).argParser(numberOption(1, 36_500));

export const day = 86_400_000;

/** An instant, ms since 1970 UTC, in whole seconds. No meter is known here: a time without a zone is UTC. Fault `bad-option`. */
export function instantOption(name: string): (text: string) => number {
  return (text) => {
    const time = momentOf(text);
    if (time !== undefined) return Math.floor(instantIn(time, 0) / 1000) * 1000;
    throw new Fault("bad-option", `${name} needs a time such as 2026-01-31T12:00 (UTC)`, { layer: "cli" });
  };
}

export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}

/** Fault `bad-option`. */
export function missing(message: string, hint: string): Fault {
  return new Fault("bad-option", message, { layer: "cli", hint });
}

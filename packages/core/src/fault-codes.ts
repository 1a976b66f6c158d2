import { association, security } from "./faults/associations.ts";
import { cosem } from "./faults/cosem.ts";
import { cli, client, server, simulator, storage } from "./faults/ends.ts";
import { hdlc, iec6205621, mbus, transport, wrapper } from "./faults/links.ts";
import { acse, anyLayer, axdr, capture, core, xdlms } from "./faults/octets.ts";

/**
 * The codes of the Faults of dlmskit: for each layer what each code means, and what to do. A Fault of one of these layers has one
 * of its codes, or one of `anyLayer`. `docs/guides/errors.md` is made from this. A new code is a new line in `faults/`.
 */
export const faultCodes = {
  core,
  hdlc,
  wrapper,
  mbus,
  "iec62056-21": iec6205621,
  axdr,
  acse,
  xdlms,
  security,
  association,
  cosem,
  capture,
  client,
  server,
  transport,
  storage,
  simulator,
  cli,
} as const;

/** The codes that every layer may use: what can be wrong with octets, JSON and values wherever they are. */
export const commonFaultCodes = anyLayer;

/** The layer of dlmskit in whose octets, state or input something was found wrong. */
export type Layer = keyof typeof faultCodes;

/** A layer: one of ours, or one of a user's own, which takes any code. */
export type FaultLayer = Layer | (string & {});

/** The codes of a layer; without one, those of all of ours. */
export type FaultCode<L extends string = Layer> = L extends Layer
  ? keyof (typeof faultCodes)[L] | keyof typeof anyLayer
  : string;

/** What a Fault of that layer and code means and what to do, in a sentence; undefined for one that is not ours. */
export function faultMeaning(fault: { readonly layer: string; readonly code: string }): string | undefined {
  const own: { readonly [code: string]: string } = Object.hasOwn(faultCodes, fault.layer)
    ? faultCodes[fault.layer as Layer]
    : {};
  if (Object.hasOwn(own, fault.code)) return own[fault.code];
  return Object.hasOwn(anyLayer, fault.code) ? anyLayer[fault.code as keyof typeof anyLayer] : undefined;
}

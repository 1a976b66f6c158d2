import { association, security } from "./faults/associations.ts";
import { cosem } from "./faults/cosem.ts";
import { cli, client, server, simulator, storage } from "./faults/ends.ts";
import { hdlc, iec6205621, mbus, transport, wrapper } from "./faults/links.ts";
import { acse, anyLayer, axdr, capture, core, xdlms } from "./faults/octets.ts";

/**
 * The Fault codes of dlmskit: for each layer, the meaning of each code and what to do. A Fault of one of these layers has one of its
 * codes, or one of `anyLayer`. `docs/guides/errors.md` is generated from this table. Add a new code as a new line in `faults/`.
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

/** The codes that every layer may use: for errors in octets, JSON and values. */
export const commonFaultCodes = anyLayer;

/** The layer of dlmskit that found the error in its octets, state or input. */
export type Layer = keyof typeof faultCodes;

/** A layer of dlmskit, or a user's own layer, for which any code is accepted. */
export type FaultLayer = Layer | (string & {});

/** The codes of a layer. Without a layer: the codes of all layers of dlmskit. */
export type FaultCode<L extends string = Layer> = L extends Layer
  ? keyof (typeof faultCodes)[L] | keyof typeof anyLayer
  : string;

/** The meaning of a Fault with this layer and code, and what to do, in one sentence. Undefined for a Fault that is not of dlmskit. */
export function faultMeaning(fault: { readonly layer: string; readonly code: string }): string | undefined {
  const own: { readonly [code: string]: string } = Object.hasOwn(faultCodes, fault.layer)
    ? faultCodes[fault.layer as Layer]
    : {};
  if (Object.hasOwn(own, fault.code)) return own[fault.code];
  return Object.hasOwn(anyLayer, fault.code) ? anyLayer[fault.code as keyof typeof anyLayer] : undefined;
}

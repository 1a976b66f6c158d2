import { commonFaultCodes, faultCodes, type Layer } from "@dlmskit/core";
import { table } from "./table.ts";

const titles = {
  core: "octets, JSON, OBIS codes: what belongs to no other layer",
  hdlc: "HDLC frames, addresses and links",
  wrapper: "the wrapper of TCP and UDP",
  mbus: "wired M-Bus frames",
  "iec62056-21": "IEC 62056-21: sign-on, data blocks, P1 telegrams",
  axdr: "A-XDR Data",
  acse: "ACSE APDUs",
  xdlms: "xDLMS APDUs",
  security: "ciphering, keys, signatures, certificates",
  association: "associations and their services, at both ends",
  cosem: "objects, their attributes and methods",
  capture: "captures: text, files and streams of octets that people pasted",
  client: "the client",
  server: "the server",
  transport: "connections: TCP, TLS, UDP, serial, in memory",
  storage: "stores",
  simulator: "the simulator",
  cli: "the command `dlms`",
} as const satisfies Record<Layer, string>;

const codes = (list: { readonly [code: string]: string }): string =>
  table(
    ["code", "what it means, and what to do"],
    Object.entries(list)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([code, meaning]) => [`\`${code}\``, meaning]),
  );

/** The text of docs/faults.md. */
export function faultsPage(): string {
  const layers = (Object.keys(faultCodes) as Layer[]).map(
    (layer) => `## \`${layer}\`: ${titles[layer]}\n\n${codes(faultCodes[layer])}`,
  );
  return `# The codes of Faults

This page is made from \`packages/core/src/faults\` by \`scripts/support-matrix.ts\`; a test fails when the two differ.

A \`Fault\` has a \`layer\` and a \`code\`. The lists are closed: a Fault of one of these layers has a code of that layer, or one that
every layer may use. \`faultMeaning(fault)\` of \`@dlmskit/core\` gives the sentence; \`FaultCode<"hdlc">\` is the type of a layer's codes.
[Errors](guides/errors.md) tells how to handle them.

## Every layer

${codes(commonFaultCodes)}
${layers.join("\n")}`;
}

import { Fault } from "@dlmskit/core";
import { decodeNegotiation, decodeRejection, type Frame } from "@dlmskit/hdlc";
import type { Source } from "./source.ts";
import type { TreeNode } from "./tree.ts";

/** The control field as text: frame type, sequence numbers, poll or final bit. */
function controlText(frame: Frame): string {
  const parts: string[] = [frame.frame];
  if (frame.frame === "i") parts.push(`N(S) ${frame.sendSequence}`);
  if ("receiveSequence" in frame) parts.push(`N(R) ${frame.receiveSequence}`);
  parts.push(`P/F ${frame.pollFinal ? 1 : 0}`);
  return parts.join(", ");
}

const parameterNames: Readonly<Record<number, string>> = {
  5: "maxInfoFieldLengthTransmit",
  6: "maxInfoFieldLengthReceive",
  7: "windowSizeTransmit",
  8: "windowSizeReceive",
};

/** The parameters in the information field of SNRM or UA, one node for each; empty if the field has other contents. */
function parameterNodes(information: Source): TreeNode[] {
  const { octets } = information;
  try {
    decodeNegotiation(octets);
  } catch (caught) {
    if (caught instanceof Fault) return [];
    throw caught;
  }
  const nodes: TreeNode[] = [];
  for (let at = 3; at + 1 < octets.length; ) {
    const id = octets[at] as number;
    const length = octets[at + 1] as number;
    let value = 0;
    for (const octet of octets.subarray(at + 2, at + 2 + length)) value = value * 256 + octet;
    nodes.push({
      name: parameterNames[id] ?? `parameter ${id}`,
      text: String(value),
      offset: information.place(at),
      octets: octets.subarray(at, at + 2 + length),
      children: [],
    });
    at += 2 + length;
  }
  return nodes;
}

/** The rejection in the information field of an FRMR; undefined if the field has other contents. */
export function rejectionOf(frame: Frame): ReturnType<typeof decodeRejection> | undefined {
  if (frame.frame !== "frmr") return undefined;
  try {
    return decodeRejection(frame.information);
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** Adds the meaning of the octets to the fields of a frame. */
export function annotateFrame(nodes: readonly TreeNode[], frame: Frame, information: Source | undefined): void {
  for (const node of nodes) {
    if (node.name === "control") node.text = controlText(frame);
    if (node.name !== "information" || information === undefined) continue;
    if (frame.frame === "snrm" || frame.frame === "ua") {
      const parameters = parameterNodes(information);
      if (parameters.length > 0) node.text = "";
      node.children.push(...parameters);
    }
    const rejection = rejectionOf(frame);
    if (rejection === undefined) continue;
    const { control, sendSequence, receiveSequence, response, reasons } = rejection;
    const hex = control.toString(16).padStart(2, "0");
    const kind = response ? "response" : "command";
    node.text = `rejected ${kind} ${hex}, V(S) ${sendSequence}, V(R) ${receiveSequence}: ${reasons.join(", ") || "no reason"}`;
  }
}

import type { Fault } from "@dlmskit/core";
import type { Decoded } from "./item.ts";
import { decodePdu } from "./pdu.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import type { TreeNode } from "./tree.ts";

/** Fields as they are in the octets: the APDU before the check sequence behind it. */
function inOrder(nodes: TreeNode[]): TreeNode[] {
  return nodes.sort((one, other) => one.offset - other.offset);
}

/** What cannot be deciphered was asked for, and what cannot be joined is lost; what is odd within an APDU is no fault of its frame. */
function isOfFrame({ layer, code }: Fault): boolean {
  return layer === "security" || code === "block-out-of-order";
}

/** A frame with the APDU in it as `pdu`; where that cannot be read, the frame, what can be read of it, and why. */
export function framed(frame: Decoded, pdu: Source, session: Session): Decoded {
  const { json, node, xml, fault } = decodePdu(pdu, session);
  fault?.path.unshift("pdu");
  return {
    json: json === undefined ? frame.json : { ...frame.json, pdu: json },
    node: node === undefined ? frame.node : { ...frame.node, children: inOrder([...frame.node.children, node]) },
    ...(xml === undefined ? {} : { xml }),
    ...(fault === undefined ? {} : json !== undefined && isOfFrame(fault) ? { fault } : { pduFault: fault }),
  };
}

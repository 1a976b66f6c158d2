import type { Fault } from "@dlmskit/core";
import type { Decoded } from "./item.ts";
import { decodePdu } from "./pdu.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import type { TreeNode } from "./tree.ts";

/** Sorts fields by offset, so that the APDU precedes the check sequence. */
function inOrder(nodes: TreeNode[]): TreeNode[] {
  return nodes.sort((one, other) => one.offset - other.offset);
}

/** Whether a Fault of the PDU is reported for the frame: failed deciphering and lost blocks, but not other errors inside an APDU. */
function isOfFrame({ layer, code }: Fault): boolean {
  return layer === "security" || code === "block-out-of-order";
}

/** A frame with its APDU as `pdu`. If the APDU cannot be read, the frame has the readable part and the Fault. */
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

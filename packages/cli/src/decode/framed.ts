import { Fault } from "@dlmskit/core";
import type { Decoded } from "./item.ts";
import { decodePdu, type Session } from "./pdu.ts";
import type { Source } from "./source.ts";
import type { TreeNode } from "./tree.ts";

/** Fields as they stand in the octets: the APDU before the check sequence behind it. */
function inOrder(nodes: TreeNode[]): TreeNode[] {
  return nodes.sort((one, other) => one.offset - other.offset);
}

/** A frame with the APDU in it as `pdu`; where that cannot be read, the frame as it is and why. */
export function framed(frame: Decoded, pdu: Source, session: Session): Decoded {
  try {
    const { json, node, fault } = decodePdu(pdu, session);
    fault?.path.unshift("pdu");
    return {
      json: { ...frame.json, pdu: json },
      node: { ...frame.node, children: inOrder([...frame.node.children, node]) },
      // What cannot be deciphered was asked for; what is odd within the APDU is no fault of the frame.
      ...(fault === undefined ? {} : fault.layer === "security" ? { fault } : { pduFault: fault }),
    };
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    caught.path.unshift("pdu");
    return { ...frame, pduFault: caught };
  }
}

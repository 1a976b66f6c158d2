import { T } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { connect, type Line } from "./connect.ts";
import type { ConnectOptions } from "./options.ts";

/**
 * Reads the invocation counter that a meter saw last from a client, as the public client (SAP 16: the line's link must be that
 * client's). The object is `0.0.43.1.x.255` of class Data; which x is which client's is the companion standard's.
 * Nothing protects what it says: `DurableCounters` bounds how far it is believed. Gives the counter; the next to use is one higher.
 */
export async function readInvocationCounter(
  line: Line,
  options: ConnectOptions & { readonly instanceId?: LogicalName },
): Promise<number> {
  const { instanceId = "0.0.43.1.0.255", ...others } = options;
  await using session = await connect(line, others);
  return await session.read({ classId: 1, instanceId, attributeId: 2 }, T.doubleLongUnsigned);
}

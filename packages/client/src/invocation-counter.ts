import { T } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { connect, type Line } from "./connect.ts";
import type { ConnectOptions } from "./options.ts";

/**
 * Reads the invocation counter that a meter last received from a client. It reads as the public client (SAP 16: the link must use this
 * SAP). The object is `0.0.43.1.x.255` of class Data; the companion standard defines the x of each client. The value is not protected:
 * `DurableCounters` limits how far it is trusted. Returns the counter; the next counter to use is one higher.
 */
export async function readInvocationCounter(
  line: Line,
  options: ConnectOptions & { readonly instanceId?: LogicalName },
): Promise<number> {
  const { instanceId = "0.0.43.1.0.255", ...others } = options;
  await using session = await connect(line, others);
  return await session.read({ classId: 1, instanceId, attributeId: 2 }, T.doubleLongUnsigned);
}

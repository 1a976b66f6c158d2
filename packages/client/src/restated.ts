import { Fault } from "@dlmskit/core";

/** The same Fault with another hint. If the message also changes, the given Fault becomes the cause of the new one. */
export function restated(fault: Fault, { message, hint }: { message?: string; hint: string }): Fault {
  const { offset, expected, detail } = fault;
  const said = new Fault(fault.code as "timeout", message ?? fault.message, {
    layer: fault.layer as "client",
    hint,
    cause: message === undefined ? fault.cause : fault,
    ...(offset === undefined ? {} : { offset }),
    ...(expected === undefined ? {} : { expected }),
    ...(detail === undefined ? {} : { detail }),
  });
  said.path.push(...fault.path);
  return said;
}

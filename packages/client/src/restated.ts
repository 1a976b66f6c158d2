import { Fault } from "@dlmskit/core";

/** The same Fault with another hint; with another message as well, the given Fault is its cause. */
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

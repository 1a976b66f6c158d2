import type { LinkAddress } from "@dlmskit/core";
import type { ServerEvent } from "../events.ts";

/** The event for received data that is not answered. `address`: its address, if no meter has it. */
export const ignored = (remote: string, why: string, address?: LinkAddress): ServerEvent => ({
  ...{ type: "ignored", remote, why },
  ...(address === undefined ? {} : { address }),
});

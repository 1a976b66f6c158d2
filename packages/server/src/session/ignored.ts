import type { LinkAddress } from "@dlmskit/core";
import type { ServerEvent } from "../events.ts";

/** The event that something was received and is not answered. `address`: whose it is, if no meter has it. */
export const ignored = (remote: string, why: string, address?: LinkAddress): ServerEvent => ({
  ...{ type: "ignored", remote, why },
  ...(address === undefined ? {} : { address }),
});

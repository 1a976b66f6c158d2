import type { ServiceName } from "@dlmskit/association";
import { action } from "./action.ts";
import { get } from "./get.ts";
import { read } from "./read.ts";
import type { ServerService } from "./service.ts";
import { set } from "./set.ts";
import { write } from "./write.ts";

const services = { get, set, action, read, write } as const;

/** The server's side of a service: the items and results of a name fit together. */
export const serviceNamed = (name: ServiceName): ServerService<unknown, unknown> =>
  services[name] as unknown as ServerService<unknown, unknown>;

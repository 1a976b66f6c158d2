import type { ServiceName, ServiceRequest } from "@dlmskit/association";
import { access } from "./access.ts";
import { action } from "./action.ts";
import { get } from "./get.ts";
import { changes, type ServerService } from "./service.ts";
import { set } from "./set.ts";

const services = { get, set, action, access } as const;

/** The server's side of a service: the items and results of a name fit together. */
export const serviceNamed = (name: ServiceName): ServerService<unknown, unknown> =>
  services[name] as unknown as ServerService<unknown, unknown>;

/** Whether a request can change anything. */
export const changesAny = ({ service, items }: ServiceRequest): boolean => changes(serviceNamed(service), items);

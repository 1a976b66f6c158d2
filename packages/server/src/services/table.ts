import type { ServiceName, ServiceRequest } from "@dlmskit/association";
import type { Device } from "../meter/device.ts";
import { access } from "./access.ts";
import { action } from "./action.ts";
import { get } from "./get.ts";
import { read } from "./read.ts";
import { changes, type ServerService } from "./service.ts";
import { set } from "./set.ts";
import { write } from "./write.ts";

const services = { get, set, action, access, read, write } as const;

/** The server side of a service. The name determines the types of its items and results. */
export const serviceNamed = (name: ServiceName): ServerService<unknown, unknown> =>
  services[name] as unknown as ServerService<unknown, unknown>;

/** Whether a request can change anything. */
export const changesAny = ({ service, items }: ServiceRequest, device: Device): boolean =>
  changes(serviceNamed(service), items, device);

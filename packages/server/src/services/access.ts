import { type AccessItem, type AccessOptions, type AccessResult, services } from "@dlmskit/association";
import { attributeOf, methodOf, type ServerService } from "./service.ts";

export const access: ServerService<AccessItem, AccessResult> = {
  changes: (items) => items.some(({ service }) => service !== "get"),
  stops: ({ breakOnError }: AccessOptions) => breakOnError === true,
  wish(item) {
    switch (item.service) {
      case "get":
        return { do: "read", ...attributeOf(item.attribute) };
      case "set":
        return { do: "write", ...attributeOf(item.attribute), value: item.value };
      case "action": {
        const { parameters } = item;
        return {
          do: "invoke",
          ...methodOf(item.method),
          ...(parameters === undefined ? {} : { argument: parameters }),
        };
      }
    }
  },
  result(outcome, item) {
    const { service } = item;
    if (outcome.error !== undefined) return services.access.refused(outcome.error, item);
    if (service === "get" && outcome.data === undefined) return { service, result: "hardware-fault" };
    return { service, result: "success", ...(outcome.data === undefined ? {} : { data: outcome.data }) };
  },
};

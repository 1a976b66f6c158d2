import { everyClass } from "./every-class.ts";
import { is15959D1 } from "./is15959/d1.ts";
import type { SimulatorTemplate } from "./template.ts";

/** The templates that come with the package as programs; `templateNames` has those that are files, too. */
export const templates: readonly SimulatorTemplate[] = [is15959D1, everyClass];

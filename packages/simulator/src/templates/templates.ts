import { everyClass } from "./every-class.ts";
import { is15959D1 } from "./is15959/d1.ts";
import type { SimulatorTemplate } from "./template.ts";

/** The templates of the package that are programs. `templateNames` also has those that are files. */
export const templates: readonly SimulatorTemplate[] = [is15959D1, everyClass];

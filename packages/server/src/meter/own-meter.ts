import type { AssociationSpec } from "./association-spec.ts";
import { Meter } from "./meter.ts";
import type { MeterIdentity } from "./meter-identity.ts";
import { compile, type TemplateOptions } from "./meter-template.ts";

export interface MeterOptions extends TemplateOptions, MeterIdentity {
  readonly associations: { readonly [name: string]: AssociationSpec };
}

/** A single meter without a shared template. Clients read the values that the program assigns to its objects. Faults as `meterTemplate`. */
export function meter(options: MeterOptions): Meter {
  return new Meter(compile(options), options).owning();
}

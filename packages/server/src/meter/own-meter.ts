import type { AssociationSpec } from "./association-spec.ts";
import { Meter } from "./meter.ts";
import type { MeterIdentity } from "./meter-identity.ts";
import { compile, type TemplateOptions } from "./meter-template.ts";

export interface MeterOptions extends TemplateOptions, MeterIdentity {
  readonly associations: { readonly [name: string]: AssociationSpec };
}

/** One meter of its own kind. Its objects are the ones given: what is assigned to their values is read by clients. Faults as `meterTemplate`. */
export function meter(options: MeterOptions): Meter {
  return new Meter(compile(options), options).owning();
}

import { assignedSaps } from "@dlmskit/cosem-objects";
import type { Device } from "./device.ts";
import type { ValuesOf } from "./local-time-of.ts";
import type { MeterTemplate } from "./meter-template.ts";

type Template = Pick<MeterTemplate, "devices" | "sapAssignment">;

/** Whether the logical devices of a meter can have other SAPs than in the template. */
export const mayMove = ({ devices, sapAssignment }: Template): boolean =>
  devices.size > 1 && sapAssignment?.hooks.invoke?.connectLogicalDevice !== undefined;

/** The SAP of a logical device in the meter with these values; 0: it is disconnected. */
export function sapOf(template: Template, values: ValuesOf, device: Device): number {
  const { sapAssignment } = template;
  if (sapAssignment === undefined || !mayMove(template)) return device.sap;
  const assigned = assignedSaps(values(sapAssignment) as Parameters<typeof assignedSaps>[0]);
  return assigned.find(({ templateSap }) => templateSap === device.sap)?.sap ?? device.sap;
}

/** The logical device with a SAP in the meter with these values. */
export function deviceAt(template: Template, values: ValuesOf, sap: number): Device | undefined {
  if (!mayMove(template)) return template.devices.get(sap);
  return sap === 0 ? undefined : [...template.devices.values()].find((one) => sapOf(template, values, one) === sap);
}

import { AccessBit, type Rights } from "@dlmskit/cosem-objects";
import type { ObjectForm } from "./form.ts";

const currentAssociation = "0.0.40.0.0.255";
const logicalDeviceName = "0.0.42.0.0.255";
const sapAssignment = "0.0.41.0.0.255";
const alwaysSeen = new Set([currentAssociation, logicalDeviceName, sapAssignment]);
const bitsOf = { r: AccessBit.read, w: AccessBit.write, rw: AccessBit.read | AccessBit.write, "-": 0 } as const;
const { read, write } = AccessBit;

/** The rights that a template file grants to a client. Mandatory objects that the file does not have are readable. */
export function rightsIn(forms: ReadonlyMap<string, ObjectForm>, client: number): Rights {
  const own = String(client);
  return {
    attribute({ instance, spec }, id) {
      const form = forms.get(instance);
      if (alwaysSeen.has(instance)) return read;
      if (form === undefined || form.classId !== spec.classId) return 0;
      const access = form.access?.[own] ?? "-";
      if (typeof access === "object") return bitsOf[(access as { [id: string]: keyof typeof bitsOf })[id] ?? "-"];
      const granted = bitsOf[access as keyof typeof bitsOf];
      if (id === 1) return granted === 0 ? 0 : read;
      const writable = form.writable?.includes(id) === true ? write : 0;
      // Secrets can be written, but never read.
      return granted & (read | writable) & ~(isSecret(spec.classId, id) ? read : 0);
    },
    method({ instance, spec }, id) {
      const form = forms.get(instance);
      if (form === undefined || form.classId !== spec.classId) return 0;
      const access = form.access?.[own] ?? "-";
      const may = typeof access === "object" ? access : access === "rw";
      return may !== false && form.methods?.includes(id) === true ? AccessBit.invoke : 0;
    },
  };
}

const associationLn = 15;
const isSecret = (classId: number, id: number): boolean => classId === associationLn && id === 7;

/** The forms by logical name. */
export const formsByName = (forms: readonly ObjectForm[]): ReadonlyMap<string, ObjectForm> =>
  new Map(forms.map((form) => [form.instanceId, form]));

/** Whether the server creates the object itself. */
export function isMadeByServer({ classId, instanceId }: ObjectForm, names: ReadonlySet<string>): boolean {
  return (
    classId === 15 || classId === 17 || classId === 64 || names.has(instanceId) || instanceId === logicalDeviceName
  );
}

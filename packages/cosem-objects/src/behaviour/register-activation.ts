import { type LogicalName, sameOctets } from "@dlmskit/core";
import type { ObjectDefinition } from "../classes/common-types.ts";
import { RegisterActivation } from "../classes/data/register-activation.ts";
import type { Values } from "../interface-class.ts";
import { checkListSize } from "../list-size.ts";
import { type AnyObject, type CosemObject, type DeviceView, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";

type ActivationValues = Values<typeof RegisterActivation>;
type Mask = ActivationValues["maskList"][number];

// The elements of an index_list are octets.
const mostRegisters = 255;

export interface RegisterActivationOptions {
  /** The registers; masks number them from 1. */
  readonly registers?: readonly (AnyObject | ObjectDefinition)[];
  readonly masks?: ActivationValues["maskList"];
  /** The mask_name of the active mask; empty by default: none of the registers counts. */
  readonly activeMask?: Uint8Array;
}

/**
 * Determines which of its registers count: those in the active mask (class 6; Blue Book 4.3.5). `countsNow` gives it for one register. An
 * active_mask that does not exist, and the deletion of a mask that is active or does not exist, are refused (other-reason).
 */
export function registerActivation(
  instance: LogicalName,
  { registers = [], masks = [], activeMask = new Uint8Array(0) }: RegisterActivationOptions = {},
  hooks: Hooks<typeof RegisterActivation> = {},
): CosemObject<typeof RegisterActivation> {
  const registerAssignment = registers.map((one) =>
    "spec" in one ? { classId: one.spec.classId as number, instanceId: one.instance } : one,
  );
  return object(
    RegisterActivation,
    instance,
    { registerAssignment, maskList: masks, activeMask },
    {
      ...hooks,
      write: {
        activeMask(values, name) {
          if (maskOf(values, name) === undefined) throw refuse("other-reason", "there is no mask of that name");
          values.activeMask = name;
        },
        ...hooks.write,
      },
      invoke: {
        addRegister(values, register) {
          if (values.registerAssignment.length >= mostRegisters) {
            throw refuse("other-reason", `masks cannot count more than ${mostRegisters} registers`);
          }
          values.registerAssignment = [...values.registerAssignment, register];
        },
        addMask(values, mask) {
          const at = values.maskList.findIndex(({ maskName }) => sameOctets(maskName, mask.maskName));
          const maskList = at < 0 ? [...values.maskList, mask] : values.maskList.with(at, mask);
          checkListSize(RegisterActivation.attributes.maskList.type, maskList);
          values.maskList = maskList;
        },
        deleteMask(values, name) {
          if (maskOf(values, name) === undefined) throw refuse("other-reason", "there is no mask of that name");
          if (sameOctets(values.activeMask, name)) throw refuse("other-reason", "the active mask cannot be deleted");
          values.maskList = values.maskList.filter(({ maskName }) => !sameOctets(maskName, name));
        },
        ...hooks.invoke,
      },
    },
  );
}

const maskOf = ({ maskList }: Readonly<ActivationValues>, name: Uint8Array): Mask | undefined =>
  maskList.find(({ maskName }) => sameOctets(maskName, name));

/**
 * Whether a register counts now: every Register activation of the logical device that lists it must have it in its active mask. A register
 * that is in none of them always counts.
 */
export function countsNow(register: AnyObject, device: Pick<DeviceView, "objects" | "values">): boolean {
  return device.objects.every((one) => {
    if (one.spec.classId !== RegisterActivation.classId) return true;
    const activation = device.values(one as CosemObject<typeof RegisterActivation>);
    const index = activation.registerAssignment.findIndex(
      ({ classId, instanceId }) => classId === register.spec.classId && instanceId === register.instance,
    );
    return index < 0 || maskOf(activation, activation.activeMask)?.indexList.includes(index + 1) === true;
  });
}

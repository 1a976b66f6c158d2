import { T } from "@dlmskit/apdu";
import { type AnyObject, interfaceClass, object } from "@dlmskit/cosem-objects";

/** Logical device and class of the row with the power state of a meter in a store. No object has these numbers. */
export const powerRow = { logicalDevice: 0, classId: 0 } as const;

/** The power is cut or restored. Times are on the meter's clock, ms since 1970 UTC. */
export interface PowerSwitch {
  readonly at: number;
  readonly on: boolean;
  /** Whether it ends a restart, whose duration does not change when the clock is set; false by default. */
  readonly lasts?: boolean;
}

/** The kept power state of a meter. */
export interface Supply {
  /** 0: there is power. */
  readonly downSince: number;
  readonly planned: readonly Required<PowerSwitch>[];
}

const PowerSupply = interfaceClass({
  classId: powerRow.classId,
  version: 0,
  name: "Power of the meter",
  attributes: {
    supply: {
      id: 0,
      type: T.structure({
        downSince: T.float64,
        planned: T.array(T.structure({ at: T.float64, on: T.boolean, lasts: T.boolean })),
      }),
    },
  },
  methods: {},
});

/** The object that holds whether a meter has power. It belongs to no logical device. */
export const powerSupply = (): AnyObject =>
  object(PowerSupply, "0.0.0.0.0.0", { supply: { downSince: 0, planned: [] } });

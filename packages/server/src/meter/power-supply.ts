import { T } from "@dlmskit/apdu";
import { type AnyObject, interfaceClass, object } from "@dlmskit/cosem-objects";

/** Logical device and class of the row in which a store has the power of a meter: those of no object. */
export const powerRow = { logicalDevice: 0, classId: 0 } as const;

/** The power is cut, or comes back. Instants on the meter's clock, ms since 1970 UTC. */
export interface PowerSwitch {
  readonly at: number;
  readonly on: boolean;
  /** It ends a restart, which lasts as long whatever the clock is set to meanwhile; false by default. */
  readonly lasts?: boolean;
}

/** The power of a meter as it is kept. */
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

/** What tells whether a meter has power; no logical device has it. */
export const powerSupply = (): AnyObject =>
  object(PowerSupply, "0.0.0.0.0.0", { supply: { downSince: 0, planned: [] } });

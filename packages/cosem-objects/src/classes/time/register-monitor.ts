import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ActionItem, SimpleData, ValueDefinition } from "../common-types.ts";

const ActionSet = T.structure({ actionUp: ActionItem, actionDown: ActionItem });

/** Register monitor (class 21, version 0; Blue Book 4.5.6): scripts that run when a value crosses a threshold. */
export const RegisterMonitor = interfaceClass({
  classId: 21,
  version: 0,
  name: "Register monitor",
  attributes: {
    /** Whether the value is above each threshold. */
    state: { id: 0, type: T.array(T.boolean), optional: true },
    thresholds: { id: 2, type: T.array(SimpleData), static: true },
    monitoredValue: { id: 3, type: ValueDefinition, static: true },
    actions: { id: 4, type: T.array(ActionSet), static: true },
  },
  methods: {},
  traits: { actor: "monitor" },
});

import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const ControlState = { disconnected: 0, connected: 1, readyForReconnection: 2 } as const;

/** The ways to disconnect and reconnect: each mode is named by its transitions in the table of the Blue Book. */
export const ControlMode = {
  none: 0,
  bcfgde: 1,
  bcfgae: 2,
  bcgde: 3,
  bcgae: 4,
  bcfgdeh: 5,
  bcgdeh: 6,
} as const;
/** Version 1 adds the mode with transition i: a remote reconnection from ready for reconnection. */
export const ControlMode1 = { ...ControlMode, bcgaieh: 7 } as const;

const methods = {
  remoteDisconnect: { id: 1, argument: T.integer, mandatory: true },
  remoteReconnect: { id: 2, argument: T.integer, mandatory: true },
} as const;

/** Disconnect control (class 70, version 0; Blue Book 4.5.8). */
export const DisconnectControl = interfaceClass({
  classId: 70,
  version: 0,
  name: "Disconnect control",
  attributes: {
    /** The instant up to which the contact may still be moving, ms of `Context.elapsed`. */
    state: { id: 0, type: T.float64, optional: true },
    /** True: the supply is connected. */
    outputState: { id: 2, type: T.boolean, static: false },
    controlState: { id: 3, type: T.enumOf(ControlState), static: false },
    controlMode: { id: 4, type: T.enumOf(ControlMode), static: true },
  },
  methods,
  methodOffset: 0x20,
});
/** Disconnect control (class 70), version 1: with mode 7. */
export const DisconnectControl1 = interfaceClass({
  classId: 70,
  version: 1,
  name: "Disconnect control",
  attributes: { ...DisconnectControl.attributes, controlMode: { id: 4, type: T.enumOf(ControlMode1), static: true } },
  methods,
  confidence: "medium",
  methodOffset: 0x20,
});

import { T } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { interfaceClass, type Values } from "../../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../../object.ts";
import { refuse } from "../../refusal.ts";

export const ControlState = { disconnected: 0, connected: 1, readyForReconnection: 2 } as const;

/** Who may disconnect and reconnect, by the transitions of the Blue Book's table that the mode has. */
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
    /** True: connected. */
    outputState: { id: 2, type: T.boolean, static: false },
    controlState: { id: 3, type: T.enumOf(ControlState), static: false },
    controlMode: { id: 4, type: T.enumOf(ControlMode), static: true },
  },
  methods,
  methodOffset: 0x20,
});
/** Version 1: mode 7. */
export const DisconnectControl1 = interfaceClass({
  classId: 70,
  version: 1,
  name: "Disconnect control",
  attributes: { ...DisconnectControl.attributes, controlMode: { id: 4, type: T.enumOf(ControlMode1), static: true } },
  methods,
  confidence: "medium",
  methodOffset: 0x20,
});

type State = Values<typeof DisconnectControl>;

// Modes in which a remote reconnection connects at once (transition a); in the others it waits for a hand (d).
const reconnectsAtOnce = new Set([2, 4]);

/** Transitions a to d of the Blue Book's table; in mode 0 nothing moves. Gives whether the state changed. */
export function remoteControl(values: State, to: "disconnect" | "reconnect"): boolean {
  const { controlState, controlMode } = values;
  if (controlMode === 0) return false;
  let next: number = controlState;
  if (to === "disconnect") next = ControlState.disconnected;
  else if (controlState === ControlState.disconnected) {
    next = reconnectsAtOnce.has(controlMode) ? ControlState.connected : ControlState.readyForReconnection;
  }
  return move(values, next);
}

/** Transitions e to h, by a hand at the meter or by a function in it. Gives whether the state changed. */
export function localControl(values: State, by: "manual" | "local", to: "disconnect" | "reconnect"): boolean {
  const { controlState, controlMode } = values;
  if (controlMode < 1 || controlMode > 6) return false;
  if (to === "reconnect") {
    const may = by === "manual" || controlMode === 5 || controlMode === 6;
    if (!may || controlState !== ControlState.readyForReconnection) return false;
    return move(values, ControlState.connected);
  }
  const may = by === "local" || controlMode === 1 || controlMode === 2 || controlMode === 5;
  if (!may || controlState !== ControlState.connected) return false;
  return move(values, ControlState.readyForReconnection);
}

function move(values: State, next: number): boolean {
  if (next === values.controlState) return false;
  values.controlState = next;
  values.outputState = next === ControlState.connected;
  return true;
}

/** A disconnect control, connected, in the mode given (4 unless told otherwise: remote both ways). */
export function disconnectControl(
  instance: LogicalName = "0.0.96.3.10.255",
  { controlMode = 4, changed }: { controlMode?: number; changed?: (values: State) => void } = {},
  hooks: Hooks<typeof DisconnectControl> = {},
): CosemObject<typeof DisconnectControl> {
  const control = (values: State, to: "disconnect" | "reconnect"): void => {
    if (remoteControl(values, to)) changed?.(values);
  };
  return object(
    DisconnectControl,
    instance,
    { outputState: true, controlState: ControlState.connected, controlMode },
    {
      ...hooks,
      write: {
        controlMode(values, mode) {
          if (mode > 6) throw refuse("other-reason", `control mode ${mode} is not 0 to 6`);
          values.controlMode = mode;
        },
        ...hooks.write,
      },
      invoke: {
        remoteDisconnect: (values) => control(values, "disconnect"),
        remoteReconnect: (values) => control(values, "reconnect"),
        ...hooks.invoke,
      },
    },
  );
}

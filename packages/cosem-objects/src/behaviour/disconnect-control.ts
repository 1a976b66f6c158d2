import type { LogicalName } from "@dlmskit/core";
import { ControlState, DisconnectControl, DisconnectControl1 } from "../classes/time/disconnect-control.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import {
  type AnyObject,
  type Context,
  type CosemObject,
  type DeviceView,
  type Hooks,
  object,
  type TimeContext,
} from "../object.ts";
import { refuse } from "../refusal.ts";

export type DisconnectControlValues = Values<typeof DisconnectControl>;

/** Who operates a disconnect control: a client or a script, a person at the meter, or a function of the meter itself. */
export type ControlTrigger = `${"remote" | "manual" | "local"}-${"disconnect" | "reconnect"}`;

const { disconnected, connected, readyForReconnection } = ControlState;

interface Transition {
  readonly trigger: ControlTrigger;
  readonly from: number;
  readonly to: number;
}

/** The transitions in the table of the Blue Book. */
const transitions: Readonly<Record<string, Transition>> = {
  a: { trigger: "remote-reconnect", from: disconnected, to: connected },
  b: { trigger: "remote-disconnect", from: connected, to: disconnected },
  c: { trigger: "remote-disconnect", from: readyForReconnection, to: disconnected },
  d: { trigger: "remote-reconnect", from: disconnected, to: readyForReconnection },
  e: { trigger: "manual-reconnect", from: readyForReconnection, to: connected },
  f: { trigger: "manual-disconnect", from: connected, to: readyForReconnection },
  g: { trigger: "local-disconnect", from: connected, to: readyForReconnection },
  h: { trigger: "local-reconnect", from: readyForReconnection, to: connected },
  i: { trigger: "remote-reconnect", from: readyForReconnection, to: connected },
};

/** The transitions of each mode. */
const modes0: Readonly<Record<number, string>> = {
  0: "",
  1: "bcfgde",
  2: "bcfgae",
  3: "bcgde",
  4: "bcgae",
  5: "bcfgdeh",
  6: "bcgdeh",
};
const modes1: Readonly<Record<number, string>> = { ...modes0, 7: "bcgaieh" };

/** The contact that a disconnect control operates. */
export interface Contact {
  /**
   * Opens or closes the contact; returns its state afterwards, true: connected. If that is not the requested state, output_state differs
   * from control_state. If it throws, that is a hardware fault: the command is answered with hardware-fault and changes nothing.
   */
  move(connected: boolean, context: Context): MaybePromise<boolean>;
  /**
   * The maximum time that the contact needs, seconds. This time after a command that it has not followed, and at power-up, the contact gets
   * the command once more. If it does not follow then, an event is reported.
   */
  readonly switchingTime?: number;
}

export interface DisconnectControlOptions {
  /** 4 by default: a client disconnects and reconnects. */
  readonly controlMode?: number;
  /** 0 by default; version 1 has mode 7. */
  readonly version?: 0 | 1;
  /** Kept in memory by default: it always has the requested state at once. */
  readonly contact?: Contact;
  /**
   * Refuses (read-write-denied) a remote command that the mode or the state does not allow. By default such a command succeeds and does
   * nothing.
   */
  readonly refuse?: boolean;
  /** Modes in addition to those of the standard, as letters of its transitions: `{ 129: "bcgae" }`. */
  readonly modes?: Readonly<Record<number, string>>;
  /** Called in the same unit of work when the output has changed, for example to write an event log. */
  readonly changed?: (values: Readonly<DisconnectControlValues>, context: Context) => MaybePromise<void>;
}

/** The behaviour of an object: `contact` and the other options that were passed when it was made. */
interface Manner extends DisconnectControlOptions {
  readonly table: Readonly<Record<number, string>>;
}

// The key is the hooks object, which a copy under another logical name shares.
const manners = new WeakMap<object, Manner>();
const mannerOf = ({ hooks, spec }: AnyObject): Manner =>
  manners.get(hooks) ?? { table: spec.version === 0 ? modes0 : modes1 };

/**
 * A disconnect control, connected at first (class 70; Blue Book 4.5.8). Its methods are the remote commands. The meter's own functions and
 * buttons use `localDisconnect`, `localReconnect`, `manualDisconnect` and `manualReconnect`. Actions of a Limiter's script count as local.
 * Writing mode 0 connects.
 */
export function disconnectControl(
  instance: LogicalName = "0.0.96.3.10.255",
  options: DisconnectControlOptions = {},
  hooks: Hooks<typeof DisconnectControl> = {},
): CosemObject<typeof DisconnectControl> {
  const { controlMode = 4, version = 0, modes } = options;
  const manner: Manner = { ...options, table: { ...(version === 0 ? modes0 : modes1), ...modes } };
  // The classes differ only in the names of modes.
  const spec = (version === 0 ? DisconnectControl : DisconnectControl1) as typeof DisconnectControl;
  const remote = (values: DisconnectControlValues, to: "disconnect" | "reconnect", context: Context) => {
    const local = "self" in context.by && context.by.self === "limiter";
    const moved = trigger(values, `${local ? "local" : "remote"}-${to}`, context, manner);
    return after(moved, (done) => {
      if (!done && manner.refuse === true) {
        throw refuse(
          "read-write-denied",
          `mode ${values.controlMode} has no such command in state ${values.controlState}`,
        );
      }
    });
  };
  const { contact } = manner;
  const made = object(
    spec,
    instance,
    { outputState: true, controlState: connected, controlMode },
    {
      ...(contact === undefined ? {} : { time: contactTime(contact, manner) }),
      ...hooks,
      write: {
        controlMode(values, mode, context) {
          if (manner.table[mode] === undefined) throw refuse("other-reason", `there is no control mode ${mode}`);
          values.controlMode = mode;
          return mode === 0 ? after(enter(values, connected, context, manner), () => undefined) : undefined;
        },
        ...hooks.write,
      },
      invoke: {
        remoteDisconnect: (values, _, context) => remote(values, "disconnect", context),
        remoteReconnect: (values, _, context) => remote(values, "reconnect", context),
        ...hooks.invoke,
      },
    },
  );
  manners.set(made.hooks, manner);
  return made;
}

/** Repeats the command for a contact that follows late, and at power-up. */
function contactTime(contact: Contact, manner: Manner): Timeline<DisconnectControlValues, Context, TimeContext> {
  const again = (values: DisconnectControlValues, context: Context): MaybePromise<void> => {
    const told = values.controlState === connected;
    values.state = settled;
    return after(moved(contact, told, context), (stands) =>
      after(show(values, stands, context, manner), () => {
        if (stands !== told) context.device.failed?.(`the contact of ${context.object.instance}`, stuck(told, context));
      }),
    );
  };
  return {
    missed: "each",
    next({ state = settled }, { clockAt }, from) {
      return state === settled ? undefined : Math.max(from + 1, clockAt(state));
    },
    run: again,
    poweredUp: again,
  };
}

// No command is pending.
const settled = -1;

/** Updates the attributes to the state of the contact. */
function show(
  values: DisconnectControlValues,
  stands: boolean,
  context: Context,
  { changed }: Manner,
): MaybePromise<void> {
  if (values.outputState === stands) return undefined;
  values.outputState = stands;
  return changed?.(values, context);
}

/** Performs a transition of the table; returns whether the state changed. */
function trigger(
  values: DisconnectControlValues,
  by: ControlTrigger,
  context: Context,
  manner: Manner,
): MaybePromise<boolean> {
  const letters = manner.table[values.controlMode] ?? "";
  for (const letter of letters) {
    const found = transitions[letter];
    if (found?.trigger === by && found.from === values.controlState) return enter(values, found.to, context, manner);
  }
  return false;
}

function enter(
  values: DisconnectControlValues,
  state: number,
  context: Context,
  manner: Manner,
): MaybePromise<boolean> {
  if (values.controlState === state) return false;
  const told = state === connected;
  const { contact } = manner;
  const stand = (stands: boolean): MaybePromise<boolean> => {
    values.controlState = state;
    const late = stands === told ? undefined : contact?.switchingTime;
    if (contact !== undefined) values.state = late === undefined ? settled : context.elapsed + late * 1000;
    return after(show(values, stands, context, manner), () => true);
  };
  if (contact === undefined || values.outputState === told) return stand(told);
  return after(moved(contact, told, context), stand);
}

function moved(contact: Contact, told: boolean, context: Context): MaybePromise<boolean> {
  const failed = (error: unknown): never => {
    context.device.failed?.(`the contact of ${context.object.instance}`, error);
    throw stuck(told, context);
  };
  return attempt(() => contact.move(told, context), failed);
}

const stuck = (told: boolean, { object: { instance } }: Context) =>
  refuse("hardware-fault", `the contact of ${instance} did not ${told ? "close" : "open"}`);

/** A trigger of the meter itself, in the unit of work of the view. */
function own(control: AnyObject, by: ControlTrigger, device: DeviceView): MaybePromise<boolean> {
  return trigger(
    device.draft(control as CosemObject<typeof DisconnectControl>),
    by,
    device.context(control),
    mannerOf(control),
  );
}

/**
 * A function of the meter itself (prepayment, a limit, tamper detection) disconnects. The state becomes ready for reconnection in every
 * mode except 0. `device`: the view of a hook (`context.device`) or of `meter.change`. Returns whether the state changed. Throws
 * hardware-fault.
 */
export const localDisconnect = (control: AnyObject, device: DeviceView): MaybePromise<boolean> =>
  own(control, "local-disconnect", device);
/** A function of the meter itself reconnects: only in modes that allow it (5, 6, 7) and in the state ready for reconnection. */
export const localReconnect = (control: AnyObject, device: DeviceView): MaybePromise<boolean> =>
  own(control, "local-reconnect", device);
/** A person presses the button to disconnect; it has an effect in modes 1, 2 and 5. */
export const manualDisconnect = (control: AnyObject, device: DeviceView): MaybePromise<boolean> =>
  own(control, "manual-disconnect", device);
/** A person presses the button to reconnect; it has an effect in the state ready for reconnection only. */
export const manualReconnect = (control: AnyObject, device: DeviceView): MaybePromise<boolean> =>
  own(control, "manual-reconnect", device);

import type { LogicalName } from "@dlmskit/core";
import type { TimeWindow } from "../classes/common-types.ts";
import { AutoConnect0, AutoConnect1, AutoConnect2, AutoConnectMode as Mode } from "../classes/ports/auto-connect.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isWindowOpen, nextWindowEdge } from "./time-window.ts";

type ConnectValues = Values<typeof AutoConnect2>;
type State = NonNullable<ConnectValues["state"]>;

/** Makes connections: the modem or the network. */
export interface ConnectPort {
  /** Connects to a destination of the list. If it returns false or throws, the attempt has failed. */
  connect(destination: Uint8Array, context: Context): MaybePromise<boolean>;
  disconnect(context: Context): MaybePromise<void>;
}

export interface AutoConnectOptions {
  /** A value of `AutoConnectMode`. */
  readonly mode: number;
  readonly port: ConnectPort;
  /** They are tried in this order. */
  readonly destinations: readonly Uint8Array[];
  /** The number of further attempts after a failed one; 0 by default. */
  readonly repetitions?: number;
  /** Seconds between two attempts; 60 by default. */
  readonly repetitionDelay?: number;
  /** The windows in which it connects; empty (always) by default. */
  readonly callingWindow?: readonly TimeWindow[];
  /** 2 by default; versions 0 and 1 have no method, version 0 has only the modes 0 to 3. */
  readonly version?: 0 | 1 | 2;
}

const specs = { 0: AutoConnect0, 1: AutoConnect1, 2: AutoConnect2 } as const;
const idle: State = { connected: false, byRequest: false, failed: 0, due: 0n };

/** The ports of the objects. The key is the hooks object, which a copy under another logical name shares. */
const ports = new WeakMap<object, ConnectPort>();

/**
 * When and to whom the meter connects (class 29; Blue Book 4.7.6): in modes 101 to 104 automatically and by `connect`, in modes 1 to 3 when
 * the meter's program calls `callOut`. An attempt tries the destinations in order. After `repetitions` further failed attempts it waits for
 * the next window or for `connect`; mode 101 starts again.
 */
export function autoConnect(
  instance: LogicalName,
  options: AutoConnectOptions,
  hooks: Hooks<typeof AutoConnect2> = {},
): CosemObject<typeof AutoConnect2> {
  const { mode, destinations, port, repetitions = 0, repetitionDelay = 60, callingWindow = [], version = 2 } = options;
  const list = version === 0 ? { phoneList: [...destinations] } : { destinationList: [...destinations] };
  const values = { mode, repetitions, repetitionDelay, callingWindow: [...callingWindow], ...list };
  const made = object(specs[version] as typeof AutoConnect2, instance, values as unknown as ConnectValues, {
    time: timeline,
    ...hooks,
    write: {
      mode(own, written) {
        own.mode = written;
        restart(own);
      },
      callingWindow(own, written) {
        own.callingWindow = written;
        restart(own);
      },
      ...hooks.write,
    },
    invoke: {
      ...(version === 2 ? { connect: (own, _, context) => request(own, "connect", context) } : {}),
      ...hooks.invoke,
    },
  });
  ports.set(made.hooks, port);
  return made;
}

const stateOf = ({ state }: Readonly<ConnectValues>): State => state ?? idle;

/** Starts a new series of attempts; an open connection stays open until the mode is evaluated. */
function restart(values: ConnectValues): void {
  values.state = { ...stateOf(values), failed: 0, due: 0n };
}

const isOpen = ({ callingWindow }: Readonly<ConnectValues>, local: LocalTime, now: number): boolean =>
  callingWindow.length === 0 || isWindowOpen(callingWindow, local, now);

/** Whether the mode requires a connection at an instant, automatically or because it was requested. */
function isWanted(values: Readonly<ConnectValues>, local: LocalTime, now: number): boolean {
  const { byRequest } = stateOf(values);
  if (values.mode === Mode.permanent) return true;
  const isPermanent =
    values.mode === Mode.permanentWithinWindow || values.mode === Mode.permanentWithinWindowElseOnConnect;
  if (isPermanent && isOpen(values, local, now)) return true;
  return byRequest && values.mode !== Mode.permanentWithinWindow;
}

/** The reason to connect: a client invoked `connect`, or the meter has a regular message or an alarm to send. */
type Reason = "connect" | "regular" | "alarm";

const allowed: Readonly<Record<number, (open: boolean, reason: Reason) => boolean>> = {
  [Mode.anytime]: (_, reason) => reason !== "connect",
  [Mode.withinWindow]: (open, reason) => open && reason !== "connect",
  [Mode.regularWithinWindowAlarmAnytime]: (open, reason) => reason === "alarm" || (open && reason === "regular"),
  [Mode.permanent]: () => true,
  [Mode.permanentWithinWindow]: (open) => open,
  [Mode.permanentWithinWindowElseOnConnect]: (open, reason) => open || reason === "connect",
  [Mode.onConnect]: (_, reason) => reason === "connect",
};

/** Starts to connect, if the mode allows it. */
function request(values: ConnectValues, reason: Reason, context: Context): MaybePromise<void> {
  const { local, now, elapsed } = context;
  if (allowed[values.mode]?.(isOpen(values, local, now), reason) !== true) {
    throw refuse("other-reason", `mode ${values.mode} does not connect now`);
  }
  const state = stateOf(values);
  if (state.connected) return;
  values.state = { ...state, byRequest: true, failed: 0, due: BigInt(Math.ceil(elapsed)) };
}

/**
 * The meter has something to send: connects if the mode allows it (1 to 3; 101 to 103 are connected anyway). `device`: the view of a hook
 * or of `meter.change`. Fault `other-reason` if the mode does not allow it.
 */
export const callOut = (
  connecting: CosemObject<typeof AutoConnect2>,
  reason: "regular" | "alarm",
  device: Context["device"],
): MaybePromise<void> => request(device.draft(connecting), reason, device.context(connecting));

/** The connection has ended: it was lost, or the inactivity time-out of the port has passed. */
export function connectionEnded(connecting: CosemObject<typeof AutoConnect2>, device: Context["device"]): void {
  device.set(connecting, "state", idle);
}

/** Whether it is connected now. */
export const isConnected = (values: Readonly<ConnectValues>): boolean => stateOf(values).connected;

const timeline: Timeline<ConnectValues, Context, TimeContext> = {
  // A missed connection is not made up for.
  missed: "last",
  next(values, { local, clockAt }, afterwards) {
    const { connected, due, failed } = stateOf(values);
    const edge = nextWindowEdge(values.callingWindow, local, afterwards);
    const soon = Math.floor(afterwards) + 1;
    if (connected) return isWanted(values, local, afterwards) ? edge : soon;
    if (!isWanted(values, local, afterwards) && due === 0n) return edge;
    if (failed > 0 && due === 0n) return edge;
    const at = Math.max(soon, due === 0n ? soon : clockAt(Number(due)));
    return edge === undefined ? at : Math.min(at, edge);
  },
  run(values, context): MaybePromise<void> {
    const { local, now, elapsed } = context;
    const state = stateOf(values);
    const starts = nextWindowEdge(values.callingWindow, local, now - 1) === now;
    if (starts) restart(values);
    const { connected, due, failed } = stateOf(values);
    const wanted = isWanted(values, local, now);
    if (connected && !wanted) {
      values.state = idle;
      return port(context).disconnect(context);
    }
    if (connected || !(wanted || state.byRequest)) {
      if (!connected) values.state = idle;
      return undefined;
    }
    if (Number(due) > elapsed || (failed > 0 && due === 0n)) return undefined;
    return after(connect(values, context), (done) => {
      values.state = done ? { ...stateOf(values), connected: true, failed: 0, due: 0n } : failedOnce(values, context);
    });
  },
  poweredUp(values) {
    values.state = idle;
  },
  moved: (_values, _context, _from, to) => [to],
};

function failedOnce(values: Readonly<ConnectValues>, { elapsed }: Context): State {
  const { byRequest, failed } = stateOf(values);
  const again = failed < values.repetitions || values.mode === Mode.permanent;
  const due = again ? BigInt(Math.ceil(elapsed + Math.max(1, values.repetitionDelay) * 1000)) : 0n;
  return { connected: false, byRequest: byRequest && again, failed: Math.min(failed + 1, 0xffff), due };
}

const port = ({ object: { hooks } }: Context): ConnectPort => ports.get(hooks) as ConnectPort;

/** Tries the destinations in order; returns whether one was reached. */
function connect(values: Readonly<ConnectValues>, context: Context): MaybePromise<boolean> {
  const { destinationList, phoneList } = values as { destinationList?: Uint8Array[]; phoneList?: Uint8Array[] };
  const list = destinationList ?? phoneList ?? [];
  const from = (at: number): MaybePromise<boolean> => {
    const destination = list[at];
    if (destination === undefined) return false;
    const one = attempt<boolean>(
      () => port(context).connect(destination, context),
      (error) => {
        context.device.failed?.(`the connection of ${context.object.instance}`, error);
        return false;
      },
    );
    return after(one, (done) => done || from(at + 1));
  };
  return from(0);
}

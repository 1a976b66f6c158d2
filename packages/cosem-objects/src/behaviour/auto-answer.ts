import type { LogicalName } from "@dlmskit/core";
import type { TimeWindow } from "../classes/common-types.ts";
import { AutoAnswer2, AutoAnswerMode, AutoAnswerStatus, CallType } from "../classes/ports/auto-answer.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { type Context, type CosemObject, type DeviceView, type Hooks, object, type TimeContext } from "../object.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isWindowOpen, nextWindowEdge } from "./time-window.ts";

type AnswerValues = Values<typeof AutoAnswer2>;

export interface AutoAnswerOptions {
  /** A value of `AutoAnswerMode`: 1 counts calls, 2 counts successful calls. */
  readonly mode: number;
  /** The windows in which calls are answered after `nrRingsInWindow`; empty (always) by default. */
  readonly listeningWindow?: readonly TimeWindow[];
  /** After this number of calls no more are answered until the next window starts; 0 (no limit) by default. */
  readonly numberOfCalls?: number;
  /** 0: calls are not answered. By default 1 in windows, and no answer outside them. */
  readonly numberOfRings?: AnswerValues["numberOfRings"];
  /** The callers that are answered: patterns with `?` and `*`; empty (every caller) by default. */
  readonly callers?: readonly { readonly caller: string; readonly callType: number }[];
}

const { inactive, active, locked } = AutoAnswerStatus;
const isOpen = ({ listeningWindow }: Readonly<AnswerValues>, local: LocalTime, now: number): boolean =>
  listeningWindow.length === 0 || isWindowOpen(listeningWindow, local, now);

/** When a modem answers calls (class 28, version 2; Blue Book 4.7.5). The user's modem code calls `incomingCall` and `answeredCall`. */
export function autoAnswer(
  instance: LogicalName,
  options: AutoAnswerOptions,
  hooks: Hooks<typeof AutoAnswer2> = {},
): CosemObject<typeof AutoAnswer2> {
  const { mode, listeningWindow = [], numberOfCalls = 0, callers = [] } = options;
  return object(
    AutoAnswer2,
    instance,
    {
      ...{ mode, listeningWindow: [...listeningWindow], numberOfCalls },
      status: listeningWindow.length === 0 ? active : inactive,
      numberOfRings: options.numberOfRings ?? { nrRingsInWindow: 1, nrRingsOutOfWindow: 0 },
      listOfAllowedCallers: callers.map(({ caller, callType }) => ({
        callerId: Uint8Array.from(caller, (letter) => letter.charCodeAt(0)),
        callType,
      })),
      state: 0,
    },
    { time: windows, ...hooks },
  );
}

const windows: Timeline<AnswerValues, Context, TimeContext> = {
  missed: "last",
  next: ({ listeningWindow }, { local }, after) => nextWindowEdge(listeningWindow, local, after),
  run: (values, { local, now }) => turn(values, local, now),
  restored: (_values, _context, _from, to) => [to],
  moved: (_values, _context, _from, to) => [to],
};

/** When a window starts, counting starts again. Outside windows the status is inactive; locked remains until the next window starts. */
function turn(values: AnswerValues, local: LocalTime, now: number): void {
  const open = isOpen(values, local, now);
  const starts = nextWindowEdge(values.listeningWindow, local, now - 1) === now && open;
  if (starts) values.state = 0;
  if (starts || (open && values.status === inactive && !isUsedUp(values))) values.status = active;
  if (!open && values.status === active) values.status = inactive;
}

const isUsedUp = ({ numberOfCalls, state = 0 }: Readonly<AnswerValues>): boolean =>
  numberOfCalls > 0 && state >= numberOfCalls;

/**
 * How a modem handles a call: it answers after a number of rings, wakes up (the call is not answered, but has an effect), or does nothing.
 */
export type CallDecision =
  | { readonly do: "answer"; readonly rings: number }
  | { readonly do: "wake-up" }
  | { readonly do: "ignore" };

/** The handling of a call from `caller` now (`context`: that of the object, for the meter's own program). */
export function incomingCall(
  answering: CosemObject<typeof AutoAnswer2>,
  caller: string,
  context: Context,
): CallDecision {
  const { device, local, now } = context;
  const values = device.values(answering);
  const { listOfAllowedCallers, numberOfRings, status } = values;
  const listed = listOfAllowedCallers.find(({ callerId }) => matches(String.fromCharCode(...callerId), caller));
  if (listed === undefined && listOfAllowedCallers.length > 0) return { do: "ignore" };
  if (listed?.callType === CallType.wakeUpRequest) return { do: "wake-up" };
  const open = isOpen(values, local, now);
  const rings = open ? numberOfRings.nrRingsInWindow : numberOfRings.nrRingsOutOfWindow;
  if (rings === 0 || status === locked || isUsedUp(values)) return { do: "ignore" };
  return { do: "answer", rings };
}

/** Records that a call was answered, successfully or not. It is counted according to the mode, until the number of calls is used up. */
export function answeredCall(
  answering: CosemObject<typeof AutoAnswer2>,
  successful: boolean,
  device: DeviceView,
): void {
  const values = device.values(answering);
  const { limitedCalls, limitedSuccessfulCalls } = AutoAnswerMode;
  const counts = values.mode === limitedCalls || (values.mode === limitedSuccessfulCalls && successful);
  if (!counts) return;
  const state = Math.min(255, (values.state ?? 0) + 1);
  device.set(answering, "state", state);
  if (isUsedUp({ ...values, state })) device.set(answering, "status", inactive);
}

/** The meter's own program, or a client, releases the line: no calls are answered until the next window starts. */
export const lockLine = (answering: CosemObject<typeof AutoAnswer2>, device: DeviceView): void =>
  device.set(answering, "status", locked);

/** Whether a caller matches a pattern: `?` is any character, `*` any number of characters. */
function matches(pattern: string, caller: string): boolean {
  let [at, place] = [0, 0];
  let star: { readonly behind: number; place: number } | undefined;
  while (place < caller.length) {
    if (pattern[at] === "*") {
      at++;
      star = { behind: at, place };
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === caller[place])) {
      at++;
      place++;
    } else if (star !== undefined) {
      // The star matches one character more.
      star.place++;
      at = star.behind;
      place = star.place;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}

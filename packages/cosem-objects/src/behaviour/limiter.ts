import { type Data, encodeData } from "@dlmskit/apdu";
import { type LogicalName, sameOctets, unspecifiedDateTime } from "@dlmskit/core";
import { Limiter } from "../classes/time/limiter.ts";
import type { Timeline, Values, Watch } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { Context, CosemObject, Hooks, TimeContext, WatchedChange } from "../object.ts";
import { object } from "../object.ts";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isOff } from "../time/pattern.ts";
import { noScript, runScripts } from "./local-action.ts";
import {
  checkMonitored,
  checkThresholds,
  definitionOf,
  isAbove,
  type Monitored,
  nextSample,
  readMonitored,
  sampling,
} from "./monitored-value.ts";
import { singleInstant } from "./single-instant.ts";

type LimiterValues = Values<typeof Limiter>;
type State = NonNullable<LimiterValues["state"]>;

export interface LimiterOptions {
  readonly monitored: Monitored;
  /** In the type of the monitored value and with its scaler. */
  readonly thresholdNormal: LimiterValues["thresholdNormal"];
  /** thresholdNormal by default. */
  readonly thresholdEmergency?: LimiterValues["thresholdEmergency"];
  /** Seconds that the value must be above the threshold before action_over runs; 0 by default: it runs at once. */
  readonly minOverThresholdDuration?: number;
  /** Seconds that the value must not be above the threshold before action_under runs; 0 by default. */
  readonly minUnderThresholdDuration?: number;
  readonly emergencyProfile?: LimiterValues["emergencyProfile"];
  readonly emergencyProfileGroupIdList?: LimiterValues["emergencyProfileGroupIdList"];
  /** No actions by default. */
  readonly actions?: Partial<LimiterValues["actions"]>;
  /** Also reads the value at this interval, seconds. For a value that a read hook computes: its changes are not stored. */
  readonly sampleEvery?: number;
}

const noEmergency = { emergencyProfileId: 0, emergencyActivationTime: unspecifiedDateTime, emergencyDuration: 0 };
const under: State = { over: false, timerRuns: false, since: 0 };

/**
 * Runs a script when a value has been above a threshold for some time, and another when it has not been above it for some time (class 71;
 * Blue Book 4.5.9), once for each crossing. Actions of the scripts on a Disconnect control count as local. The durations are elapsed time,
 * which clock settings do not affect, and start again at power-up; the emergency profile uses the meter's clock.
 */
export function limiter(
  instance: LogicalName,
  {
    monitored,
    thresholdNormal,
    thresholdEmergency = thresholdNormal,
    minOverThresholdDuration = 0,
    minUnderThresholdDuration = 0,
    emergencyProfile = noEmergency,
    emergencyProfileGroupIdList = [],
    actions: { actionOverThreshold = noScript, actionUnderThreshold = noScript } = {},
    sampleEvery,
  }: LimiterOptions,
  hooks: Hooks<typeof Limiter> = {},
): CosemObject<typeof Limiter> {
  const time: Timeline<LimiterValues, Context, TimeContext> = {
    ...sampling,
    next: (values, context, from) => next(values, context, from, sampleEvery),
    run: (values, context) => look(values, context, true),
    poweredUp(values, context) {
      values.state = under;
      return look(values, context, false);
    },
  };
  return object(
    Limiter,
    instance,
    {
      ...{
        monitoredValue: definitionOf(monitored),
        thresholdActive: thresholdNormal,
        thresholdNormal,
        thresholdEmergency,
      },
      ...{ minOverThresholdDuration, minUnderThresholdDuration, emergencyProfile, emergencyProfileGroupIdList },
      ...{ emergencyProfileActive: false, actions: { actionOverThreshold, actionUnderThreshold } },
    },
    { time, watch, ...hooks, write: { ...writes, ...hooks.write } },
  );
}

const watch: Watch<LimiterValues, Context, WatchedChange> = {
  attributes: ({ monitoredValue }) => [monitoredValue],
  changed: (values, context) => look(values, context, true),
};

const threshold =
  (name: "thresholdNormal" | "thresholdEmergency") =>
  (values: LimiterValues, written: Data, context: Context): MaybePromise<void> =>
    after(checkThresholds([written], values.monitoredValue, context), () => {
      values[name] = written as LimiterValues[typeof name];
      return look(values, context, false);
    });

const writes: Hooks<typeof Limiter>["write"] = {
  thresholdActive() {
    throw refuse("read-write-denied", "threshold_active follows from the others");
  },
  emergencyProfileActive() {
    throw refuse("read-write-denied", "emergency_profile_active follows from the profile");
  },
  thresholdNormal: threshold("thresholdNormal"),
  thresholdEmergency: threshold("thresholdEmergency"),
  monitoredValue(values, written, context) {
    checkMonitored(written, context.device);
    values.monitoredValue = written;
    stopTimer(values);
    return look(values, context, false);
  },
  emergencyProfile(values, written, context) {
    const { emergencyActivationTime: time } = written;
    if (!isOff(time) && singleInstant(time, context.local) === undefined) {
      throw refuse("other-reason", "the activation time names no instant");
    }
    values.emergencyProfile = written;
    return look(values, context, false);
  },
  emergencyProfileGroupIdList(values, written, context) {
    values.emergencyProfileGroupIdList = written;
    return look(values, context, false);
  },
};

function stopTimer(values: LimiterValues): void {
  const state = values.state ?? under;
  if (state.timerRuns) values.state = { ...state, timerRuns: false };
}

/** The start and end of the emergency profile; undefined: none is set. */
function emergency(values: Readonly<LimiterValues>, local: LocalTime): readonly [number, number] | undefined {
  const { emergencyProfileId, emergencyActivationTime, emergencyDuration } = values.emergencyProfile;
  if (emergencyDuration === 0 || !values.emergencyProfileGroupIdList.includes(emergencyProfileId)) return undefined;
  const from = isOff(emergencyActivationTime) ? undefined : singleInstant(emergencyActivationTime, local);
  return from === undefined ? undefined : [from, from + emergencyDuration * 1000];
}

function next(
  values: Readonly<LimiterValues>,
  { local, clockAt }: TimeContext,
  after: number,
  sampleEvery: number | undefined,
): number | undefined {
  const state = values.state ?? under;
  const [from, to] = emergency(values, local) ?? [];
  const instants = [
    nextSample(sampleEvery, after),
    state.timerRuns ? clockAt(state.since + duration(values, state) * 1000) : undefined,
    values.emergencyProfileActive ? (to ?? after) : to === undefined || to <= after ? undefined : from,
  ].filter((instant) => instant !== undefined);
  // Work that is already overdue is done now.
  return instants.length === 0 ? undefined : Math.max(after + 1, Math.min(...instants));
}

const duration = (values: Readonly<LimiterValues>, { over }: State): number =>
  over ? values.minUnderThresholdDuration : values.minOverThresholdDuration;

/** Selects the threshold in force; returns whether it has changed. */
function chooseThreshold(values: LimiterValues, { local, now }: Context): boolean {
  const [from = 0, to = 0] = emergency(values, local) ?? [];
  const active = from <= now && now < to;
  if (active !== values.emergencyProfileActive) values.emergencyProfileActive = active;
  const chosen = active ? values.thresholdEmergency : values.thresholdNormal;
  if (sameOctets(encodeData(chosen), encodeData(values.thresholdActive))) return false;
  values.thresholdActive = chosen;
  return true;
}

/** Compares the value with the threshold. Without `act`, or if the threshold has changed, timers start and stop but no action runs. */
function look(values: LimiterValues, context: Context, act: boolean): MaybePromise<void> {
  const chosen = chooseThreshold(values, context);
  if (chosen) stopTimer(values);
  const read = attempt<Data | undefined>(
    () => readMonitored(values.monitoredValue, context),
    (error) => {
      if (act) throw error;
      return undefined;
    },
  );
  return after(read, (value) => (value === undefined ? undefined : judge(values, context, value, act && !chosen)));
}

function judge(values: LimiterValues, context: Context, value: Data, act: boolean): MaybePromise<void> {
  const state = values.state ?? under;
  const crossed = isAbove(value, values.thresholdActive) !== state.over;
  if (!crossed) return stopTimer(values);
  const since = state.timerRuns ? state.since : context.elapsed;
  if (act && context.elapsed - since >= duration(values, state) * 1000) {
    values.state = { over: !state.over, timerRuns: false, since: 0 };
    const { actionOverThreshold, actionUnderThreshold } = values.actions;
    return runScripts([state.over ? actionUnderThreshold : actionOverThreshold], context);
  }
  if (!state.timerRuns) values.state = { ...state, timerRuns: true, since };
  return undefined;
}

import { type Data, encodeData, treeOf } from "@dlmskit/apdu";
import { concat, type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { ParameterMonitor0, ParameterMonitor1 } from "../classes/time/parameter-monitor.ts";
import type { Values, Watch } from "../interface-class.ts";
import { after, afterEach, attempt, type MaybePromise } from "../maybe-promise.ts";
import { type AnyObject, type Context, type CosemObject, type Hooks, object, type WatchedChange } from "../object.ts";
import { checkMonitored, definitionOf, type Monitored, noValue } from "./monitored-value.ts";

type MonitorValues = Values<typeof ParameterMonitor1>;
type Parameter = MonitorValues["parameterList"][number];

export interface ParameterMonitorOptions {
  readonly parameters?: readonly Monitored[];
  /** 1 by default; version 0 has attributes 2 to 4 only. */
  readonly version?: 0 | 1;
  readonly parameterListName?: Uint8Array;
  /** 0 by default; the meter and its clients must agree on the meaning of the numbers. */
  readonly hashAlgorithmId?: number;
  /** Computes the digest of the encoded values, which are concatenated in the order of the list. Without it the digest is empty. */
  readonly digest?: (hashAlgorithmId: number, values: Uint8Array, context: Context) => MaybePromise<Uint8Array>;
  /** A Profile generic that captures each change. */
  readonly log?: AnyObject;
}

/**
 * Shows which of the listed attributes was changed last, and when (class 65; Blue Book 4.5.10). Writing an equal value is not a change. If
 * one request changes several attributes, each is recorded in the order of the list, and the last one remains.
 */
export function parameterMonitor(
  instance: LogicalName,
  options: ParameterMonitorOptions = {},
  hooks: Hooks<typeof ParameterMonitor1> = {},
): CosemObject<typeof ParameterMonitor1> {
  const { parameters = [], version = 1, digest, log } = options;
  const { parameterListName = new Uint8Array(0), hashAlgorithmId = 0 } = options;
  const both = {
    changedParameter: { ...noValue, attributeValue: nothing },
    captureTime: unspecifiedDateTime,
    parameterList: parameters.map(definitionOf),
  };
  const values = {
    ...{ ...both, parameterListName, hashAlgorithmId },
    ...{ parameterValueDigest: new Uint8Array(0), parameterValues: { type: "structure", value: [] } as const },
  };
  const watch: Watch<MonitorValues, Context, WatchedChange> = {
    attributes: ({ parameterList }) => parameterList,
    changed: (own, context, changes) =>
      afterEach(changes, ({ attribute }) =>
        after(context.device.get(attribute), (value) => {
          own.changedParameter = { ...attribute, attributeValue: treeOf(value) };
          own.captureTime = context.local.dateTimeOf(context.now);
          return log === undefined ? undefined : context.device.invoke(log, capture, { type: "integer", value: 0 });
        }),
      ),
  };
  const current: Hooks<typeof ParameterMonitor1>["read"] = {
    parameterValues: ({ parameterList }, context) =>
      after(valuesOf(parameterList, context), (value) => ({ type: "structure", value })),
    parameterValueDigest: ({ parameterList, hashAlgorithmId: algorithm }, context) =>
      after(valuesOf(parameterList, context), (all) =>
        digest === undefined ? new Uint8Array(0) : digest(algorithm, concat(...all.map(encodeData)), context),
      ),
  };
  // Version 0 has only the first three attributes.
  const spec = (version === 0 ? ParameterMonitor0 : ParameterMonitor1) as typeof ParameterMonitor1;
  return object(spec, instance, (version === 0 ? both : values) as typeof values, {
    watch,
    ...hooks,
    read: { ...(version === 0 ? {} : current), ...hooks.read },
    write: {
      parameterList(own, written, { device }) {
        for (const parameter of written) checkMonitored(parameter, device);
        own.parameterList = written;
      },
      ...hooks.write,
    },
    invoke: {
      addParameter(own, added, { device }) {
        checkMonitored(added, device);
        if (!own.parameterList.some(isSame(added))) own.parameterList = [...own.parameterList, added];
      },
      deleteParameter(own, deleted) {
        const same = isSame(deleted);
        own.parameterList = own.parameterList.filter((one) => !same(one));
      },
      ...hooks.invoke,
    },
  });
}

/** Method 2 of a Profile generic. */
const capture = 2;
const nothing: Data = { type: "null-data" };

const isSame =
  (one: Parameter) =>
  (other: Parameter): boolean =>
    one.classId === other.classId && one.instanceId === other.instanceId && one.attributeId === other.attributeId;

/** The values as a GET would read them; null-data for a value that cannot be read now. */
function valuesOf(parameters: readonly Parameter[], { device }: Context): MaybePromise<Data[]> {
  const read = (one: Parameter): MaybePromise<Data> => after(device.get(one), treeOf);
  return afterEach(parameters, (one) =>
    attempt(
      () => read(one),
      () => nothing,
    ),
  );
}

import { encodeApdu } from "@dlmskit/apdu";
import { Fault, fromAscii, type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import type { ProtectionParameters } from "../classes/access/protection-parameters.ts";
import {
  PushOperationMethod,
  PushSetup0,
  PushSetup1,
  PushSetup2,
  PushSetup3,
  type PushState,
  TransportService,
} from "../classes/access/push-setup.ts";
import type { TimeWindow } from "../classes/common-types.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { after, afterEach, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { Context, CosemObject, Hooks, NotificationAttempt, TimeContext } from "../object.ts";
import { object } from "../object.ts";
import { encodedStructure } from "../profile/elements.ts";
import type { LocalTime } from "../time/local-time.ts";
import { type PushObject, pushCell } from "./push-body.ts";
import { asksForConfirmation, type ConfirmationValues } from "./push-confirmation.ts";
import { destinationOf, type SendDestination } from "./push-destination.ts";
import { delayOf, drawOf, openFrom, type RepetitionDelay, startOf } from "./push-schedule.ts";

const classes = { 0: PushSetup0, 1: PushSetup1, 2: PushSetup2, 3: PushSetup3 } as const;
export type PushSetupVersion = keyof typeof classes;
type ClassOf<V extends PushSetupVersion> = (typeof classes)[V];
type Confirmation = Values<typeof PushSetup2>["confirmationParameters"];

/** The values of every version that have an effect. */
interface PushValues extends ConfirmationValues {
  state?: PushState;
  readonly pushObjectList: readonly PushObject[];
  readonly sendDestinationAndMethod: SendDestination;
  readonly communicationWindow: readonly TimeWindow[];
  readonly randomisationStartInterval: number;
  readonly numberOfRetries: number;
  readonly repetitionDelay: RepetitionDelay;
  readonly portReference?: LogicalName;
  readonly pushClientSap?: number;
  readonly pushProtectionParameters?: readonly ProtectionParameters[];
  lastConfirmationDateTime?: Values<typeof PushSetup2>["lastConfirmationDateTime"];
}

export interface PushSetupOptions<V extends PushSetupVersion = PushSetupVersion> {
  /** 2 by default. */
  readonly version?: V;
  /** The pushed attributes, in order; attribute 0 means all attributes. Restrictions need version 1 to 3, columns need version 2 or 3. */
  readonly pushObjectList: readonly PushObject[];
  /**
   * The destination: `"192.0.2.7:4059"` over TCP, a URL (`"udp://192.0.2.7:4059"`), `"client:48"` (the open association of this client), or
   * the value of attribute 3.
   */
  readonly destination: string | SendDestination;
  /** When a push may be sent; always by default. */
  readonly communicationWindow?: readonly TimeWindow[];
  /** The randomisation interval, seconds; 0 by default. */
  readonly randomisationStartInterval?: number;
  /** The number of repetitions after a failed attempt; 0 by default. */
  readonly numberOfRetries?: number;
  /**
   * Seconds: a constant delay (versions 2 and 3: both minimum and maximum), or a value as in attribute 7 of versions 2 and 3; 60 by
   * default.
   */
  readonly repetitionDelay?: RepetitionDelay;
  /** The client whose association gives the keys and the policy that protect the push. 16, the public client, by default. */
  readonly client?: number;
  /** Versions 1 to 3: the object of the port to use, a TCP-UDP setup (class 41) or an IEC HDLC setup (class 23). */
  readonly portReference?: LogicalName;
  /**
   * Versions 1 to 3: layers in the order in which they are applied. None: the protection that the policy of the client's association
   * requires.
   */
  readonly protection?: readonly ProtectionParameters[];
  /** Versions 2 and 3: when a push counts as successful; `unconfirmedRetryOnFailure` by default. */
  readonly operationMethod?: keyof typeof PushOperationMethod;
  /**
   * Versions 2 and 3, for method `confirmed`: a push asks for confirmation from the start date on; with an interval (s) other than 0 only
   * until one push of the interval was confirmed.
   */
  readonly confirmationParameters?: Confirmation;
  /** The priority in the queue: higher ones are sent first; 0 by default. */
  readonly priority?: number;
  /** True: a push that is triggered while a window is open starts at once; the random delay is added only at the start of a window. */
  readonly randomiseOnlyAtWindowStart?: boolean;
}

const noPort: LogicalName = "0.0.0.0.0.0";

/**
 * Pushes values (class 40, versions 0 to 3; Blue Book 4.4.8). The method push, invoked by a client or a script, succeeds at once. At the
 * start of the next window and after a random delay the values are read and a DataNotification is put in the queue, in the same unit of
 * work as all changes of that instant. Repeated attempts have the same long-invoke-id and the same body. If pushes are triggered while a
 * series of attempts is in progress, one push follows for all of them. A push that cannot be sent at all (port, destination) is reported as
 * an event, and the series ends.
 */
export function pushSetup<V extends PushSetupVersion = 2>(
  instance: LogicalName,
  options: PushSetupOptions<V>,
  hooks: Hooks<ClassOf<V>> = {},
): CosemObject<ClassOf<V>> {
  const version: PushSetupVersion = options.version ?? 2;
  const always = options.randomiseOnlyAtWindowStart !== true;
  const { priority = 0, client = 16 } = options;
  const given: Hooks<typeof PushSetup2> = hooks as never;
  const time: Timeline<PushValues, Context, TimeContext> = {
    missed: "each",
    next({ state, ...values }, { local, clockAt }, from) {
      if (state === undefined || state.trigger === null) return undefined;
      return startOf(seriesOf(values, clockAt(state.trigger), state, always), local, from);
    },
    run: (values, context) => send(values, context, { priority, client }),
  };
  const made = object(classes[version] as typeof PushSetup2, instance, valuesOf(version, options) as never, {
    time: time as never,
    notified: { from: sendableFrom, attempted, protection } as never,
    ...given,
    invoke: {
      push: (values, _, context) => trigger(values as never, context),
      ...(version >= 2 ? { reset: (values) => reset(values as never) } : {}),
      ...given.invoke,
    },
  });
  return made as unknown as CosemObject<ClassOf<V>>;
}

function valuesOf(version: PushSetupVersion, options: PushSetupOptions): object {
  const { pushObjectList, destination, communicationWindow = [], randomisationStartInterval = 0 } = options;
  const { numberOfRetries = 0, repetitionDelay = 60, client = 16, portReference = noPort, protection = [] } = options;
  const { operationMethod = "unconfirmedRetryOnFailure" } = options;
  const seconds = typeof repetitionDelay === "number" ? repetitionDelay : repetitionDelay.repetitionDelayMin;
  return {
    pushObjectList: pushObjectList.map((element) => elementOf(version, element)),
    sendDestinationAndMethod:
      typeof destination === "string"
        ? { transportService: TransportService.tcp, destination: fromAscii(destination), message: 0 }
        : destination,
    ...{ communicationWindow, randomisationStartInterval, numberOfRetries },
    repetitionDelay:
      version < 2
        ? seconds
        : typeof repetitionDelay === "number"
          ? { repetitionDelayMin: seconds, repetitionDelayExponent: 100, repetitionDelayMax: seconds }
          : repetitionDelay,
    ...(version < 1 ? {} : { portReference, pushClientSap: client, pushProtectionParameters: protection }),
    ...(version < 2
      ? {}
      : {
          pushOperationMethod: PushOperationMethod[operationMethod],
          confirmationParameters: options.confirmationParameters ?? {
            confirmationStartDate: unspecifiedDateTime,
            confirmationInterval: 0,
          },
          lastConfirmationDateTime: unspecifiedDateTime,
        }),
  };
}

/** An element with the fields of its version. */
function elementOf(version: PushSetupVersion, element: PushObject): object {
  const { classId, instanceId, attributeId, dataIndex = 0 } = element;
  const { restriction = { restrictionType: 0, restrictionValue: null }, columns = [] } = element;
  return {
    ...{ classId, instanceId, attributeId, dataIndex },
    ...(version < 1 ? {} : { restriction }),
    ...(version < 2 ? {} : { columns }),
  };
}

const idle: PushState = { trigger: null, draw: 0, sending: null, followUp: false, lastInvokeId: 0 };

const seriesOf = (
  { communicationWindow: windows, randomisationStartInterval }: Omit<PushValues, "state">,
  clock: number,
  { draw }: PushState,
  always: boolean,
) => ({ windows, trigger: clock, random: draw * randomisationStartInterval * 1000, always });

function begin(values: PushValues, { device, object: self, elapsed }: Context, state: PushState): void {
  const draw = drawOf(`${device.name} ${self.instance}`, elapsed);
  values.state = { ...state, trigger: elapsed, draw, sending: null, followUp: false };
}

function trigger(values: PushValues, context: Context): void {
  const { state = idle } = values;
  if (state.trigger === null && state.sending === null) begin(values, context, state);
  else values.state = { ...state, followUp: true };
}

function reset(values: PushValues): void {
  values.state = { ...idle, lastInvokeId: values.state?.lastInvokeId ?? 0 };
  values.lastConfirmationDateTime = unspecifiedDateTime;
}

/** The series ends; if a push was triggered during it, that one begins. */
function end(values: PushValues, context: Context): void {
  const { state = idle } = values;
  if (state.followUp) begin(values, context, state);
  else values.state = { ...state, trigger: null, sending: null };
}

interface Sender {
  readonly priority: number;
  /** The client of version 0, which has no attribute for it. */
  readonly client: number;
}

function send(values: PushValues, context: Context, { priority, client: usual }: Sender): MaybePromise<void> {
  const { state } = values;
  if (state === undefined || state.trigger === null) return undefined;
  const { device, object: from, elapsed } = context;
  const client = values.pushClientSap ?? usual;
  const tell = (body: Uint8Array[]): void => {
    const destination = destinationOf(values.sendDestinationAndMethod, client);
    checkPort(values, context);
    checkMethod(values);
    const longInvokeId = nextInvokeId(context);
    const payload = notificationOf(values, body, longInvokeId, context);
    const scheduledTime = Math.floor(elapsed);
    device.notify({ messageType: "data-notification", destination, payload, priority, scheduledTime, from, client });
    values.state = { ...state, trigger: null, sending: longInvokeId, lastInvokeId: longInvokeId };
  };
  return attempt(
    () =>
      after(
        afterEach(values.pushObjectList, (element) => pushCell(element, context)),
        tell,
      ),
    (error) => {
      // The unit of work has ended: none of its changes are kept, and the push is still due.
      if (error instanceof Fault && error.layer === "server") throw error;
      end(values, context);
      if (device.failed === undefined) throw error;
      device.failed(`the push of ${from.instance}`, error);
    },
  );
}

function notificationOf(
  values: PushValues,
  body: readonly Uint8Array[],
  longInvokeId: number,
  { local, now }: Context,
): Uint8Array {
  return encodeApdu({
    apdu: "data-notification",
    longInvokeId,
    selfDescriptive: false,
    processingOption: "continue-on-error",
    serviceClass: asksForConfirmation(values, local, now) ? "confirmed" : "unconfirmed",
    priority: "normal",
    dateTime: local.dateTimeOf(now),
    body: { type: "encoded", octets: encodedStructure(body) },
  });
}

/** All Push setups of a logical device use one counter, because a receiver recognises repetitions by the id. */
function nextInvokeId({ device, object: self }: Context): number {
  const setups = device.objects.filter(({ spec }) => spec.classId === self.spec.classId);
  const used = setups.map((one) => (device.values(one) as Readonly<PushValues>).state?.lastInvokeId ?? 0);
  return (Math.max(...used) % 0xffffff) + 1;
}

const portClasses: { readonly [service: number]: number } = {
  [TransportService.tcp]: 41,
  [TransportService.udp]: 41,
  [TransportService.hdlc]: 23,
};

/** Fault `push-port` if the referenced port does not exist, or does not belong to the transport service. */
function checkPort({ portReference, sendDestinationAndMethod }: PushValues, { device }: Context): void {
  if (portReference === undefined) return;
  const classId = portClasses[sendDestinationAndMethod.transportService] as number;
  if (device.find(classId, portReference) !== undefined) return;
  throw new Fault("push-port", `port_reference ${portReference} is not an object of class ${classId}`, {
    layer: "cosem",
    hint: "write the logical name of the setup object of the port that fits transport_service to attribute 8",
  });
}

/** Fault `push-destination` if missing confirmations are to be repeated, and the transport service never confirms anything. */
function checkMethod({ pushOperationMethod, sendDestinationAndMethod: { transportService } }: PushValues): void {
  const { udp, unreliableCoap } = TransportService;
  const confirms = transportService !== udp && transportService !== unreliableCoap;
  if (confirms || pushOperationMethod !== PushOperationMethod.unconfirmedRetryOnMissingConfirmation) return;
  throw new Fault("push-destination", "push_operation_method 1 needs a transport that confirms, and UDP does not", {
    layer: "cosem",
    hint: "set push_operation_method to 0 (no confirmation) or 2 (the client confirms), or transport_service to 0 (TCP)",
  });
}

/** The invoke-id in the octets of a DataNotification. */
const invokeIdOf = (payload: Uint8Array): number =>
  ((payload[2] as number) << 16) | ((payload[3] as number) << 8) | (payload[4] as number);

function sendableFrom(
  { state, communicationWindow }: Readonly<PushValues>,
  payload: Uint8Array,
  { local, now }: { readonly local: LocalTime; readonly now: number },
): number | undefined {
  return state?.sending === invokeIdOf(payload) ? openFrom(communicationWindow, local, now) : undefined;
}

function attempted(
  values: PushValues,
  { payload, outcome, failures }: NotificationAttempt,
  context: Context,
): number | undefined {
  const { local, now } = context;
  if (values.state?.sending !== invokeIdOf(payload)) return undefined;
  if (outcome === "failed" && failures <= values.numberOfRetries) {
    const next = openFrom(values.communicationWindow, local, now + delayOf(values.repetitionDelay, failures));
    if (next !== undefined) return Math.ceil(next);
  }
  if (outcome === "confirmed" && values.lastConfirmationDateTime !== undefined) {
    values.lastConfirmationDateTime = local.dateTimeOf(now);
  }
  end(values, context);
  return undefined;
}

const protection = ({ pushProtectionParameters = [] }: Readonly<PushValues>): readonly ProtectionParameters[] =>
  pushProtectionParameters;

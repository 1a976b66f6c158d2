import type { Data, DataLike, EncodedData, StreamedData } from "@dlmskit/apdu";
import { type LogicalName, logicalName, type Of } from "@dlmskit/core";
import type { ProtectionParameters } from "./classes/access/protection-parameters.ts";
import type { ClassSpec, Timeline, Values, Watch } from "./interface-class.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { LocalTime } from "./time/local-time.ts";

// An object, the context that its hooks get, and the rights of access to it. The types refer to one another, so they are in one file.

/** Identifies one attribute of one object. */
export interface AttributeDescriptor {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
}

/** An attribute that changed, of an object that another object watches. */
export interface WatchedChange {
  readonly attribute: AttributeDescriptor;
  /** The value that was kept before the change; undefined: not known. */
  readonly before: DataLike | undefined;
}

/** Selective access: the access selector and its parameters, as the class defines them. */
export interface Selection {
  readonly selector: number;
  readonly parameters: DataLike;
}

/** The protection of the request: whether it was authenticated, encrypted, signed. */
export interface RequestProtection {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly signed: boolean;
}

/**
 * What an association grants on an object: access bits of an attribute or a method. The rights that are enforced and the rights that the
 * object list shows both come from here.
 */
export interface Rights {
  attribute(object: AnyObject, attributeId: number): number;
  method(object: AnyObject, methodId: number): number;
}

/** Information about an association that the association objects show (Blue Book, Association LN). */
export interface AssociationInformation {
  readonly instanceId: LogicalName;
  readonly clientSap: number;
  readonly serverSap: number;
  readonly status: "non-associated" | "association-pending" | "associated";
  /** The application context: 1 logical name, 3 logical name with ciphering (2 and 4: the same two with short names). */
  readonly applicationContext: number;
  /** The authentication mechanism, 0 to 7. */
  readonly mechanism: number;
  /** Names of the negotiated conformance bits. */
  readonly conformance: readonly string[];
  readonly maxReceivePduSize: number;
  readonly maxSendPduSize: number;
  readonly dlmsVersion: number;
  readonly qualityOfService: number;
  readonly securitySetup?: LogicalName | undefined;
  /** calling-AE-invocation-id of the client, if the client sent one. */
  readonly userId?: number | undefined;
  /** The access rights of the association, which are enforced. */
  readonly rights: Rights;
  /** The protection of the request that is being served. */
  readonly protection?: RequestProtection;
}

/**
 * Who acts: a client through its association, or the meter itself (a scheduled action, a script, a monitor, a limiter, or its own program).
 */
export type Actor =
  | { readonly client: number; readonly association: string }
  | { readonly self: "time" | "script" | "monitor" | "limiter" | "program" };

/** The rows that were captured into a profile of a meter. */
export interface CapturedRowsView {
  /** The number of rows. */
  count(): MaybePromise<number>;
  /** Rows captured from `from` to `to` (ms since 1970 UTC, both included; undefined: no bound), oldest first. */
  range(from: number | undefined, to: number | undefined): MaybePromise<Iterable<Uint8Array>>;
  /** Rows `first` to `last` (1 is the oldest); rows that do not exist are left out. */
  entries(first: number, last: number): MaybePromise<Iterable<Uint8Array>>;
  /**
   * Adds an encoded row that was captured at `at`; the oldest rows beyond `keep` are removed. `row` is read when the change is kept. Fault
   * `read-only`.
   */
  append(at: number, row: Uint8Array, keep: number): void;
  /** Removes all rows. Fault `read-only`. */
  clear(): void;
}

/** A message that the meter sends. It is put in the queue together with the change that caused it. */
export interface Notification {
  readonly messageType: string;
  readonly destination: string;
  /** The plain APDU to send. */
  readonly payload: Uint8Array;
  /** Notifications with a higher priority are sent first. */
  readonly priority: number;
  /** The notification is not sent before this instant, ms since 1970 UTC (of `Context.elapsed`). */
  readonly scheduledTime: number;
  /** The object that sends the notification. Its `Hooks.notified` is called with the result of each attempt. */
  readonly from?: AnyObject;
  /** The client that the notification is for. It is protected by the keys and the policy of the client's association, if there is one. */
  readonly client?: number;
}

/** The result of one attempt to send a notification. */
export interface NotificationAttempt {
  /** The plain APDU, as it was passed to `notify`. */
  readonly payload: Uint8Array;
  /** `sent`: the line accepted it; `confirmed`: the receiver answered with a DataNotification-Confirm. */
  readonly outcome: "sent" | "confirmed" | "failed";
  /** The number of failed attempts, including this one. */
  readonly failures: number;
}

/**
 * The logical device that contains the object of a hook. Changes made through this view belong to the unit of work of the request or of the
 * scheduled action: either all of them are kept and become visible to others, or none. A read hook cannot change anything: Fault
 * `read-only`.
 */
export interface DeviceView {
  /** The service access point of the logical device: 1 is the management logical device; 0 means that it is disconnected. */
  readonly sap: number;
  readonly name: string;
  readonly objects: readonly AnyObject[];
  /** All logical devices of the meter: the current SAP of each, and its SAP in the template. */
  readonly devices: readonly { readonly sap: number; readonly name: string; readonly templateSap: number }[];
  find(classId: number, instanceId: LogicalName): AnyObject | undefined;
  /** The short name of an attribute, if clients may use short names (`BaseNames`); undefined: it has none. */
  shortName?(attribute: AttributeDescriptor): number | undefined;
  /** The context that the hooks of an object of the device get, on behalf of the owner of this view. */
  context(object: AnyObject): Context;
  /** The values of an object of the device for this meter, read-only. */
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>>;
  /**
   * The values of an object, including the changes in progress. An assignment to a key of the result changes the value. Fault `read-only`.
   */
  draft<S extends ClassSpec>(object: CosemObject<S>): Values<S>;
  /** One value, as it is stored. */
  get<S extends ClassSpec, K extends keyof Values<S>>(object: CosemObject<S>, attribute: K): Readonly<Values<S>[K]>;
  /**
   * The attribute, or the selected part of it, as a client would read it, through its read hook, but without a check of access rights.
   * Throws what the hook throws.
   */
  get(attribute: AttributeDescriptor, selection?: Selection): MaybePromise<DataLike>;
  /** Sets one value without calling the write hook. */
  set<S extends ClassSpec, K extends keyof Values<S>>(object: CosemObject<S>, attribute: K, value: Values<S>[K]): void;
  /**
   * Writes an attribute as a client would, through its write hook, but without a check of access rights. Throws as `writeAttribute` does.
   */
  set(attribute: AttributeDescriptor, value: DataLike): MaybePromise<void>;
  /** Invokes a method on behalf of the meter itself. */
  invoke(object: AnyObject, methodId: number, argument?: Data): MaybePromise<DataLike | undefined>;
  /** The captured rows of a profile. */
  rows(object: AnyObject): CapturedRowsView;
  /**
   * Adds a row to the event log with that logical name. `encoded`: the values captured with the event; `keep`: the maximum number of rows
   * in the log; `at`: when it happened, ms since 1970 UTC, if that is not now.
   */
  log(
    instanceId: LogicalName,
    code: number,
    more?: { readonly encoded?: Uint8Array; readonly keep?: number; readonly at?: number },
  ): void;
  /** The number of rows that the change in progress has added to the event log with that logical name so far. Fault `read-only`. */
  logged(instanceId: LogicalName): number;
  notify(notification: Notification): void;
  /**
   * The meter restarts: it has no power from half a second after this instant until `until` (ms since 1970 UTC of its clock). If left out,
   * nothing simulates a restart. Fault `read-only`.
   */
  restart?(until: number): void;
  /**
   * Reports a local action that failed, as an event of the meter; the other actions continue. If left out, the failure is thrown after the
   * other actions are done.
   */
  failed?(what: string, error: unknown): void;
  /**
   * Calls `then` when the change in progress is kept, at the moment when others see the change. It is not called if the change is not kept.
   * Fault `read-only`.
   */
  whenKept(then: () => void): void;
}

/** What a hook gets in addition to the values of its object. */
export interface Context {
  /** The object that the hook belongs to. */
  readonly object: AnyObject;
  /** The time of the meter's own clock: ms since 1970-01-01T00:00Z. In a scheduled action it is the instant at which the action was due. */
  readonly now: number;
  /**
   * The same instant on a clock that is never set (ms). Use it to measure durations. It continues to run while there is no power and while
   * the meter's process is stopped.
   */
  readonly elapsed: number;
  /** Minutes from the meter's local time to UTC, at `now`: UTC+05:30 has -330. */
  readonly deviation: number;
  /** The meter's local time with daylight saving, according to its Clock object. */
  readonly local: LocalTime;
  /** The service access point of the client that sent the request; undefined when the meter itself acts. */
  readonly client: number | undefined;
  readonly association: AssociationInformation | undefined;
  readonly by: Actor;
  readonly device: DeviceView;
  /** What the user passed when making the meter: its model, its seed, … */
  readonly own: unknown;
  /** Sets the meter's clock, ms since 1970-01-01T00:00Z, as part of the change in progress. Fault `read-only`. */
  setClock(instant: number): void;
}

/** What determines the due instants of an object, in addition to its values. */
export interface TimeContext {
  readonly object: AnyObject;
  /**
   * The meter's local time with daylight saving, according to its Clock object. When the Clock changes, the due instants are computed
   * again.
   */
  readonly local: LocalTime;
  /** Converts an instant of `Context.elapsed` to the meter's clock as it is set now. Use it to find when a duration ends. */
  clockAt(elapsed: number): number;
  /** The objects of the logical device. The timeline may read the values of objects whose class is in its `watches`. */
  readonly objects: readonly AnyObject[];
  /** The values of another object of the device for this meter. */
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>>;
  readonly own: unknown;
}

// biome-ignore lint/suspicious/noConfusingVoidType: what a hook returns that has nothing to return
type ResultOf<M> = M extends { readonly result: infer C } ? Of<C> : void;

/** The behaviour of an object. */
export interface Hooks<S extends ClassSpec> {
  /** Returns the value when the attribute is read. Octets that are already encoded, or a stream of them, are sent without change. */
  readonly read?: {
    readonly [K in keyof S["attributes"]]?: (
      values: Readonly<Values<S>>,
      context: Context,
      selection?: Selection,
    ) => MaybePromise<Of<S["attributes"][K]["type"]> | EncodedData | StreamedData>;
  };
  /**
   * Receives a value that a client wrote; its type has already been checked. Throw `refuse(…)` to refuse it. The hook itself assigns the
   * value to the keys of `values`; the assignments take effect in the meter when the whole request is kept. Do not modify the old values in
   * place.
   */
  readonly write?: {
    readonly [K in keyof S["attributes"]]?: (
      values: Values<S>,
      value: Of<S["attributes"][K]["type"]>,
      context: Context,
    ) => MaybePromise<void>;
  };
  /** A method without a hook does not exist. `values` are as for `write`. */
  readonly invoke?: {
    readonly [K in keyof S["methods"]]?: (
      values: Values<S>,
      argument: Of<S["methods"][K]["argument"]>,
      context: Context,
    ) => MaybePromise<ResultOf<S["methods"][K]>>;
  };
  /** Controls the notifications of this object. Without it they are repeated by the rules of the queue. */
  readonly notified?: {
    /** The instant of the meter's clock from which the notification may be sent; undefined: do not send it any more. */
    from(values: Readonly<Values<S>>, payload: Uint8Array, context: Context): number | undefined;
    /** Called after an attempt. Returns the instant of the next attempt on the meter's clock; undefined: there is no further attempt. */
    attempted(values: Values<S>, attempt: NotificationAttempt, context: Context): number | undefined;
    /** Whether a notification is also sent while the meter has no power (a last gasp); by default it waits. */
    withoutPower?(values: Readonly<Values<S>>): boolean;
    /** The protection layers to apply; none: the protection that the policy of the client's association requires. */
    protection?(values: Readonly<Values<S>>): readonly ProtectionParameters[];
  };
  /** The scheduled behaviour of this object; it replaces that of its class. */
  readonly time?: Timeline<Values<S>, Context, TimeContext>;
  /** What this object does when attributes of other objects change; it replaces that of its class. */
  readonly watch?: Watch<Values<S>, Context, WatchedChange>;
}

/** An object of a template: class, logical name, first values, behaviour. */
export interface CosemObject<S extends ClassSpec> {
  readonly spec: S;
  readonly instance: LogicalName;
  readonly values: Values<S>;
  readonly hooks: Hooks<S>;
}

// biome-ignore lint/suspicious/noExplicitAny: a device holds objects of any class
export type AnyObject = CosemObject<any>;

/**
 * Makes an object of a class. `instance` is its logical name in any usual form (`"1-0:1.8.0"`); Fault `bad-logical-name`. An attribute that
 * has a read hook still needs a value here, except where the class marks it as optional.
 */
export function object<const S extends ClassSpec>(
  spec: S,
  instance: LogicalName,
  values: NoInfer<Values<S>>,
  hooks: NoInfer<Hooks<S>> = {},
): CosemObject<S> {
  // The values are copied, because the same literal may be used for several objects.
  return { spec, instance: logicalName(instance), values: { ...values }, hooks };
}

/** The timeline of an object: its own, or else that of its class; undefined if it has no scheduled behaviour. */
export function timelineOf({ hooks, spec }: AnyObject): Timeline | undefined {
  const timeline: Timeline | undefined = hooks.time ?? spec.time;
  return timeline?.acts?.(hooks) === false ? undefined : timeline;
}

/** What an object does when attributes of other objects change: its own `watch`, or else that of its class. */
export const watchOf = ({ hooks, spec }: AnyObject): Watch | undefined => hooks.watch ?? spec.watch;

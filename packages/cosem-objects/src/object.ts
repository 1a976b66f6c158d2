import type { Data, DataLike, EncodedData, StreamedData } from "@dlmskit/apdu";
import { type LogicalName, logicalName, type Of } from "@dlmskit/core";
import type { ProtectionParameters } from "./classes/access/protection-parameters.ts";
import type { ClassSpec, Timeline, Values, Watch } from "./interface-class.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { LocalTime } from "./time/local-time.ts";

// An object, what its hooks are given, and what grants access to it. The types name one another, so they stand together.

/** One attribute of one object. */
export interface AttributeDescriptor {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
}

/** An attribute that changed, of an object that another one watches. */
export interface WatchedChange {
  readonly attribute: AttributeDescriptor;
  /** As it was kept before; undefined: it cannot be told. */
  readonly before: DataLike | undefined;
}

/** Selective access: the selector and its parameters, as the class defines them. */
export interface Selection {
  readonly selector: number;
  readonly parameters: DataLike;
}

/** How the request came in: what was verified, deciphered, signed. */
export interface RequestProtection {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly signed: boolean;
}

/** What an association grants on an object: access bits of an attribute or a method. The one source of what is enforced and what is listed. */
export interface Rights {
  attribute(object: AnyObject, attributeId: number): number;
  method(object: AnyObject, methodId: number): number;
}

/** What the association objects say about an association (Blue Book, Association LN). */
export interface AssociationInformation {
  readonly instanceId: LogicalName;
  readonly clientSap: number;
  readonly serverSap: number;
  readonly status: "non-associated" | "association-pending" | "associated";
  /** 1 logical name, 3 logical name with ciphering (2, 4: short names). */
  readonly applicationContext: number;
  /** 0 to 7. */
  readonly mechanism: number;
  /** Names of the negotiated conformance bits. */
  readonly conformance: readonly string[];
  readonly maxReceivePduSize: number;
  readonly maxSendPduSize: number;
  readonly dlmsVersion: number;
  readonly qualityOfService: number;
  readonly securitySetup?: LogicalName;
  /** calling-AE-invocation-id of the client, where it gave one. */
  readonly userId?: number;
  /** What the association grants: what is enforced. */
  readonly rights: Rights;
  /** How the request came that is being served. */
  readonly protection?: RequestProtection;
}

/** Who acts: a client by its association, or the meter itself (in time, by a script, by a monitor or a limiter, by its own program). */
export type Actor =
  | { readonly client: number; readonly association: string }
  | { readonly self: "time" | "script" | "monitor" | "limiter" | "program" };

/** The rows that were captured into a profile of a meter. */
export interface CapturedRowsView {
  /** How many there are. */
  count(): MaybePromise<number>;
  /** Rows captured from `from` to `to` (ms since 1970 UTC, both included; undefined: no bound), oldest first. */
  range(from: number | undefined, to: number | undefined): MaybePromise<Iterable<Uint8Array>>;
  /** Rows `first` to `last` (1 is the oldest), as far as they are there. */
  entries(first: number, last: number): MaybePromise<Iterable<Uint8Array>>;
  /** Adds an encoded row captured at `at`; the oldest beyond `keep` rows go. It is read once the change is kept. Fault `read-only`. */
  append(at: number, row: Uint8Array, keep: number): void;
  /** Removes all rows. Fault `read-only`. */
  clear(): void;
}

/** What is to be sent to somebody, put in the queue with the change that caused it. */
export interface Notification {
  readonly messageType: string;
  readonly destination: string;
  /** The plain APDU. */
  readonly payload: Uint8Array;
  /** The higher the sooner. */
  readonly priority: number;
  /** Not before this instant, ms since 1970 UTC (of `Context.elapsed`). */
  readonly scheduledTime: number;
  /** The object that tells it: it hears what happens to it (`Hooks.notified`). */
  readonly from?: AnyObject;
  /** The client it is for: under the keys and the policy of its association, where it has one. */
  readonly client?: number;
}

/** What became of one attempt to send a notification. */
export interface NotificationAttempt {
  /** The plain APDU, as it was given to `notify`. */
  readonly payload: Uint8Array;
  /** `sent`: the line took it; `confirmed`: the receiver answered with a DataNotification-Confirm. */
  readonly outcome: "sent" | "confirmed" | "failed";
  /** How many attempts have failed, this one included. */
  readonly failures: number;
}

/**
 * The logical device that a hook's object is in. What is changed through it belongs to the unit of work of the request,
 * or of the action in time: all of it is kept and then seen by others, or none. In a read hook there is nothing to change:
 * Fault `read-only`.
 */
export interface DeviceView {
  /** Its service access point: 1 is the management logical device; 0: it is disconnected. */
  readonly sap: number;
  readonly name: string;
  readonly objects: readonly AnyObject[];
  /** All logical devices of the meter: the SAP that each has now, and the one that the template gives it. */
  readonly devices: readonly { readonly sap: number; readonly name: string; readonly templateSap: number }[];
  find(classId: number, instanceId: LogicalName): AnyObject | undefined;
  /** The short name of an attribute, where clients may use short names (`BaseNames`); undefined: it has none. */
  shortName?(attribute: AttributeDescriptor): number | undefined;
  /** What the hooks of an object of the device are given, on behalf of whoever has this view. */
  context(object: AnyObject): Context;
  /** This meter's values of an object of the device, to read. */
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>>;
  /** The values of an object as the change that is in progress has them; what is assigned to its keys is changed. Fault `read-only`. */
  draft<S extends ClassSpec>(object: CosemObject<S>): Values<S>;
  /** One value, as it is kept. */
  get<S extends ClassSpec, K extends keyof Values<S>>(object: CosemObject<S>, attribute: K): Readonly<Values<S>[K]>;
  /** The attribute, or the part of it that is selected, as any client would read it, through its hook, without regard to access rights. Throws what a hook throws. */
  get(attribute: AttributeDescriptor, selection?: Selection): MaybePromise<DataLike>;
  /** Sets one value, without its hook. */
  set<S extends ClassSpec, K extends keyof Values<S>>(object: CosemObject<S>, attribute: K, value: Values<S>[K]): void;
  /** Writes an attribute as any client would, through its hook, without regard to access rights. Throws as `writeAttribute`. */
  set(attribute: AttributeDescriptor, value: DataLike): MaybePromise<void>;
  /** Runs a method as the meter itself. */
  invoke(object: AnyObject, methodId: number, argument?: Data): MaybePromise<DataLike | undefined>;
  /** The captured rows of a profile. */
  rows(object: AnyObject): CapturedRowsView;
  /** Adds a row to the event log of that logical name. `encoded`: what was captured with it; `keep`: how many rows the log keeps. */
  log(instanceId: LogicalName, code: number, more?: { readonly encoded?: Uint8Array; readonly keep?: number }): void;
  /** How many rows the change that is in progress has added to the event log of that logical name so far. Fault `read-only`. */
  logged(instanceId: LogicalName): number;
  notify(notification: Notification): void;
  /**
   * The meter restarts: half a second after this instant it has no power any more, until `until` (ms since 1970 UTC of its clock). Left
   * out: nothing simulates that. Fault `read-only`.
   */
  restart?(until: number): void;
  /** Tells of a local action that failed: an event of the meter, while the rest goes on. Left out: the failure is thrown when the rest is done. */
  failed?(what: string, error: unknown): void;
  /** Runs `then` once the change that is in progress is kept, at the moment at which others see it; never if it is not. Fault `read-only`. */
  whenKept(then: () => void): void;
}

/** What a hook gets to know besides its object's values. */
export interface Context {
  /** The object that the hook belongs to. */
  readonly object: AnyObject;
  /** The meter's own clock: ms since 1970-01-01T00:00Z. In an action in time, the instant at which it was due. */
  readonly now: number;
  /**
   * The same instant on a clock that nobody sets (ms): what lasts is measured by it. It goes on while there is no power and while the
   * meter's process stands still.
   */
  readonly elapsed: number;
  /** Minutes from the meter's local time to UTC, at `now`: UTC+05:30 has -330. */
  readonly deviation: number;
  /** Local time with daylight saving, as the meter's Clock has it. */
  readonly local: LocalTime;
  /** The service access point of the client that asks; undefined when the meter itself does. */
  readonly client: number | undefined;
  readonly association: AssociationInformation | undefined;
  readonly by: Actor;
  readonly device: DeviceView;
  /** What the user made the meter with: its model, its seed, … */
  readonly own: unknown;
  /** Sets the meter's clock, ms since 1970-01-01T00:00Z: with the change that is in progress. Fault `read-only`. */
  setClock(instant: number): void;
}

/** What the due instants of an object depend on, besides its values. */
export interface TimeContext {
  readonly object: AnyObject;
  /** Local time with daylight saving, as the meter's Clock has it. A change of the Clock plans again what is due. */
  readonly local: LocalTime;
  /** The instant on the meter's clock, as it is set now, of an instant of `Context.elapsed`: when something that lasts is over. */
  clockAt(elapsed: number): number;
  /** The objects of the logical device; those of classes that the timeline `watches` may be asked for their values. */
  readonly objects: readonly AnyObject[];
  /** This meter's values of another object of the device. */
  values<S extends ClassSpec>(object: CosemObject<S>): Readonly<Values<S>>;
  readonly own: unknown;
}

// biome-ignore lint/suspicious/noConfusingVoidType: what a hook returns that has nothing to return
type ResultOf<M> = M extends { readonly result: infer C } ? Of<C> : void;

/** Behaviour beside the data. */
export interface Hooks<S extends ClassSpec> {
  /** Gives the value at reading; octets that are already encoded, or a stream of them, are sent as they are. */
  readonly read?: {
    readonly [K in keyof S["attributes"]]?: (
      values: Readonly<Values<S>>,
      context: Context,
      selection?: Selection,
    ) => MaybePromise<Of<S["attributes"][K]["type"]> | EncodedData | StreamedData>;
  };
  /**
   * Takes a value that a client wrote, of the right type already; throws `refuse(…)` to refuse. Assigns it itself: to the keys
   * of `values`, which become the meter's when the whole request is kept. What the keys hold is not to be changed in place.
   */
  readonly write?: {
    readonly [K in keyof S["attributes"]]?: (
      values: Values<S>,
      value: Of<S["attributes"][K]["type"]>,
      context: Context,
    ) => MaybePromise<void>;
  };
  /** A method without a hook is not there. `values` as with `write`. */
  readonly invoke?: {
    readonly [K in keyof S["methods"]]?: (
      values: Values<S>,
      argument: Of<S["methods"][K]["argument"]>,
      context: Context,
    ) => MaybePromise<ResultOf<S["methods"][K]>>;
  };
  /** What happens to the notifications of this object. Without it they are tried again as the queue has it. */
  readonly notified?: {
    /** From which instant of the meter's clock on it may be sent; undefined: it is not to be sent any more. */
    from(values: Readonly<Values<S>>, payload: Uint8Array, context: Context): number | undefined;
    /** An attempt is over. Gives when the next one comes, on the meter's clock; undefined: none does. */
    attempted(values: Values<S>, attempt: NotificationAttempt, context: Context): number | undefined;
    /** The protection to be applied, layer by layer; none: what the policy of the client's association asks for. */
    protection?(values: Readonly<Values<S>>): readonly ProtectionParameters[];
  };
  /** What this object does in time, in place of what its class says. */
  readonly time?: Timeline<Values<S>, Context, TimeContext>;
  /** What this object does when attributes of others change, in place of what its class says. */
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
 * An object of a class. `instance` is its logical name in any usual form (`"1-0:1.8.0"`); Fault `bad-logical-name`.
 * Attributes that a read hook gives still need a value here, unless the class has them optional.
 */
export function object<const S extends ClassSpec>(
  spec: S,
  instance: LogicalName,
  values: NoInfer<Values<S>>,
  hooks: NoInfer<Hooks<S>> = {},
): CosemObject<S> {
  // A copy: the same literal may be the beginning of several objects.
  return { spec, instance: logicalName(instance), values: { ...values }, hooks };
}

/** What an object does in time: its own timeline, else that of its class; undefined where it never does anything. */
export function timelineOf({ hooks, spec }: AnyObject): Timeline | undefined {
  const timeline: Timeline | undefined = hooks.time ?? spec.time;
  return timeline?.acts?.(hooks) === false ? undefined : timeline;
}

/** What an object does when attributes of others change: as it says itself, else as its class. */
export const watchOf = ({ hooks, spec }: AnyObject): Watch | undefined => hooks.watch ?? spec.watch;

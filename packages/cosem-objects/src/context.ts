import type { Data, DataLike } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import type { Rights } from "./access.ts";
import type { ClassSpec, Values } from "./interface-class.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { AnyObject, CosemObject } from "./object.ts";

/** One attribute of one object. */
export interface AttributeDescriptor {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
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
  /** What the association grants: what is enforced. */
  readonly rights: Rights;
}

/** The logical device that a hook's object stands in. */
export interface DeviceView {
  /** Its service access point: 1 is the management logical device. */
  readonly sap: number;
  readonly name: string;
  readonly objects: readonly AnyObject[];
  /** All logical devices of the meter. */
  readonly devices: readonly { readonly sap: number; readonly name: string }[];
  find(classId: number, instanceId: LogicalName): AnyObject | undefined;
  /** This meter's values of an object of the device. */
  values<S extends ClassSpec>(object: CosemObject<S>): Values<S>;
  /** The attribute as any client would read it, without regard to access rights. Throws what a hook throws. */
  get(attribute: AttributeDescriptor): MaybePromise<DataLike>;
  /** Runs a method as the meter itself. */
  invoke(object: AnyObject, methodId: number, argument?: Data): MaybePromise<DataLike | undefined>;
}

/** What a hook gets to know besides its object's values. */
export interface Context {
  /** The meter's own clock: ms since 1970-01-01T00:00Z. */
  readonly now: number;
  /** Minutes from the meter's local time to UTC: UTC+05:30 has -330. */
  readonly deviation: number;
  /** The service access point of the client that asks; undefined when the meter itself does. */
  readonly client: number | undefined;
  readonly association: AssociationInformation | undefined;
  readonly device: DeviceView;
  /** What the user made the meter with: its model, its seed, … */
  readonly own: unknown;
  /** Sets the meter's clock, ms since 1970-01-01T00:00Z. */
  setClock(instant: number): void;
}

import type { ConformanceName } from "@dlmskit/apdu";
import type { MechanismId, Offer } from "@dlmskit/association";
import type { LogicalName } from "@dlmskit/core";
import type { AnyObject, Rights } from "@dlmskit/cosem-objects";
import type { Call } from "@dlmskit/server";
import type { SwitchLog } from "../meter/journal.ts";
import type { TariffDay } from "../meter/tariff.ts";
import type { TemplateForm } from "./data/form.ts";

/** A client that the meters of a template accept. */
export interface TemplateClient {
  readonly name: string;
  /** The client's SAP. */
  readonly client: number;
  readonly association: LogicalName;
  readonly mechanism: MechanismId;
  /** `"with-keys"`: if the keys file names the client without a key, the client associates without ciphering. */
  readonly ciphered: boolean | "with-keys";
  /** Security policy of the Security setup, version 0. */
  readonly policy: number;
  readonly rights: Rights;
  readonly conformance?: readonly ConformanceName[];
  readonly maxReceivePduSize?: number;
  /** The longest PDU that the meter sends to this client, octets; by default as long as the client takes. */
  readonly maxSendPduSize?: number;
  /** Version of the Association LN objects; 1 by default. */
  readonly associationVersion?: 1 | 2 | 3;
  /** By default 0.0.43.0.n.255 and 0.0.43.1.n.255, where n is the same as in the name of the association. */
  readonly securitySetup?: LogicalName;
  readonly invocationCounter?: LogicalName;
}

/** An event at a meter that a client caused: the log that records the event, and the number of the event. */
export interface LoggedEvent {
  readonly log: LogicalName;
  readonly code: number;
}

/** A kind of meter: everything that all meters of this kind have in common. */
export interface SimulatorTemplate {
  readonly name: string;
  readonly title: string;
  /** Three characters: the first three of the logical device name and of the system title. */
  readonly manufacturer: string;
  /**
   * 0 to 9999, 0 by default: the digits before the serial number in logical device names. Templates of one manufacturer that share a store
   * need different series. Otherwise two meters can have the same name.
   */
  readonly series?: number;
  readonly zoneMinutesEast: number;
  /** The times of day when each tariff zone is in force. */
  readonly tariffDay: TariffDay;
  /** The log of load switch operations. The energy registers depend on it. */
  readonly switchLog?: SwitchLog;
  readonly clients: readonly TemplateClient[];
  /** The Push setup that also pushes when the power of the meter goes (last gasp) and returns, if pushes have a destination. */
  readonly powerPush?: LogicalName;
  /** How clients may name objects: `"either"` by default. */
  readonly referencing?: Offer["context"];
  /** The objects of the management logical device, created once for all meters. The server adds the security objects. */
  objects(): readonly AnyObject[];
  /** A readable name of an object. */
  nameOf?(object: AnyObject): string | undefined;
  /** The event that belongs to a successful SET or ACTION of a client. */
  eventOf?(call: Call): LoggedEvent | undefined;
  /** The template file, if the template was made from one. */
  readonly form?: TemplateForm;
  /** Further information as in a template file, for a template that was not made from a file. `dlms templates` shows it. */
  readonly about?: Partial<
    Pick<TemplateForm, "kind" | "country" | "standard" | "confidence" | "phases" | "demandMinutes">
  >;
  /** The event logs of the template, in the form of a template file. */
  readonly logs?: TemplateForm["logs"];
}

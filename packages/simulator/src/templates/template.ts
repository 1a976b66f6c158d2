import type { ConformanceName } from "@dlmskit/apdu";
import type { MechanismId, Offer } from "@dlmskit/association";
import type { LogicalName } from "@dlmskit/core";
import type { AnyObject, Rights } from "@dlmskit/cosem-objects";
import type { Call } from "@dlmskit/server";
import type { SwitchLog } from "../meter/journal.ts";
import type { TariffDay } from "../meter/tariff.ts";
import type { TemplateForm } from "./data/form.ts";

/** A client that meters of a template know. */
export interface TemplateClient {
  readonly name: string;
  /** Its SAP. */
  readonly client: number;
  readonly association: LogicalName;
  readonly mechanism: MechanismId;
  /** `"with-keys"`: where the keys file names the client without a key, it comes in without ciphering. */
  readonly ciphered: boolean | "with-keys";
  /** Of the Security setup, version 0. */
  readonly policy: number;
  readonly rights: Rights;
  readonly conformance?: readonly ConformanceName[];
  readonly maxReceivePduSize?: number;
  /** Version of the Association LN objects; 1 unless told otherwise. */
  readonly associationVersion?: 1 | 2 | 3;
  /** 0.0.43.0.n.255 and 0.0.43.1.n.255 unless told otherwise, n as in the association's name. */
  readonly securitySetup?: LogicalName;
  readonly invocationCounter?: LogicalName;
}

/** What happened at a meter by a client's hand: the log that tells of it, and the event's number. */
export interface LoggedEvent {
  readonly log: LogicalName;
  readonly code: number;
}

/** A kind of meter: everything that all meters of the kind have alike. */
export interface SimulatorTemplate {
  readonly name: string;
  readonly title: string;
  /** Three characters: the first of logical device name and system title. */
  readonly manufacturer: string;
  /**
   * 0 to 9999, 0 by default: the digits before the serial number in logical device names. Templates of one
   * manufacturer that share a store need different ones, or two meters may come to the same name.
   */
  readonly series?: number;
  readonly zoneMinutesEast: number;
  /** When the tariff zones are in force. */
  readonly tariffDay: TariffDay;
  /** The log of load switch operations, which the registers follow. */
  readonly switchLog?: SwitchLog;
  readonly clients: readonly TemplateClient[];
  /** How clients may name objects: `"either"` by default. */
  readonly referencing?: Offer["context"];
  /** The objects of the management logical device, made once for all meters; the server adds those about security. */
  objects(): readonly AnyObject[];
  /** What people call an object. */
  nameOf?(object: AnyObject): string | undefined;
  /** The event that a successful SET or ACTION of a client is. */
  eventOf?(call: Call): LoggedEvent | undefined;
  /** The file that it was made from. */
  readonly form?: TemplateForm;
  /** What its file says besides, where it was made from none: `dlms templates` shows it. */
  readonly about?: Partial<
    Pick<TemplateForm, "kind" | "country" | "standard" | "confidence" | "phases" | "demandMinutes">
  >;
  /** Its event logs, as a file has them. */
  readonly logs?: TemplateForm["logs"];
}

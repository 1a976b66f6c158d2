import { integer, oneOf, optional } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, table } from "../shape.ts";

/** The HDLC parameters of one device (IEC HDLC setup, class 23). */
export const HdlcSetting = table("hdlc_settings", {
  /** Lower HDLC address, the physical device: 1 octet holds 0 to 0x7F, 2 octets hold 0 to 0x3FFF. */
  deviceAddress: integer(0, 0x3fff),
  windowSizeTransmit: integer(1, 7),
  windowSizeReceive: integer(1, 7),
  /** Octets. */
  maxInfoFieldLenTransmit: integer(32, 2030),
  maxInfoFieldLenReceive: integer(32, 2030),
  /** ms. */
  interOctetTimeout: integer(20, 6000),
  /** Seconds. 0: never. */
  inactivityTimeout: integer(0, 0xffff),
});
export type HdlcSetting = RowOf<typeof HdlcSetting>;
export type HdlcSettings = Rows<HdlcSetting>;

/** A port of the simulator. The columns of a serial line are absent for TCP and UDP. */
export const CommunicationPort = table("communication_ports", {
  portType: oneOf("SERIAL", "TCP", "UDP"),
  /** TCP or UDP port, 0: any free port. SERIAL: the number of the device. */
  portNumber: integer(0, 0xffff),
  baudRate: optional(integer(300, 4000000)),
  dataBits: optional(integer(5, 8)),
  stopBits: optional(integer(1, 2)),
  parity: optional(oneOf("NONE", "EVEN", "ODD", "MARK", "SPACE")),
  flowControl: optional(oneOf("NONE", "RTS_CTS", "XON_XOFF")),
});
export type CommunicationPort = RowOf<typeof CommunicationPort>;
export type CommunicationPorts = Rows<CommunicationPort>;

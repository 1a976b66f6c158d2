import type { ClassSpec } from "../../interface-class.ts";
import { CoapDiagnostic } from "./coap-diagnostic.ts";
import { CoapSetup } from "./coap-setup.ts";
import { Ipv4Setup } from "./ipv4-setup.ts";
import { Ipv6Setup } from "./ipv6-setup.ts";
import { MacAddressSetup } from "./mac-address-setup.ts";
import { NtpSetup } from "./ntp-setup.ts";
import { PppSetup } from "./ppp-setup.ts";
import { SmtpSetup } from "./smtp-setup.ts";
import { TcpUdpSetup } from "./tcp-udp-setup.ts";

/** The classes for the Internet (Blue Book 4.9), by id and version. */
export const internetClasses: readonly ClassSpec[] = [
  TcpUdpSetup,
  Ipv4Setup,
  MacAddressSetup,
  PppSetup,
  SmtpSetup,
  Ipv6Setup,
  NtpSetup,
  CoapSetup,
  CoapDiagnostic,
];

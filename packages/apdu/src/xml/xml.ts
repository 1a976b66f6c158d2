import { Fault } from "@dlmskit/core";
import type { Apdu, ApduLike } from "../apdu.ts";
import type { Data, DataLike } from "../data-type.ts";

/** The XML form of an APDU: `<GetRequest><GetRequestNormal><InvokeIdAndPriority Value="C1" />…`, indented by two spaces a level. */
export function apduToXml(apdu: ApduLike): string {
  throw new Fault("not-yet", `no XML of ${apdu.apdu} yet`, { layer: "xdlms" });
}

/** The APDU of its XML form; comments, white space and an outer `<Pdu>` are skipped. Fault `bad-xml` with the path of the element. */
export function apduFromXml(xml: string): Apdu {
  throw new Fault("not-yet", `no XML of ${xml.length} characters yet`, { layer: "xdlms" });
}

/** The XML form of a Data: `<Structure Qty="02"><OctetString Value="0100010800FF" />…`. */
export function dataToXml(data: DataLike): string {
  throw new Fault("not-yet", `no XML of ${data.type} yet`, { layer: "axdr" });
}

/** The Data of its XML form. Fault `bad-xml`. */
export function dataFromXml(xml: string): Data {
  throw new Fault("not-yet", `no XML of ${xml.length} characters yet`, { layer: "axdr" });
}

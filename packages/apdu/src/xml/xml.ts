import { Fault } from "@dlmskit/core";
import { type Apdu, type ApduLike, decodeApdu, encodeApdu } from "../apdu.ts";
import { type Data, decodeData, encodeData } from "../data.ts";
import type { DataLike } from "../data-type.ts";
import { acseForms } from "./acse-form.ts";
import { dataItem } from "./data-form.ts";
import { type AnyForm, childOf, type Item, read } from "./form.ts";
import { generalForms } from "./general-form.ts";
import { formsByFamily, otherForms } from "./logical-name.ts";
import { badXml, element, parseXml, printXml } from "./node.ts";
import { shortNameForms } from "./short-name-form.ts";

const apduItem = (): Item<Apdu> => item;
const alone = { ...otherForms, ...shortNameForms, ...acseForms(apduItem), ...generalForms(apduItem) };

interface Place {
  readonly apdu: string;
  /** The element around the element of the form. */
  readonly family?: string;
  readonly name: string;
  readonly form: AnyForm;
}

const places: readonly Place[] = [
  ...Object.entries(formsByFamily).flatMap(([family, forms]) =>
    Object.entries(forms).map(([apdu, [name, form]]) => ({ apdu, family, name, form })),
  ),
  ...Object.entries(alone).map(([apdu, [name, form]]) => ({ apdu, name, form })),
];
const byApdu = new Map(places.map((place) => [place.apdu, place]));
const byElement = new Map(places.map((place) => [place.name.toLowerCase(), place]));
const families = new Map(Object.keys(formsByFamily).map((family) => [family.toLowerCase(), family]));

const item: Item<Apdu> = {
  node(apdu) {
    const place = byApdu.get(apdu.apdu);
    if (place === undefined)
      throw new Fault("unknown-apdu", `"${String(apdu.apdu)}" is not an APDU`, { layer: "xdlms" });
    const node = childOf(place.name, place.form, apdu);
    if (place.family === undefined) return node;
    const family = element(place.family);
    family.children.push(node);
    return family;
  },
  value(node) {
    const family = families.get(node.name.toLowerCase());
    const [inner = node, ...more] = family === undefined ? [] : node.children;
    const place = byElement.get(inner.name.toLowerCase());
    if (place === undefined || place.family !== family) throw badXml(`<${inner.name}> is not an APDU`);
    if (more[0] !== undefined) throw badXml(`<${more[0].name}> does not belong here`);
    // Encoding and decoding refuses invalid APDUs with the same checks as for octets.
    return decodeApdu(encodeApdu({ apdu: place.apdu, ...read(place.form, inner) } as ApduLike));
  },
};

/** The XML form of an APDU: `<GetRequest><GetRequestNormal><InvokeIdAndPriority Value="C1" />…`, indented by two spaces per level. */
export function apduToXml(apdu: ApduLike): string {
  return printXml(item.node(apdu as Apdu));
}

/**
 * The APDU of an XML form. Comments, white space and an outer `<PDU>` are skipped; names are not case-sensitive.
 * Faults: `bad-xml`, and the Faults of encoding the APDU, with the path of the element.
 */
export function apduFromXml(xml: string): Apdu {
  const root = parseXml(xml);
  const [inner, ...more] = root.children;
  if (!/^pdu$/i.test(root.name)) return item.value(root);
  if (inner === undefined || more.length > 0) throw badXml(`<${root.name}> must contain one APDU`);
  return item.value(inner);
}

/** The XML form of a Data: `<Structure Qty="02"><OctetString Value="0100010800FF" />…`. Numbers and octets are in hex. */
export function dataToXml(data: DataLike): string {
  return printXml(dataItem.node(data));
}

/** The Data of an XML form. Faults `bad-xml`, and those of encoding the Data. */
export function dataFromXml(xml: string): Data {
  return decodeData(encodeData(dataItem.value(parseXml(xml))));
}

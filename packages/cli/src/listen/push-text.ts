import { Data, gatewayText } from "@dlmskit/apdu";
import type { ReceivedPush } from "@dlmskit/client";
import { dateTimeText, type GatewayAddress, toHex } from "@dlmskit/core";
import { attributeName, findClass, obisName, type PushedValue } from "@dlmskit/cosem-objects";
import { table } from "../output/table.ts";
import { unitText, valueText } from "../output/value.ts";
import { visible } from "../output/visible.ts";

const gatewayDocument = ({ networkId, physicalDeviceAddress }: GatewayAddress) => ({
  networkId,
  physicalDeviceAddress: toHex(physicalDeviceAddress),
});

/** A push as a JSON document. */
export function pushDocument(push: ReceivedPush): { readonly [name: string]: unknown } {
  const {
    from,
    kind,
    longInvokeId,
    time,
    systemTitle,
    verified,
    repeated,
    confirmed,
    values,
    data,
    shortNames,
    layoutFrom,
  } = push;
  return {
    ...{ event: "push", from, kind },
    ...(push.address.gateway === undefined ? {} : { gateway: gatewayDocument(push.address.gateway) }),
    ...(longInvokeId === undefined ? {} : { longInvokeId }),
    ...(time === undefined ? {} : { time: dateTimeText(time) }),
    ...(systemTitle === undefined ? {} : { systemTitle: toHex(systemTitle) }),
    verified,
    ...(repeated ? { repeated } : {}),
    ...(confirmed ? { confirmed } : {}),
    ...(layoutFrom === undefined ? {} : { layoutFrom }),
    values: values.map(({ value, ...rest }) => ({ ...rest, value: Data.toJson(value) })),
    data: Data.toJson(data),
    ...(shortNames === undefined ? {} : { shortNames: shortNames.map((name) => name ?? null) }),
  };
}

/**
 * A value's logical name and its name, with the attribute if it is not the value attribute; the short name if the value has no
 * logical name.
 */
function nameOf(
  { classId, instanceId, attributeId = 2, dataIndex = 0 }: PushedValue,
  shortName: number | undefined,
): [string, string] {
  if (instanceId === undefined) return [shortName === undefined ? "" : shortName.toString(16).toUpperCase(), ""];
  const spec = classId === undefined ? undefined : findClass(classId);
  const attribute = spec === undefined || attributeId === 2 ? undefined : attributeName(spec, attributeId);
  const index = dataIndex === 0 ? "" : `, element ${dataIndex}`;
  const which = attributeId === 2 ? index : `, ${attribute ?? `attribute ${attributeId}`}${index}`;
  return [instanceId, `${obisName(instanceId) ?? ""}${which}`.replace(/^, /, "")];
}

function shown({ value, scaled }: PushedValue): string {
  if (scaled !== undefined) return String(scaled);
  return visible(
    valueText("value" in value && !Array.isArray(value.value) ? (value.value as never) : (value as never)),
  );
}

/** The attribute with scaler and unit of classes that have one. */
const scalerUnitOf: { readonly [classId: number]: number } = { 3: 3, 4: 3, 5: 4 };

/** A push as a table, after a line that names the sender. */
export function pushText(push: ReceivedPush): string {
  const { from, kind, longInvokeId, time, systemTitle, verified, repeated, confirmed } = push;
  const head = [
    kind,
    ...(longInvokeId === undefined ? [] : [`${longInvokeId}`]),
    `from ${from}`,
    ...(push.address.gateway === undefined ? [] : [`behind the gateway ${gatewayText(push.address.gateway)}`]),
    ...(systemTitle === undefined ? [] : [`meter ${toHex(systemTitle)}`]),
    ...(time === undefined ? [] : [dateTimeText(time)]),
    verified ? "verified" : "not verified",
    ...(repeated ? ["repeated"] : []),
    ...(confirmed ? ["confirmed"] : []),
  ].join(", ");
  // The scaled value already shows the scaler.
  const rows = push.values.filter(({ attributeId, classId = 0 }) => attributeId !== scalerUnitOf[classId]);
  return `${head}\n${table(
    [{ title: "logical name" }, { title: "name" }, { title: "value" }, { title: "" }],
    rows.map((one, at) => [...nameOf(one, push.shortNames?.[at]), shown(one), unitText(one.unit)]),
  )}`;
}

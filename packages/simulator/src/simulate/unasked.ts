import { Fault, type LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type PushedType,
  type PushForm,
  type PushLayout,
  PushSetup0,
  pushesOnPower,
  pushSetup,
} from "@dlmskit/cosem-objects";
import type { PushLayoutForm, TemplateForm } from "../templates/data/form.ts";
import { pushClient } from "../templates/data/parse-template.ts";
import type { SimulatorTemplate } from "../templates/template.ts";

type Layout = PushLayoutForm & { readonly at: number };

const layoutsOf = ({ form }: SimulatorTemplate): readonly Layout[] =>
  (form?.pushLayouts ?? []).map((layout, at) => ({ ...layout, at }));

/** A name matches if it has all words. A list for meters with any number of phases goes with those of one of them. */
function isChosen({ name }: Layout, words: readonly string[]): boolean {
  const found = name.toLowerCase().split(/[\s,()]+/);
  return words.every((word) => found.includes(word) || (/phase|3p\dw/.test(word) && found.includes("any")));
}

/** The layouts that the words choose; without words, the usual ones. Fault `unknown-push-layout`. */
function chosenLayouts(template: SimulatorTemplate, text: string | undefined): readonly Layout[] {
  const layouts = layoutsOf(template).filter(({ period }) => period !== undefined);
  if (text === undefined) return layouts.filter(({ usual }) => usual === true);
  const words = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const chosen = layouts.filter((layout) => isChosen(layout, words));
  if (chosen.length > 0) return chosen;
  const known = layouts.map(({ name }) => name).join("; ");
  throw new Fault("unknown-push-layout", `the template ${template.name} has no push layout "${text}"`, {
    layer: "simulator",
    hint: known === "" ? "its meters push nothing by themselves: leave out the choice" : `its layouts are: ${known}`,
  });
}

/** Fault `bad-value`: a Push setup has one list at a time. */
function checkSetups(chosen: readonly Layout[]): void {
  for (const [at, layout] of chosen.entries()) {
    const before = chosen.slice(0, at).find((one) => nameOf(one) === nameOf(layout));
    if (before === undefined) continue;
    const what = `the push layouts "${before.name}" and "${layout.name}" are both of the Push setup ${nameOf(layout)}`;
    throw new Fault("bad-value", what, { layer: "simulator", hint: "choose one of them, by more words of its name" });
  }
}

/** A Push setup that clients do not see has a name of the range that manufacturers may use. */
const nameOf = ({ instanceId, at }: Layout): LogicalName => instanceId ?? (`0.${128 + at}.25.9.0.255` as LogicalName);

const formOf = ({ form = {}, objects }: Layout): PushForm => ({
  ...(form as PushForm),
  types: objects.map(({ type, scaler }) =>
    type === undefined ? undefined : ({ type, ...(scaler === undefined ? {} : { scaler }) } as PushedType),
  ),
});

function setupOf(layout: Layout, form: TemplateForm): AnyObject {
  const { objects, period, delay = 0 } = layout;
  return pushSetup(nameOf(layout), {
    version: 0,
    pushObjectList: objects.map(({ classId, instanceId, attributeId }) => ({ classId, instanceId, attributeId })),
    destination: "127.0.0.1:4059",
    client: pushClient(form),
    form: formOf(layout),
    ...(period === undefined ? {} : { unasked: { period, delay } }),
  }) as AnyObject;
}

/** The objects of a template, with the Push setups of what its meters push without being asked. Fault `unknown-push-layout`. */
export function withUnasked(template: SimulatorTemplate, text: string | undefined): readonly AnyObject[] {
  const { form, powerPush } = template;
  const objects = template.objects().map((one) => (one.instance === powerPush ? pushesOnPower(one) : one));
  const chosen = chosenLayouts(template, text);
  if (form === undefined || chosen.length === 0) return objects;
  checkSetups(chosen);
  const setups = chosen.map((layout) => setupOf(layout, form));
  const names = new Set(setups.map(({ instance }) => instance));
  return [...objects.filter(({ instance }) => !names.has(instance)), ...setups];
}

/**
 * What the meters of a template push: the lists of their Push setups, and the layouts of what they push without being asked and without
 * logical names.
 */
export function pushLayoutsOf(template: SimulatorTemplate): readonly PushLayout[] {
  const lists = template
    .objects()
    .filter(({ spec }) => spec.classId === PushSetup0.classId)
    .map(({ values }) => (values as { readonly pushObjectList: PushLayout }).pushObjectList)
    .filter(({ length }) => length > 0);
  const unnamed = layoutsOf(template).filter(({ form }) => form?.names !== true);
  return [...lists, ...unnamed.map(({ objects }) => objects as unknown as PushLayout)];
}

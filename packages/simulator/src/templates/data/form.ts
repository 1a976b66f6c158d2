import { Fault, type Json, type LogicalName } from "@dlmskit/core";
import { z } from "zod";
import { checkedJson, parsedJson } from "../../json-file.ts";

const logicalName = z
  .string("expected a logical name, such as 1.0.1.8.0.255")
  .regex(/^\d{1,3}(?:\.\d{1,3}){5}$/, "expected a logical name, such as 1.0.1.8.0.255")
  .refine((name) => name.split(".").every((group) => Number(group) <= 255), "a group of a logical name is 0 to 255")
  .transform((name) => name as LogicalName);
const whole = (least: number, most: number) =>
  z
    .int(`expected a whole number from ${least} to ${most}`)
    .min(least, `at least ${least}`)
    .max(most, `at most ${most}`);
const attributeId = whole(-128, 127);
const confidence = z.enum(["high", "medium", "low"], "expected high, medium or low");
const text = z.string("expected a text");
const json = z.unknown().transform((value) => value as Json);

/** The number of an attribute or a client as a JSON key. */
const numbered = (what: string, values: z.ZodType) =>
  z.record(
    z.string().regex(/^-?\d{1,5}$/, `expected the number of ${what}`),
    values,
    `expected an object by the number of ${what}`,
  );

const capture = z.union(
  [
    z.tuple([whole(0, 0xffff), logicalName, attributeId]),
    z.tuple([whole(0, 0xffff), logicalName, attributeId, whole(0, 0xffff)]),
  ],
  "expected [class id, logical name, attribute id] or [class id, logical name, attribute id, data index]",
);

const attribute = z.strictObject({
  /** Type on the wire. Without it, `value` is the JSON form of the class. */
  type: text.optional(),
  value: json.optional(),
  /** An octet-string or visible-string as ASCII, in place of `value`. */
  text: text.optional(),
  scaler: whole(-128, 127).optional(),
  unit: z.union([text, whole(0, 255)], "expected a unit, such as Wh, or its number").optional(),
  /** The OBIS code of the measurement that the attribute shows. "nothing": the value does not change. */
  follows: z.union([logicalName, z.literal("nothing")], 'expected a logical name, or "nothing"').optional(),
  /** The meter sends this type although the class defines another one. */
  asIs: z.boolean("expected true or false").optional(),
  /** Why a clone has no value: the answer of the meter. */
  refused: text.optional(),
  note: text.optional(),
});
export type AttributeForm = z.output<typeof attribute>;

const use = z.enum(["r", "w", "rw", "-"], 'expected "r", "w", "rw" or "-"');

const object = z.strictObject({
  classId: whole(0, 0xffff),
  version: whole(0, 255),
  instanceId: logicalName,
  name: text.optional(),
  group: text.optional(),
  confidence: confidence.optional(),
  note: text.optional(),
  since: text.optional(),
  attributes: numbered("an attribute", attribute).optional() as unknown as z.ZodOptional<
    z.ZodType<{ readonly [id: string]: AttributeForm }>
  >,
  /** Attributes of the class that the object does not have. */
  absent: z.array(attributeId, "expected attribute ids").optional(),
  captures: z.array(capture, "expected a list of captures").optional(),
  /** Seconds. */
  capturePeriod: whole(0, 0xffffffff).optional(),
  profileEntries: whole(1, 0xffffffff).optional(),
  sortMethod: whole(1, 6).optional(),
  rows: z
    .enum(
      ["captured", "computed", "monthly", "snapshot", "listed"],
      "expected captured, computed, monthly, snapshot or listed",
    )
    .optional(),
  /**
   * What computed rows show of a time without supply. "zero" (unless given): each row is there, without energy. "missing": no row is captured
   * without supply. "flagged": the same, and the next row has bit 7 (power down) in its captured profile status.
   */
  outage: z.enum(["zero", "missing", "flagged"], "expected zero, missing or flagged").optional(),
  profileConfidence: confidence.optional(),
  /** The access of each client: to the whole object, or attribute by attribute. */
  access: z
    .record(
      z.string().regex(/^\d{1,5}$/, "expected the SAP of a client"),
      z.union([use, z.record(z.string().regex(/^-?\d{1,3}$/), use)], 'expected "r", "rw" or "-", or that by attribute'),
    )
    .optional(),
  /** Attributes that a client with "rw" may write. */
  writable: z.array(attributeId, "expected attribute ids").optional(),
  /** Methods that a client with "rw" may invoke. */
  methods: z.array(whole(1, 127), "expected method ids").optional(),
});
export type ObjectForm = z.output<typeof object>;

const client = z.strictObject({
  name: text,
  client: whole(0, 0xffff),
  association: logicalName,
  mechanism: whole(0, 6),
  ciphered: z.boolean("expected true or false"),
  policy: whole(0, 3),
  securitySetup: logicalName.optional(),
  invocationCounter: logicalName.optional(),
  /** The longest PDU that the meter sends to this client, octets: longer pushes and answers are sent in blocks. */
  maxSendPduSize: whole(12, 0xffff).optional(),
  use: text.optional(),
  confidence: confidence.optional(),
  note: text.optional(),
});

const event = z.strictObject({
  log: text,
  id: whole(0, 0xffff),
  name: text,
  confidence: confidence.optional(),
  note: text.optional(),
});

const kind = z.strictObject({
  type: z.enum(
    [
      ...(["VOLTAGE_SAG", "VOLTAGE_SWELL", "INTERRUPTION"] as const),
      ...(["FREQUENCY_VARIATION", "VOLTAGE_UNBALANCE", "HARMONIC_DISTORTION"] as const),
    ],
    "expected a kind of power quality event, such as VOLTAGE_SAG",
  ),
  occurrence: whole(0, 0xffff),
  restoration: whole(0, 0xffff),
  /** Only events that reach this phase. */
  phase: whole(1, 3).optional(),
  /** Only interruptions of the whole meter, or only those that leave supply on another phase. */
  of: z.enum(["meter", "phase"], 'expected "meter" or "phase"').optional(),
});

const log = z.strictObject({
  /** The Data object with the number of the last event, and the Data object that counts the events. */
  code: logicalName.optional(),
  sequence: logicalName.optional(),
  /** Events of the supply. Without it, the log contains the operations of clients. */
  kinds: z.array(kind).optional(),
});
export type LogForm = z.output<typeof log>;

const logged = z.strictObject({
  do: z.enum(["write", "invoke"], 'expected "write" or "invoke"'),
  instanceId: logicalName,
  index: whole(1, 127),
  log: logicalName,
  code: whole(0, 0xffff),
});

/** An element of a pushed list. The value is that of the object, in this type and with this scaler. */
const pushed = z.looseObject({
  classId: whole(0, 0xffff),
  instanceId: logicalName,
  attributeId,
  type: text.optional(),
  scaler: whole(-128, 127).optional(),
  unit: text.optional(),
});
const seconds = z.number("expected a number of seconds").min(0.001, "at least 0.001").max(31_622_400, "at most a year");

/** What the meter pushes without being asked, once it is told where to. */
const pushLayout = z.looseObject({
  name: text,
  /** The Push setup of the list; a meter can have one that clients do not see. */
  instanceId: logicalName.nullable().optional(),
  objects: z.array(pushed, "expected a list of pushed attributes").min(1, "a push has values"),
  /** Seconds between two pushes, counted from local midnight of 1970-01-01. */
  period: seconds.optional(),
  /** Seconds by which each push is later. */
  delay: z.number("expected a number of seconds").min(0).max(86_400).optional(),
  form: z
    .strictObject({
      container: z.enum(["structure", "array"], "expected structure or array").optional(),
      structures: z.boolean("expected true or false").optional(),
      names: z.boolean("expected true or false").optional(),
      scalers: z.boolean("expected true or false").optional(),
      bare: z.array(whole(0, 255), "expected places of elements").optional(),
      untypedDescriptors: z.boolean("expected true or false").optional(),
      dateTime: z.enum(["none", "tagged"], "expected none or tagged").optional(),
    })
    .optional(),
  /** Whether a meter sends it if nothing else is chosen. */
  usual: z.boolean("expected true or false").optional(),
});
export type PushLayoutForm = z.output<typeof pushLayout>;

const schema = z.strictObject({
  version: z.literal(1, "expected 1, the version of the form"),
  name: text.regex(/^[a-z0-9][a-z0-9-]{0,49}$/, "expected lower case letters, digits and hyphens, at most 50"),
  title: text,
  kind: text.optional(),
  country: text.optional(),
  standard: text.optional(),
  confidence: confidence.optional(),
  sources: z.array(text).optional(),
  gaps: z.array(text).optional(),
  notes: json.optional(),
  manufacturer: text.regex(/^[A-Z]{3}$/, "expected three capital letters"),
  series: whole(0, 9999).optional(),
  zoneMinutesEast: whole(-840, 840),
  phases: z.union([z.literal(1), z.literal(3)], "expected 1 or 3").optional(),
  /** "static": only attributes with `follows` follow the model. */
  values: z.enum(["model", "static"], "expected model or static").optional(),
  demandMinutes: whole(1, 1440).optional(),
  tariffDay: z.array(z.strictObject({ minute: whole(0, 1439), zone: whole(1, 8) })).optional(),
  clients: z.array(client, "expected a list of clients").min(1, "a meter needs a client"),
  objects: z.array(object, "expected a list of objects").min(1, "a meter needs an object"),
  events: z.array(event).optional(),
  logs: z.record(logicalName, log).optional() as unknown as z.ZodOptional<
    z.ZodType<{ readonly [log: string]: LogForm }>
  >,
  switchLog: z.strictObject({ log: logicalName, opened: whole(0, 0xffff), closed: whole(0, 0xffff) }).optional(),
  logged: z.array(logged).optional(),
  pushLayouts: z.array(pushLayout, "expected a list of layouts").optional(),
});

/** A meter template as data: see docs/guides/templates.md. */
export type TemplateForm = z.output<typeof schema>;

const file = { bad: badTemplateFile };

/** Checks a template (its text, or the parsed JSON). Fault `bad-template-file`, whose path is the place of the error. */
export function parseTemplateForm(from: unknown): TemplateForm {
  const form = checkedJson(schema, parsedJson(from, file), file);
  checkReferences(form);
  return form;
}

/** Checks the references between parts of the form. */
function checkReferences({ clients, objects }: TemplateForm): void {
  const known = new Set<number>();
  for (const [at, one] of clients.entries()) {
    if (known.has(one.client)) {
      throw badTemplateFile(`client ${one.client} is there twice`, ["clients", String(at), "client"]);
    }
    known.add(one.client);
    if (one.mechanism === 5 && !one.ciphered) {
      throw badTemplateFile("mechanism 5 (GMAC) needs a ciphered association", ["clients", String(at), "ciphered"]);
    }
  }
  const places = new Map<string, number>();
  for (const [at, { instanceId, access = {} }] of objects.entries()) {
    const before = places.get(instanceId);
    if (before !== undefined) {
      throw badTemplateFile(`${instanceId} is there already (objects.${before})`, [
        "objects",
        String(at),
        "instanceId",
      ]);
    }
    places.set(instanceId, at);
    for (const sap of Object.keys(access)) {
      if (!known.has(Number(sap))) {
        throw badTemplateFile(`there is no client ${sap}`, ["objects", String(at), "access", sap]);
      }
    }
  }
}

/** Fault `bad-template-file` at a place in the file. */
export function badTemplateFile(message: string, path: readonly string[], cause?: unknown): Fault {
  const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
  const fault = new Fault("bad-template-file", `meter template${where}: ${message}`, {
    layer: "simulator",
    hint: "the guide on templates has the form; dlms templates NAME prints an example",
    ...(cause === undefined ? {} : { cause }),
  });
  fault.path.push(...path);
  return fault;
}

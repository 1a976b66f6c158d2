import { z } from "zod";

// The forms of the answers of the control port. A test holds the answers against them; the OpenAPI document is made from them.

const count = z.int().min(0);
const instant = z.string().describe("ISO 8601");
const ms = z.number().describe("ms since 1970 UTC");
const logicalName = z.string().describe("a logical name, such as 1.0.1.8.0.255");
const data = z.unknown().describe("the JSON form of a Data");
const fault = z
  .object({ code: z.string(), layer: z.string(), message: z.string() })
  .catchall(z.union([z.string(), z.number()]));

const time = z.strictObject({ now: instant, speed: z.number() });
const value = z.strictObject({
  value: data,
  scaled: z.number().optional(),
  unit: z.string().optional(),
  text: z.string(),
});
const listedMeter = z.strictObject({
  index: count,
  serial: z.string(),
  meterId: z.string(),
  logicalDeviceName: z.string(),
  feeder: z.string(),
  transformer: z.string(),
  sessions: count,
});
const explainedFault = z.strictObject({
  name: z.string(),
  fault: z.string(),
  what: z.string(),
  seen: z.string().optional(),
  parameters: z.unknown(),
  state: z.enum(["acting", "off", "not yet", "over"]),
  start: ms.optional(),
  end: ms.optional(),
  times: count,
});

export const answers = {
  time,
  value,
  listedMeter,
  done: z.strictObject({ done: z.literal(true) }),
  fault: z.strictObject({ fault }),
  list: (item: z.ZodType) => z.strictObject({ meters: count.describe("meters of the fleet"), items: z.array(item) }),
  fleet: z.strictObject({
    ...{ template: z.string(), title: z.string(), meters: count, connections: count, sessions: count },
    ...{ reads: count, changes: count, pushesSent: count, pushesFailed: count, associations: count, refused: count },
    ...{ faults: count, pushesWaiting: count, time },
    workers: z.strictObject({ count, silent: z.array(count) }).optional(),
  }),
  meter: listedMeter.extend({
    ...{ systemTitle: z.string(), powered: z.boolean(), clock: instant, changedObjects: count, objects: count },
    ...{ connected: z.boolean().optional(), faults: z.array(explainedFault) },
  }),
  object: z.strictObject({
    ...{ classId: count, version: count, instanceId: logicalName, name: z.string().optional(), className: z.string() },
    attributes: z.array(z.strictObject({ attributeId: z.int(), name: z.string() })),
    methods: z.array(z.strictObject({ methodId: z.int(), name: z.string() })),
    value: value.optional(),
  }),
  invoked: z.strictObject({ value: data.optional() }),
  pushed: z.strictObject({ instanceId: logicalName }),
  profile: z.strictObject({
    instanceId: logicalName,
    name: z.string().optional(),
    columns: z.array(
      z.strictObject({
        ...{ instanceId: logicalName, attributeId: z.int() },
        ...{ name: z.string().optional(), unit: z.string().optional() },
      }),
    ),
    rows: z.array(z.strictObject({ at: ms, values: z.array(z.number().nullable()) })),
  }),
  apdu: z.strictObject({
    at: ms,
    way: z.enum(["received", "sent"]),
    client: count,
    length: count,
    fields: z.array(z.strictObject({ path: z.string(), text: z.string() })),
    fault: z.string().optional(),
  }),
  explanation: z.strictObject({
    ...{ index: count, meterId: z.string(), serial: z.string(), faults: z.array(explainedFault) },
  }),
  feeder: z.strictObject({ name: z.string(), first: count, meters: count }),
  switched: z.strictObject({
    ...{ meters: count, failed: count },
    failures: z.array(z.strictObject({ serial: z.string(), fault })),
  }),
  session: z.strictObject({
    ...{ id: count, status: z.enum(["ACTIVE", "IDLE", "DISCONNECTED"]) },
    ...{ serial: z.string().optional(), meterId: z.string().optional(), clientId: count.optional() },
    ...{ ipAddress: z.string(), port: count, sessionId: z.string(), connectionTime: instant, lastActivity: instant },
  }),
  faults: z.object({ version: z.literal(1), seed: z.string().optional(), faults: z.array(z.unknown()) }),
  faultKind: z.strictObject({ fault: z.string(), what: z.string() }),
  snapshot: z.strictObject({ id: count, takenAt: ms, now: ms, speed: z.number() }),
};

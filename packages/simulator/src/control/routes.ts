import { z } from "zod";
import { answers } from "./answers.ts";
import type { ControlPort } from "./port.ts";

/** A path of the control port: what it takes, and what it does. */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** A part in braces is a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  run(control: ControlPort, input: Input): unknown;
}

interface Input {
  readonly path: { readonly [name: string]: string };
  // biome-ignore lint/suspicious/noExplicitAny: its schema has checked it
  readonly query: any;
  // biome-ignore lint/suspicious/noExplicitAny: its schema has checked it
  readonly body: any;
}

const mostListed = 1000;
const dayMs = 86_400_000;

const from = z.coerce.number().int().min(0).default(0).describe("the first one, counted from 0");
const count = z.coerce.number().int().min(1).max(mostListed).default(100).describe("the number of entries");
const page = z.strictObject({ from, count });
const instant = z
  .string()
  .refine((text) => /^\d{4}-\d{2}-\d{2}/.test(text) && Number.isFinite(Date.parse(text)), "expected an ISO 8601 time")
  .describe("ISO 8601");
const on = z.strictObject({ on: z.boolean() });
const data = z.unknown().describe('the JSON form of a Data: {"type": "double-long-unsigned", "value": 42}');
const attributeId = z.coerce.number().int().min(-128).max(127);
const id = z.coerce.number().int().min(1).max(0x7fffffff);
const nothing = z.strictObject({});

const listOf = <T>(control: ControlPort, items: T): { readonly meters: number; readonly items: T } => ({
  ...{ meters: control.meterCount, items },
});

const done = { done: true } as const;

/** Faults have the status of their code. */
export const routes: readonly Route[] = [
  {
    ...{ method: "GET", path: "/fleet", summary: "The fleet at a glance", answer: answers.fleet },
    run: (control) => control.fleet(),
  },
  {
    ...{ method: "GET", path: "/meters", summary: "Meters in the order of their indexes", query: page },
    answer: answers.list(answers.listedMeter),
    run: async (control, { query }) => listOf(control, await control.meters(query)),
  },
  {
    ...{ method: "GET", path: "/meters/{serial}", summary: "One meter", answer: answers.meter },
    run: (control, { path }) => control.meter(String(path.serial)),
  },
  {
    ...{ method: "GET", path: "/meters/{serial}/objects", summary: "Objects with their main values", query: page },
    answer: answers.list(answers.object),
    run: async (control, { path, query }) => listOf(control, await control.objects(String(path.serial), query)),
  },
  {
    ...{ method: "GET", path: "/meters/{serial}/objects/{instanceId}/{attributeId}", summary: "Reads an attribute" },
    answer: answers.value,
    run: (control, { path }) =>
      control.read(String(path.serial), String(path.instanceId), attributeId.parse(path.attributeId)),
  },
  {
    ...{ method: "PUT", path: "/meters/{serial}/objects/{instanceId}/{attributeId}", summary: "Writes an attribute" },
    ...{ body: z.strictObject({ value: data }), answer: answers.value },
    run: (control, { path, body }) =>
      control.write(String(path.serial), String(path.instanceId), attributeId.parse(path.attributeId), body.value),
  },
  {
    ...{ method: "POST", path: "/meters/{serial}/invoke", summary: "Invokes a method" },
    body: z.strictObject({
      instanceId: z.string(),
      methodId: z.int().min(-128).max(127),
      argument: data.optional(),
    }),
    answer: answers.invoked,
    run: async (control, { path, body }) => {
      const value = await control.invoke(String(path.serial), body);
      return value === undefined ? {} : { value };
    },
  },
  {
    ...{ method: "POST", path: "/meters/{serial}/connect", summary: "Closes the load switch", answer: answers.done },
    run: async (control, { path }) => {
      await control.connect(String(path.serial), true);
      return done;
    },
  },
  {
    ...{ method: "POST", path: "/meters/{serial}/disconnect", summary: "Opens the load switch", answer: answers.done },
    run: async (control, { path }) => {
      await control.connect(String(path.serial), false);
      return done;
    },
  },
  {
    ...{ method: "POST", path: "/meters/{serial}/power", summary: "Cuts or restores the power of a meter" },
    ...{ body: on, answer: answers.done },
    run: async (control, { path, body }) => {
      await control.power(String(path.serial), body.on);
      return done;
    },
  },
  {
    ...{ method: "POST", path: "/meters/{serial}/push", summary: "Pushes, by the first Push setup if none is named" },
    ...{ body: z.strictObject({ instanceId: z.string().optional() }).optional(), answer: answers.pushed },
    run: async (control, { path, body }) => ({
      instanceId: await control.push(String(path.serial), body?.instanceId),
    }),
  },
  {
    ...{ method: "POST", path: "/meters/{serial}/events", summary: "Enters an event in a log of a meter" },
    ...{ body: z.strictObject({ log: z.string(), code: z.int().min(0).max(0xffff) }), answer: answers.done },
    run: async (control, { path, body }) => {
      await control.fire(String(path.serial), body);
      return done;
    },
  },
  {
    ...{ method: "GET", path: "/meters/{serial}/profile", summary: "Rows of a profile; the last day by default" },
    query: z.strictObject({
      instanceId: z.string().optional().describe("the load profile by default"),
      from: instant.optional(),
      to: instant.optional(),
    }),
    answer: answers.profile,
    run: async (control, { path, query }) => {
      const to = Date.parse(query.to ?? (await control.time()).now);
      const since = query.from === undefined ? to - dayMs : Date.parse(query.from);
      const named = query.instanceId === undefined ? {} : { instanceId: query.instanceId };
      return control.profile(String(path.serial), { ...named, from: since, to });
    },
  },
  {
    ...{ method: "GET", path: "/meters/{serial}/apdus", summary: "The last APDUs, kept from the first request on" },
    answer: answers.list(answers.apdu),
    run: async (control, { path }) => listOf(control, await control.apdus(String(path.serial))),
  },
  {
    ...{
      method: "GET",
      path: "/explain/{serial}",
      summary: "Why a meter behaves as it does",
      answer: answers.explanation,
    },
    run: (control, { path }) => control.explain(String(path.serial)),
  },
  {
    ...{ method: "GET", path: "/feeders", summary: "Feeders of the fleet", query: page },
    answer: answers.list(answers.feeder),
    run: async (control, { query }) => listOf(control, await control.feeders(query)),
  },
  {
    ...{
      method: "POST",
      path: "/feeders/{name}/power",
      summary: "Cuts or restores the power of a feeder or transformer",
    },
    ...{ body: on, answer: answers.switched },
    run: async (control, { path, body }) => {
      const { failures, ...rest } = await control.feederPower(String(path.name), body.on);
      return { ...rest, failures: failures.map(({ serial, fault }) => ({ serial, fault: fault.toJSON() })) };
    },
  },
  {
    ...{ method: "GET", path: "/sessions", summary: "Who is connected, and was" },
    query: z.strictObject({
      all: z.enum(["true", "false"]).default("false").describe("also those that are over"),
      serial: z.string().optional(),
      count: z.coerce.number().int().min(1).max(mostListed).default(mostListed).describe("the latest ones"),
      before: id.optional().describe("only those with a lower id, for the page before"),
    }),
    answer: answers.list(answers.session),
    run: async (control, { query: { all, ...rest } }) =>
      listOf(control, await control.sessions({ all: all === "true", ...rest })),
  },
  {
    ...{ method: "DELETE", path: "/sessions/{id}", summary: "Ends a session", answer: answers.done },
    run: async (control, { path }) => {
      await control.endSession(id.parse(path.id));
      return done;
    },
  },
  {
    ...{
      method: "GET",
      path: "/faults",
      summary: "The faults of the meters, as a faults file",
      answer: answers.faults,
    },
    run: (control) => control.faults(),
  },
  {
    ...{ method: "PUT", path: "/faults", summary: "Replaces the faults", body: z.unknown(), answer: answers.faults },
    run: (control, { body }) => control.setFaults(body),
  },
  {
    ...{
      method: "GET",
      path: "/faults/kinds",
      summary: "The kinds of faults",
      answer: answers.list(answers.faultKind),
    },
    run: async (control) => listOf(control, await control.faultKinds()),
  },
  {
    ...{
      method: "PUT",
      path: "/faults/{name}",
      summary: "Switches a fault on or off",
      body: on,
      answer: answers.faults,
    },
    run: (control, { path, body }) => control.switchFault(String(path.name), body.on),
  },
  {
    ...{ method: "GET", path: "/time", summary: "The simulated time of day", answer: answers.time },
    run: (control) => control.time(),
  },
  {
    ...{ method: "PUT", path: "/time", summary: "Sets the time of day, its speed, or both", answer: answers.time },
    body: z.strictObject({ now: instant.optional(), speed: z.number().min(0).optional() }),
    run: (control, { body: { now, speed } }) =>
      control.setTime({
        ...(now === undefined ? {} : { now: Date.parse(now) }),
        ...(speed === undefined ? {} : { speed }),
      }),
  },
  {
    ...{ method: "POST", path: "/time/step", summary: "Steps forward, and waits until all that is due is done" },
    ...{ body: z.strictObject({ to: instant }), answer: answers.time },
    run: (control, { body }) => control.step(Date.parse(body.to)),
  },
  {
    ...{ method: "GET", path: "/snapshots", summary: "The snapshots", answer: answers.list(answers.snapshot) },
    run: async (control) => listOf(control, await control.snapshots()),
  },
  {
    ...{ method: "POST", path: "/snapshots", summary: "Takes a snapshot of all meters", body: nothing.optional() },
    answer: answers.snapshot,
    run: (control) => control.snapshot(),
  },
  {
    ...{ method: "POST", path: "/snapshots/{id}/restore", summary: "Puts all meters, the time and the faults back" },
    ...{ body: nothing.optional(), answer: answers.snapshot },
    run: (control, { path }) => control.restore(id.parse(path.id)),
  },
  {
    ...{ method: "DELETE", path: "/snapshots/{id}", summary: "Removes a snapshot", answer: answers.done },
    run: async (control, { path }) => {
      await control.removeSnapshot(id.parse(path.id));
      return done;
    },
  },
];

import { z } from "zod";
import { answers } from "./answers.ts";
import { type Route, routes } from "./routes.ts";

type Document = { readonly [name: string]: unknown };

function schemaOf(schema: z.ZodType, io: "input" | "output"): Document {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

const json = (schema: Document): Document => ({ "application/json": { schema } });

function parametersOf({ path, query }: Route): readonly Document[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const inPath = names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    ...{ name, in: "query", required: false, schema: schemaOf(schema as z.ZodType, "input") },
  }));
  return [...inPath, ...inQuery];
}

const refused = {
  description: "A Fault: what is wrong, where, and what to try",
  content: json({ $ref: "#/components/schemas/Fault" }),
};

function operationOf(route: Route): Document {
  const { body, answer, summary, method, path } = route;
  const words = `${method.toLowerCase()} ${path.replaceAll(/[{}]/g, "")}`.split(/[^a-zA-Z]+/);
  const [first = "", ...others] = words.filter((word) => word !== "");
  return {
    summary,
    operationId: first + others.map((word) => (word[0] ?? "").toUpperCase() + word.slice(1)).join(""),
    parameters: parametersOf(route),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse(undefined).success,
            content: json(schemaOf(body, "input")),
          },
        }),
    responses: {
      200: { description: "Done", content: json(schemaOf(answer, "output")) },
      default: refused,
    },
  };
}

const events: Document = {
  get: {
    summary: "Server-sent events: `state` (the fleet at a glance) each second, `meter` for what happens at meters",
    operationId: "getEvents",
    responses: {
      200: { description: "A stream", content: { "text/event-stream": { schema: { type: "string" } } } },
      default: refused,
    },
  },
};

/** The OpenAPI 3.1 document of the control port, made from the table of its routes. */
export function openApiDocument(version = "1"): Document {
  const paths: { [path: string]: { [method: string]: Document } } = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operationOf(route);
    paths[route.path] = path;
  }
  return {
    openapi: "3.1.0",
    info: { title: "Control of simulated meters", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    security: [{}, { token: [] }],
    paths: { ...paths, "/events": events },
    components: {
      schemas: { Fault: schemaOf(answers.fault, "output") },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

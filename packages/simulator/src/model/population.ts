import { Fault } from "@dlmskit/core";
import type { LoadProfileTemplate } from "@dlmskit/storage";
import { z } from "zod";
import { checkedJson, type JsonFile, parsedJson } from "../json-file.ts";
import { customerClasses } from "../templates/customer-classes.ts";
import { bits, randomKey, Stream, unit } from "./random.ts";

const file: JsonFile = {
  bad(message, path) {
    const fault = new Fault("bad-value", `population: ${message}`, {
      layer: "simulator",
      hint: '{"version": 1, "classes": [{"template": "urban-household", "share": 0.9}, {"template": "shop", "share": 0.1}]}',
    });
    fault.path.push(...path);
    return fault;
  },
};

const population = z.strictObject({
  version: z.literal(1, "only version 1 is known"),
  classes: z
    .array(
      z.strictObject({
        template: z.string("expected a template_name of load_profile_templates").min(1).max(100),
        share: z.number("expected a number above 0").positive("expected a number above 0"),
      }),
      "expected a list of classes",
    )
    .min(1, "expected at least one class"),
});

/** Which customers a fleet has: the shares of customer classes. A class is a `template_name` of load_profile_templates. */
export type Population = z.output<typeof population>;

/**
 * A population from the text of a JSON document, or from the parsed JSON. The shares are relative to their sum. Fault `bad-value`, whose
 * path is the place of the error.
 */
export function parsePopulation(from: unknown): Population {
  return checkedJson(population, parsedJson(from, file), file);
}

/** The rows of each class of a population. A meter's class is a function of seed and meter, so no list of meters is needed. */
export class CustomerClasses {
  readonly #classes: readonly {
    readonly template: string;
    readonly upTo: number;
    readonly rows: readonly LoadProfileTemplate[];
  }[];

  /** Fault `bad-load-profile`: a class has no rows, neither in the table nor built in. */
  constructor({ classes }: Population, rows: readonly LoadProfileTemplate[]) {
    const sum = classes.reduce((all, { share }) => all + share, 0);
    let upTo = 0;
    this.#classes = classes.map(({ template, share }, at) => {
      const own = rows.filter(({ templateName }) => templateName === template);
      const found = own.length > 0 ? own : (customerClasses[template] ?? []);
      if (found.length === 0) {
        const fault = new Fault(
          "bad-load-profile",
          `no load profile template has the name ${JSON.stringify(template)}`,
          {
            layer: "simulator",
            hint: `add rows with this template_name, or use ${Object.keys(customerClasses).join(", ")}`,
          },
        );
        fault.path.push("classes", String(at), "template");
        throw fault;
      }
      upTo += share / sum;
      return { template, upTo: at === classes.length - 1 ? 1 : upTo, rows: found };
    });
  }

  /** The rows of every class. The same lists each time: a model is prepared once for a list. */
  get lists(): readonly (readonly LoadProfileTemplate[])[] {
    return this.#classes.map(({ rows }) => rows);
  }

  /** The class of a meter, and its rows. */
  of(seed: string, meter: string): { readonly template: string; readonly rows: readonly LoadProfileTemplate[] } {
    const drawn = unit(bits(randomKey(seed, meter), Stream.customerClass, 0));
    return this.#classes.find(({ upTo }) => drawn < upTo) as { template: string; rows: readonly LoadProfileTemplate[] };
  }
}

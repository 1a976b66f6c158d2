import { T } from "@dlmskit/apdu";
import { type Context, interfaceClass, object } from "@dlmskit/cosem-objects";
import { none } from "../src/index.ts";

/** Two clients who may do everything. */
export const associations = {
  one: { client: 1, security: none(), access: "full" as const },
  two: { client: 2, security: none(), access: "full" as const },
};
const Hook = interfaceClass({
  classId: 9002,
  version: 0,
  name: "Hook",
  attributes: { count: { id: 2, type: T.unsigned, access: "rw" } },
  methods: { go: { id: 1, argument: T.integer } },
});
type Go = (values: { count: number }, argument: number, context: Context) => unknown;
/** An object whose only method runs `go`. */
export const hook = (instance: string, go: Go) => object(Hook, instance, { count: 0 }, { invoke: { go: go as never } });

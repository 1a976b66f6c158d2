import { Fault } from "@dlmskit/core";
import type { Control } from "../control.ts";
import { faultJson, type WorkerCall } from "./messages.ts";
import { type WorkerPort, workerMethods } from "./worker-methods.ts";

/** The control of one of several workers, which answers the calls of the first process. */
export class WorkerControl {
  readonly #methods: { readonly [name: string]: (...args: never[]) => unknown };
  readonly #tell: WorkerPort["tell"];

  /** `port.tell` sends JSON to the first process. */
  constructor(control: Control, port: WorkerPort) {
    this.#methods = workerMethods(control, port);
    this.#tell = port.tell;
  }

  /** Answers a call with its result or its Fault. */
  async call({ id, method, args }: WorkerCall): Promise<void> {
    try {
      const found = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
      if (found === undefined) throw new Fault("no-path", `a worker has no ${method}`, { layer: "simulator" });
      const result = await found(...(args as never[]));
      this.#tell({ answer: id, ...(result === undefined ? {} : { result }) });
    } catch (error) {
      this.#tell({ answer: id, fault: faultJson(error) });
    }
  }
}

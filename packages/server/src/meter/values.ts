import { type AnyObject, checkValues } from "@dlmskit/cosem-objects";
import type { AnyValues, Committed } from "../runtime/unit-of-work.ts";

/** The values of one meter that all clients read. */
export interface MeterValues extends Committed {
  /** Takes changed values, by object and name. */
  put(changed: ReadonlyMap<AnyObject, AnyValues>): void;
  /** Number of objects that have their own values. */
  readonly diverged: number;
}

/** The values of a meter that differ from a shared template. */
export class SharedValues implements MeterValues {
  /** Created when a value first changes. */
  #overlay: Map<AnyObject, Readonly<AnyValues>> | undefined;

  values(object: AnyObject): Readonly<AnyValues> {
    return this.#overlay?.get(object) ?? object.values;
  }

  put(changed: ReadonlyMap<AnyObject, AnyValues>): void {
    if (changed.size > 0) this.#overlay ??= new Map();
    for (const [object, values] of changed) {
      this.#overlay?.set(object, Object.freeze({ ...this.values(object), ...values }));
    }
  }

  get diverged(): number {
    return this.#overlay?.size ?? 0;
  }
}

// The plain values behind `object.values` of a meter that owns its objects.
const records = new WeakMap<object, AnyValues>();

export interface OwnValuesPort {
  /** The copy that belongs to the running unit of work; undefined: no work is running. */
  draft(object: AnyObject): AnyValues | undefined;
  /** Called when code outside any unit of work assigned a value. */
  assigned(object: AnyObject, name: string, before: unknown): void;
}

/**
 * The values of a meter that owns its objects. `object.values` reads and assigns them. Assignments in a hook or a task belong to its
 * unit of work; other assignments are visible at once. Fault `wrong-value` if a value does not have the type of the attribute.
 */
export class OwnValues implements MeterValues {
  readonly #changed = new Set<AnyObject>();

  constructor(objects: Iterable<AnyObject>, port: OwnValuesPort) {
    for (const object of objects) bind(object, port);
  }

  values(object: AnyObject): Readonly<AnyValues> {
    return records.get(object.values) ?? object.values;
  }

  put(changed: ReadonlyMap<AnyObject, AnyValues>): void {
    for (const [object, values] of changed) {
      this.#changed.add(object);
      Object.assign(records.get(object.values) ?? object.values, values);
    }
  }

  get diverged(): number {
    return this.#changed.size;
  }
}

function bind(object: AnyObject, port: OwnValuesPort): void {
  const shown = object.values as AnyValues;
  const record = records.get(shown) ?? { ...shown };
  records.set(shown, record);
  for (const name of new Set([...Object.keys(object.spec.attributes), ...Object.keys(record)])) {
    Object.defineProperty(shown, name, {
      configurable: true,
      enumerable: true,
      get: () => (port.draft(object) ?? record)[name],
      set: (value: unknown) => {
        checkValues(object, { [name]: value });
        const draft = port.draft(object);
        if (draft !== undefined) draft[name] = value;
        else {
          const before = record[name];
          record[name] = value;
          port.assigned(object, name, before);
        }
      },
    });
  }
}

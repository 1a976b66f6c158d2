import { type Data, encodeData, treeOf } from "@dlmskit/apdu";
import { type LogicalName, logicalName } from "@dlmskit/core";
import { type RestrictedColumns, RestrictionType } from "../classes/access/restriction.ts";
import { CaptureMethod, CompactData0, CompactData1 } from "../classes/data/compact-data.ts";
import { counting } from "../list-size.ts";
import { after, afterEach, type MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object } from "../object.ts";
import { captureCells } from "../profile/capture.ts";
import { cellOf } from "../profile/cells.ts";
import { elementsOf, encodedArray, encodedStructure } from "../profile/elements.ts";
import { columnsOf, selectionOf } from "../profile/restriction-selection.ts";
import { type CaptureObject, sameColumn } from "../profile/selective-access.ts";
import { describeAlike, templateDescription, type UntaggedOptions, untagged } from "../profile/template.ts";
import { refuse } from "../refusal.ts";
import { type Column, captureObject } from "./profile-generic.ts";

export interface CompactDataOptions<C> extends UntaggedOptions {
  /** The captured attributes after the template id, which is always first. */
  readonly capture: readonly C[];
  /** Identifies the template: if the captured attributes change, the template id must change too. 0 by default. */
  readonly templateId?: number;
  /** `onInvoke` (by default): only the method `capture` fills the buffer; `onRead`: each read fills it. */
  readonly captureMethod?: keyof typeof CaptureMethod;
}

/** An attribute of a profile or of another object; for the buffer of a profile, the selected rows and columns. */
export type RestrictedColumn = Column | RestrictedColumns;

interface CompactValues {
  compactBuffer: Uint8Array;
  captureObjects: readonly (CaptureObject & Partial<Pick<RestrictedColumns, "restriction" | "columns">>)[];
  templateId: number;
  templateDescription: Uint8Array;
  captureMethod: number;
}
type Captured = CompactValues["captureObjects"][number];

const classId = CompactData0.classId;
const templateIdOf = (instanceId: LogicalName): CaptureObject => ({
  classId,
  instanceId,
  attributeId: 4,
  dataIndex: 0,
});
const nothing = new Uint8Array(0);
const unrestricted = { restriction: { restrictionType: RestrictionType.none, restrictionValue: null }, columns: [] };

/** Values of attributes without their type tags; the template describes the types (class 62; Blue Book 4.3.10). */
export function compactData(
  instance: LogicalName,
  { capture, ...options }: CompactDataOptions<RestrictedColumn>,
  hooks: Hooks<typeof CompactData1> = {},
): CosemObject<typeof CompactData1> {
  const columns = capture.map((column) =>
    "classId" in column && "restriction" in column ? column : { ...captureObject(column), ...unrestricted },
  );
  const own = { ...templateIdOf(logicalName(instance)), ...unrestricted };
  const behaviour = behaviourOf(options);
  return object(
    CompactData1,
    instance,
    { ...firstValues(options), captureObjects: [own, ...columns] } as never,
    {
      ...hooks,
      read: { ...behaviour.read, ...hooks.read },
      write: { ...behaviour.write, ...hooks.write },
      invoke: { ...behaviour.invoke, ...hooks.invoke },
    } as Hooks<typeof CompactData1>,
  );
}

/** Version 0: whole attributes and their elements, without restrictions. */
export function compactData0(
  instance: LogicalName,
  { capture, ...options }: CompactDataOptions<Column>,
  hooks: Hooks<typeof CompactData0> = {},
): CosemObject<typeof CompactData0> {
  const captureObjects = [templateIdOf(logicalName(instance)), ...capture.map(captureObject)];
  const behaviour = behaviourOf(options);
  return object(
    CompactData0,
    instance,
    { ...firstValues(options), captureObjects } as never,
    {
      ...hooks,
      read: { ...behaviour.read, ...hooks.read },
      write: { ...behaviour.write, ...hooks.write },
      invoke: { ...behaviour.invoke, ...hooks.invoke },
    } as Hooks<typeof CompactData0>,
  );
}

const firstValues = ({ templateId = 0, captureMethod = "onInvoke" }: Omit<CompactDataOptions<Column>, "capture">) => ({
  ...{ compactBuffer: nothing, templateId, templateDescription: nothing },
  captureMethod: CaptureMethod[captureMethod],
});

function behaviourOf(options: UntaggedOptions) {
  const captured = (own: Readonly<CompactValues>, context: Context) =>
    after(valuesOf(own.captureObjects, context), (values) => ({
      buffer: untagged({ type: "structure", value: values }, options),
      description: templateDescription(values),
    }));
  const empty = (own: CompactValues): void => {
    own.compactBuffer = nothing;
    own.templateDescription = nothing;
  };
  return {
    read: {
      compactBuffer(own: Readonly<CompactValues>, context: Context): MaybePromise<Uint8Array> {
        if (own.captureMethod !== CaptureMethod.onRead && own.compactBuffer.length === 0) return nothing;
        return after(captured(own, context), ({ buffer, description }) => {
          if (own.captureMethod === CaptureMethod.onRead) return buffer;
          // Values that were captured with another description cannot be decoded any more.
          return describeAlike(description, own.templateDescription) ? own.compactBuffer : nothing;
        });
      },
      templateDescription: (own: Readonly<CompactValues>, context: Context) =>
        after(captured(own, context), ({ description }) =>
          describeAlike(description, own.templateDescription) ? own.templateDescription : description,
        ),
    },
    write: {
      captureObjects(own: CompactValues, written: CompactValues["captureObjects"], context: Context): void {
        check(written, context);
        own.captureObjects = written;
        empty(own);
      },
      captureMethod(own: CompactValues, written: number): void {
        own.captureMethod = written;
        empty(own);
      },
      ...{ compactBuffer: denied, templateDescription: denied },
    },
    invoke: {
      reset: empty,
      capture(own: CompactValues, _: number, context: Context): MaybePromise<void> {
        if (own.captureMethod === CaptureMethod.onRead) throw refuse("read-write-denied", "reading captures");
        return after(captured(own, context), ({ buffer, description }) => {
          own.compactBuffer = buffer;
          own.templateDescription = description;
        });
      },
    },
  };
}

function denied(): never {
  throw refuse("read-write-denied");
}

function check([first, ...others]: readonly Captured[], { object: { instance } }: Context): void {
  if (first === undefined || !sameColumn(first, templateIdOf(instance))) {
    throw refuse("other-reason", "the first capture object is the template_id of the object itself");
  }
  const itself = others.some((one) => one.classId === classId && one.instanceId === instance && one.attributeId !== 4);
  if (itself) throw refuse("other-reason", "the object would capture its own buffer");
}

function valuesOf(columns: readonly Captured[], context: Context): MaybePromise<Data[]> {
  const counted = counting();
  return afterEach(columns, (column) => {
    const { restriction, columns: chosen = [] } = column;
    const isWhole = restriction === undefined || restriction.restrictionType === RestrictionType.none;
    if (isWhole && chosen.length === 0) {
      return after(captureCells([column], context, context.now), ([cell]) => cellOf(counted(cell as Uint8Array)));
    }
    return after(context.device.get(column, selectionOf(column, context)), (rows) =>
      pickColumns({ type: "encoded", octets: counted(encodeData(rows)) }, column, context),
    );
  });
}

function pickColumns(rows: Parameters<typeof treeOf>[0], column: Captured, context: Context): Data {
  const { columns: chosen = [] } = column;
  if (chosen.length === 0) return treeOf(rows);
  const all = columnsOf(column, context);
  const places = chosen.map((one) => all.findIndex((other) => sameColumn(one, other)));
  if (places.includes(-1)) throw refuse("other-reason", `${column.instanceId} does not capture all of the columns`);
  const picked = elementsOf(encodeData(rows)).map((row) => {
    const cells = elementsOf(row);
    return encodedStructure(places.map((place) => cells[place] as Uint8Array));
  });
  return cellOf(encodedArray(picked));
}

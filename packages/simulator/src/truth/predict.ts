import type { AttributeDescriptor } from "@dlmskit/cosem-objects";
import { noble } from "@dlmskit/security";
import type { FaultName } from "../faults/fault-kinds.ts";
import { FaultSet } from "../faults/fault-set.ts";
import type { FaultSpec, FaultsFile } from "../faults/faults-file.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { TruthColumn } from "./records.ts";
import type { Period } from "./truth.ts";

/** How much of an object a campaign gets: all of it, nothing, or it depends (on chance, on the length of the answer, on the client). */
export type Outcome = "all" | "some" | "none";

/** What faults predict: how many are right, at least and at most, and the names of the faults that decide it. */
export interface Predicted {
  readonly atLeast: number;
  readonly atMost: number;
  readonly faults: readonly string[];
}

/** The outcome of a fault, from its parameters and what is read. */
type Effect = Outcome | ((parameters: never, attribute: AttributeDescriptor) => Outcome);

interface ResultParameters {
  readonly do: readonly string[];
  readonly classId?: number;
  readonly instanceId?: string;
}

const isOfResult = (of: ResultParameters, { classId, instanceId }: AttributeDescriptor): Outcome =>
  of.do.includes("read") && (of.classId ?? classId) === classId && (of.instanceId ?? instanceId) === instanceId
    ? "none"
    : "all";

const reads = ({ services }: { readonly services: readonly string[] }): Outcome =>
  services.includes("get") ? "none" : "all";

/** The attribute that a fault of the clock's time alters. */
const theTime = (_: never, { classId, attributeId }: AttributeDescriptor): Outcome =>
  classId === 8 && attributeId === 2 ? "none" : "all";

const theBuffer = (_: never, { classId, attributeId }: AttributeDescriptor): Outcome =>
  classId === 7 && attributeId === 2 ? "none" : "all";

/** Data objects have the names and numbers of a meter. */
const identity = (_: never, { classId }: AttributeDescriptor): Outcome => (classId === 1 ? "some" : "all");

/** The time that clients wait for an answer, unless they say otherwise, ms. */
const usualTimeout = 10_000;
const inTime = ({ ms }: { readonly ms: number | readonly number[] }): Outcome =>
  Math.max(...[ms].flat()) < usualTimeout ? "all" : "some";

/**
 * What each fault leaves of a campaign by a client as `dlms` is one: over the wrapper, with HLS and ciphering, with GET by range, without
 * quirks, and with the usual timeout. A client that accepts quirks gets more.
 */
const effects: { readonly [name in FaultName]: Effect } = {
  silent: "none",
  slow: inTime,
  lossy: "some",
  "stuck-sequence": "all",
  "four-octet-address": "all",
  echo: "all",
  noise: "all",
  "snrm-with-parameters": "all",
  "any-wport": "none",
  "octet-by-octet": "some",
  reboot: "some",
  exception: reads,
  "aborted-transfer": "some",
  "lost-block": "some",
  "blocks-from-0": "some",
  "blocks-for-small-data": "all",
  "action-without-data": "none",
  "short-lists": "all",
  "no-release-response": "all",
  "ciphered-length-long-form": "all",
  "ciphered-length-wrong": "none",
  "wrong-counter": ({ by }: { readonly by: number }) => (by < 0 ? "none" : "all"),
  "bad-tag": "none",
  "wrong-system-title": "none",
  "empty-system-title": "all",
  "lying-conformance": "some",
  "vaa-name-of-short-names": "none",
  "aare-without-user-information": "none",
  "plain-initiate-response": "none",
  "aare-without-mechanism": "none",
  "aare-protocol-version": "all",
  "aare-lengths-short": "none",
  result: isOfResult,
  "clock-wrong": theTime,
  "deviation-inverted": theTime,
  "deviation-not-specified": theTime,
  "time-null": theTime,
  "time-empty": theTime,
  "time-without-date": theTime,
  "duplicate-identity": identity,
  "image-refused": "all",
  "range-with-deviation-refused": theBuffer,
  "range-without-deviation-refused": "all",
  "object-list-association-last": "all",
  "object-list-without-rights": "all",
  "scripts-not-an-array": "all",
  "capture-period-0": "all",
  "expired-certificate": "all",
  "cover-opened": "all",
  magnet: "all",
  "neutral-disturbed": "all",
  "battery-low": "all",
  "relay-failed": "all",
  "mbus-battery-low": "all",
  "mbus-tamper": "all",
  "clock-drift": theTime,
  "push-gaps": "all",
  "push-without-object-list": "all",
  "alarm-in-ascii": "all",
  "two-octet-address": "all",
  "answers-together": "some",
  "gmac-counted-twice": "all",
  "gmac-not-counted": "some",
  "object-list-count-wrong": "all",
  "object-list-negative-attributes": "all",
  "capture-attribute-negative": theBuffer,
};

type Columns = readonly TruthColumn[];

/** The columns that a profile of a meter with a fault has by its capture_objects. Its rows are as without it. */
const shownColumns: { readonly [name in FaultName]?: (columns: Columns) => Columns } = {
  "capture-attribute-negative": (columns) =>
    columns.map((column, at) => (at === columns.length - 1 ? { ...column, attributeId: -1 } : column)),
};

/** What the faults of a fleet leave of a campaign. */
export class Predictions {
  readonly #set: FaultSet;
  readonly #read: Period;

  /** `read`: when the campaign reads. Fault `bad-faults-file`: a serial number does not belong to the fleet. */
  constructor(fleet: Fleet, faults: FaultsFile, read: Period) {
    this.#set = new FaultSet({ fleet, time: { now: read.from }, provider: noble }, faults);
    this.#read = read;
  }

  get names(): readonly string[] {
    return this.#set.file.faults.map(({ name }) => name);
  }

  /** What a campaign gets of an attribute of a meter, and the faults that decide it. */
  of(index: number, attribute: AttributeDescriptor): { readonly outcome: Outcome; readonly faults: readonly string[] } {
    let outcome = "all" as Outcome;
    const faults: string[] = [];
    for (const spec of this.#set.file.faults) {
      const overlap = this.#overlap(spec);
      if (overlap === "never" || !this.#set.isOf(spec, index)) continue;
      const effect = effects[spec.fault];
      const told = typeof effect === "string" ? effect : effect(spec.parameters as never, attribute);
      const one = told === "none" && overlap === "partly" ? "some" : told;
      if (one === "all") continue;
      faults.push(spec.name);
      outcome = one === "none" || outcome === "none" ? "none" : "some";
    }
    return { outcome, faults };
  }

  /** The columns of a profile of a meter as its faults show them; undefined: as they are. */
  columnsOf(index: number, columns: Columns): Columns | undefined {
    let shown: Columns | undefined;
    for (const spec of this.#set.file.faults) {
      const change = shownColumns[spec.fault];
      if (change === undefined || this.#overlap(spec) === "never" || !this.#set.isOf(spec, index)) continue;
      shown = change(shown ?? columns);
    }
    return shown;
  }

  /** Whether a fault acts while the campaign reads. */
  #overlap({
    on,
    start = Number.NEGATIVE_INFINITY,
    end = Number.POSITIVE_INFINITY,
  }: FaultSpec): "never" | "partly" | "always" {
    const { from, to } = this.#read;
    if (!on || start > to || end <= from) return "never";
    return start <= from && end > to ? "always" : "partly";
  }
}

import { type Data, type DataLike, encodeData, treeOf } from "@dlmskit/apdu";
import { concat, fromHex, toHex } from "@dlmskit/core";
import { type AnyObject, anyDataObject, type Rights } from "@dlmskit/cosem-objects";
import { Meter, meterTemplate, none } from "../../src/index.ts";
import { Bench, type Client } from "../a-client.ts";

/** Also to write what a class does not let be written by itself (the value of a register, the columns of a profile). */
const everything: Rights = { attribute: () => 3, method: () => 1 };
const associations = { open: { client: 16, security: none(), access: everything } };

const meterOf = (objects: readonly AnyObject[]): Meter =>
  new Meter(meterTemplate({ objects, associations }), { name: "ABC0000000000001" });

/** The Data of a result; a refusal throws its code. */
export function dataOfResult(result: { data: DataLike } | { error: string } | undefined): Data {
  if (result === undefined || "error" in result) throw new Error(result?.error ?? "no result");
  return treeOf(result.data);
}

/** The elements of an array or a structure. */
export const elementsIn = (data: Data | undefined): readonly Data[] => (data as { value: readonly Data[] }).value;

/** The cells of each row of a buffer. */
export const rowsIn = (data: Data): (readonly Data[])[] => elementsIn(data).map(elementsIn);

/** A client of a meter with these objects, on a line in memory, in virtual time; it opens its association again where it was idle. */
export async function wired(objects: readonly AnyObject[]) {
  const meter = meterOf(objects);
  const bench = new Bench(meter);
  const client = await bench.client().open();
  let current = client;
  const open = async (): Promise<Client> => {
    if (current.closed) current = await bench.client().open();
    return current;
  };
  return {
    meter,
    bench,
    client,
    read: async (object: AnyObject, attributeId: number): Promise<Data> =>
      dataOfResult((await (await open()).get([object.spec.classId as number, object.instance, attributeId]))[0]),
    write: async (object: AnyObject, attributeId: number, value: DataLike) =>
      (await open()).set(object.spec.classId as number, object.instance, attributeId, treeOf(value)),
    invoke: async (object: AnyObject, methodId: number, parameters?: DataLike) =>
      (await open()).invoke(
        object.spec.classId as number,
        object.instance,
        methodId,
        parameters === undefined ? undefined : treeOf(parameters),
      ),
    /** Lets time pass, a step after the other. */
    async go(seconds: number, step = seconds): Promise<void> {
      for (let at = 0; at < seconds; at += step) {
        bench.clock.advance(Math.min(step, seconds - at) * 1000);
        await bench.settle(2);
      }
    },
  };
}

const echoName = "0.0.96.1.60.255";
const descriptor = `0001${toHex(Uint8Array.of(0, 0, 96, 1, 60, 255))}02`;

/** A Data object that takes anything, and a client that speaks in octets. */
export async function echoed() {
  const { client, bench, meter } = await wired([anyDataObject(echoName, { type: "null-data" })]);
  const octets = async (hex: string): Promise<string> => toHex((await client.raw(fromHex(hex))) ?? new Uint8Array());
  return { client, bench, meter, octets, ...echo(octets, client) };
}

const echo = (octets: (hex: string) => Promise<string>, client: Client) => ({
  /** The response to a SET-request-normal of these octets of Data, without its head: "00" is success. */
  set: async (hex: string): Promise<string> => {
    const answer = await octets(`c101c1${descriptor}00${hex}`);
    return answer.startsWith("c501c1") ? answer.slice(6) : answer;
  },
  /** The Data that a GET-request-normal gives, in octets. */
  get: async (): Promise<string> => {
    const answer = await octets(`c001c1${descriptor}00`);
    return answer.startsWith("c401c100") ? answer.slice(8) : answer;
  },
  /** Writes Data and reads it again through the client, by blocks where it is long. */
  round: async (data: Data): Promise<string> => {
    const result = await client.set(1, echoName, 2, data);
    if (result !== "success") return result;
    return toHex(encodeData(dataOfResult((await client.get([1, echoName, 2]))[0])));
  },
});

export const hexOf = (...parts: readonly (string | Uint8Array)[]): string =>
  toHex(concat(...parts.map((part) => (typeof part === "string" ? fromHex(part) : part))));

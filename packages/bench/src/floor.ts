// Minimal loops, written by hand: the same fields and the same values, without any check. dlmskit is compared with them.
import type { Apdu, Data } from "@dlmskit/apdu";

const u16 = (o: Uint8Array, at: number): number => ((o[at] as number) << 8) | (o[at + 1] as number);
const u32 = (o: Uint8Array, at: number): number =>
  (((o[at] as number) << 24) | ((o[at + 1] as number) << 16) | ((o[at + 2] as number) << 8) | (o[at + 3] as number)) >>>
  0;
const text = (o: Uint8Array, at: number, count: number): string => {
  let all = "";
  for (let end = at + count; at < end; at++) all += String.fromCharCode(o[at] as number);
  return all;
};
const i16 = (o: Uint8Array, at: number): number => (u16(o, at) << 16) >> 16;

function dateTime(o: Uint8Array, at: number) {
  const or = (value: number, absent: number): number | null => (value === absent ? null : value);
  return {
    year: or(u16(o, at), 0xffff),
    month: or(o[at + 2] as number, 0xff),
    day: or(o[at + 3] as number, 0xff),
    dayOfWeek: or(o[at + 4] as number, 0xff),
    hour: or(o[at + 5] as number, 0xff),
    minute: or(o[at + 6] as number, 0xff),
    second: or(o[at + 7] as number, 0xff),
    hundredths: or(o[at + 8] as number, 0xff),
    deviation: or(i16(o, at + 9), -0x8000),
    status: or(o[at + 11] as number, 0xff),
  };
}

type Invoked = { source: number; destination: number; invokeId: number; priority: string; serviceClass: string };
function invoked(o: Uint8Array): Invoked {
  const octet = o[10] as number;
  return {
    source: u16(o, 2),
    destination: u16(o, 4),
    invokeId: octet & 15,
    priority: octet & 0x80 ? "high" : "normal",
    serviceClass: octet & 0x40 ? "confirmed" : "unconfirmed",
  };
}

export function u32Value(o: Uint8Array): object {
  return { ...invoked(o), value: u32(o, 13) };
}

export function u32Answer(given: Apdu): Uint8Array {
  const apdu = given as unknown as Invoked & { result: { data: { value: number } } };
  const { value } = apdu.result.data;
  const o = new Uint8Array(9);
  o[0] = 0xc4;
  o[1] = 1;
  o[2] = apdu.invokeId | (apdu.priority === "high" ? 0x80 : 0) | (apdu.serviceClass === "confirmed" ? 0x40 : 0);
  o[4] = 6;
  o[5] = value >>> 24;
  o[6] = value >>> 16;
  o[7] = value >>> 8;
  o[8] = value;
  return o;
}

const u64 = (o: Uint8Array, at: number): bigint => (BigInt(u32(o, at)) << 32n) | BigInt(u32(o, at + 4));

export function struct8(o: Uint8Array): object {
  return {
    ...invoked(o),
    clock: dateTime(o, 16),
    energy: u32(o, 29),
    total: u64(o, 34),
    serial: text(o, 44, 8),
    voltage: u16(o, 53),
    current: i16(o, 56),
    unit: o[59],
    on: o[61] !== 0,
  };
}

export function struct8Tree(o: Uint8Array): object {
  const value: Data[] = [
    { type: "octet-string", value: o.subarray(16, 28) },
    { type: "double-long-unsigned", value: u32(o, 29) },
    { type: "long64-unsigned", value: u64(o, 34) },
    { type: "visible-string", value: text(o, 44, 8) },
    { type: "long-unsigned", value: u16(o, 53) },
    { type: "long", value: i16(o, 56) },
    { type: "enum", value: o[59] as number },
    { type: "boolean", value: o[61] !== 0 },
  ];
  return { ...invoked(o), value };
}

const rowOctets = 51;
const head = 4;

export function rows(o: Uint8Array): object[] {
  const all: object[] = [];
  for (let at = head; at < o.length; at += rowOctets) {
    all.push({
      clock: o.subarray(at + 4, at + 16),
      a: u32(o, at + 17),
      b: u32(o, at + 22),
      c: u32(o, at + 27),
      d: u32(o, at + 32),
      e: u32(o, at + 37),
      f: u32(o, at + 42),
      g: u32(o, at + 47),
    });
  }
  return all;
}

export function datedRows(o: Uint8Array): object[] {
  const all: object[] = [];
  for (let at = head; at < o.length; at += rowOctets) {
    all.push({
      clock: dateTime(o, at + 4),
      a: u32(o, at + 17),
      b: u32(o, at + 22),
      c: u32(o, at + 27),
      d: u32(o, at + 32),
      e: u32(o, at + 37),
      f: u32(o, at + 42),
      g: u32(o, at + 47),
    });
  }
  return all;
}

export function rowTrees(o: Uint8Array): Data {
  const all: Data[] = [];
  for (let at = head; at < o.length; at += rowOctets) {
    const row: Data[] = [{ type: "octet-string", value: o.subarray(at + 4, at + 16) }];
    for (let column = at + 17; column < at + rowOctets; column += 5) {
      row.push({ type: "double-long-unsigned", value: u32(o, column) });
    }
    all.push({ type: "structure", value: row });
  }
  return { type: "array", value: all };
}

type Columns = { clock: Uint8Array; a: number; b: number; c: number; d: number; e: number; f: number; g: number };
function put(o: Uint8Array, at: number, value: number): void {
  o[at] = 6;
  o[at + 1] = value >>> 24;
  o[at + 2] = value >>> 16;
  o[at + 3] = value >>> 8;
  o[at + 4] = value;
}

export function rowsOctets(values: readonly unknown[]): Uint8Array {
  const o = new Uint8Array(head + values.length * rowOctets);
  o[0] = 1;
  o[1] = 0x82;
  o[2] = values.length >>> 8;
  o[3] = values.length;
  let at = head;
  for (const value of values as readonly Columns[]) {
    o[at] = 2;
    o[at + 1] = 8;
    o[at + 2] = 9;
    o[at + 3] = 12;
    const { clock } = value;
    for (let octet = 0; octet < 12; octet++) o[at + 4 + octet] = clock[octet] as number;
    put(o, at + 16, value.a);
    put(o, at + 21, value.b);
    put(o, at + 26, value.c);
    put(o, at + 31, value.d);
    put(o, at + 36, value.e);
    put(o, at + 41, value.f);
    put(o, at + 46, value.g);
    at += rowOctets;
  }
  return o;
}

function putDateTime(o: Uint8Array, at: number, value: ReturnType<typeof dateTime>): void {
  const year = value.year ?? 0xffff;
  const deviation = value.deviation ?? 0x8000;
  o[at] = year >>> 8;
  o[at + 1] = year;
  o[at + 2] = value.month ?? 0xff;
  o[at + 3] = value.day ?? 0xff;
  o[at + 4] = value.dayOfWeek ?? 0xff;
  o[at + 5] = value.hour ?? 0xff;
  o[at + 6] = value.minute ?? 0xff;
  o[at + 7] = value.second ?? 0xff;
  o[at + 8] = value.hundredths ?? 0xff;
  o[at + 9] = deviation >>> 8;
  o[at + 10] = deviation;
  o[at + 11] = value.status ?? 0xff;
}

export function datedRowsOctets(values: readonly unknown[]): Uint8Array {
  const o = new Uint8Array(head + values.length * rowOctets);
  o[0] = 1;
  o[1] = 0x82;
  o[2] = values.length >>> 8;
  o[3] = values.length;
  let at = head;
  for (const value of values as readonly (Omit<Columns, "clock"> & { clock: ReturnType<typeof dateTime> })[]) {
    o[at] = 2;
    o[at + 1] = 8;
    o[at + 2] = 9;
    o[at + 3] = 12;
    putDateTime(o, at + 4, value.clock);
    put(o, at + 16, value.a);
    put(o, at + 21, value.b);
    put(o, at + 26, value.c);
    put(o, at + 31, value.d);
    put(o, at + 36, value.e);
    put(o, at + 41, value.f);
    put(o, at + 46, value.g);
    at += rowOctets;
  }
  return o;
}

export function treeOctets(tree: Data): Uint8Array {
  const values = (tree as unknown as { value: { value: { value: number & Uint8Array }[] }[] }).value;
  const o = new Uint8Array(head + values.length * rowOctets);
  o[0] = 1;
  o[1] = 0x82;
  o[2] = values.length >>> 8;
  o[3] = values.length;
  let at = head;
  for (const { value } of values) {
    o[at] = 2;
    o[at + 1] = 8;
    o[at + 2] = 9;
    o[at + 3] = 12;
    o.set((value[0] as { value: Uint8Array }).value, at + 4);
    for (let column = 1; column < 8; column++) put(o, at + 11 + column * 5, (value[column] as { value: number }).value);
    at += rowOctets;
  }
  return o;
}

const table = Uint16Array.from({ length: 256 }, (_, octet) => {
  let value = octet;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x8408 : value >>> 1;
  return value;
});

export function fcs(o: Uint8Array, from = 0, to: number = o.length): number {
  let value = 0xffff;
  for (let at = from; at < to; at++) value = (value >>> 8) ^ (table[(value ^ (o[at] as number)) & 0xff] as number);
  return value ^ 0xffff;
}

export function iFrameValue(o: Uint8Array): Uint8Array | undefined {
  if (fcs(o, 1, 6) !== ((o[6] as number) | ((o[7] as number) << 8))) return undefined;
  const end = o.length - 3;
  if (fcs(o, 1, end) !== ((o[end] as number) | ((o[end + 1] as number) << 8))) return undefined;
  return o.subarray(17, 17 + (o[16] as number));
}

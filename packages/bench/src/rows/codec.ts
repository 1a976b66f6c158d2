import { type Apdu, Data, decodeApdu, encodeApdu, getResponseOf, T } from "@dlmskit/apdu";
import { decode, encode, fcs16 } from "@dlmskit/core";
import { decodeFrame, unwrapLlc } from "@dlmskit/hdlc";
import { decodeWpdu, encodeWpdu } from "@dlmskit/wrapper";
import * as floor from "../floor.ts";
import { input } from "../inputs.ts";
import type { Row } from "../row.ts";

const java = "Gurux Java";
const c = "Gurux C";

const u32InWrapper = input("get_response_u32_wrapper");
const u32 = input("get_response_u32");
const struct8InWrapper = input("get_response_struct8_wrapper");
const profile = input("profile_1000x8");
const iFrame = input("hdlc_i_frame_120");
const fcsInput = input("fcs_input_116");

/** The value of a GET response, which is what a program needs. */
function answered(apdu: Apdu): unknown {
  if (apdu.apdu !== "get-response-normal" || apdu.result.data === undefined) throw new Error("no value");
  const { data } = apdu.result;
  return "value" in data ? data.value : undefined;
}

const u32Answer = decodeApdu(u32);

const Struct8 = T.structure({
  clock: T.dateTimeOctets,
  energy: T.doubleLongUnsigned,
  total: T.long64Unsigned,
  serial: T.visibleString,
  voltage: T.longUnsigned,
  current: T.long,
  unit: T.enum,
  on: T.boolean,
});
/** The same response decoded directly into typed values, without an intermediate tree. */
const Struct8Response = getResponseOf(Struct8);
function struct8Typed(octets: Uint8Array): unknown {
  const apdu = decode(Struct8Response, decodeWpdu(octets).pdu);
  if (apdu.apdu !== "get-response-normal") throw new Error("no value");
  return apdu.result.data;
}

const columns = {
  a: T.doubleLongUnsigned,
  b: T.doubleLongUnsigned,
  c: T.doubleLongUnsigned,
  d: T.doubleLongUnsigned,
  e: T.doubleLongUnsigned,
  f: T.doubleLongUnsigned,
  g: T.doubleLongUnsigned,
} as const;
const Rows = T.array(T.structure({ clock: T.octetStringOf(12), ...columns }));
const DatedRows = T.array(T.structure({ clock: T.dateTimeOctets, ...columns }));
const rows = decode(Rows, profile);
const datedRows = decode(DatedRows, profile);
const tree = decode(Data, profile);

export const codecRows: readonly Row[] = [
  {
    name: "decode GET response u32 in a wrapper, to its value",
    ours: () => answered(decodeApdu(decodeWpdu(u32InWrapper).pdu)),
    floor: () => floor.u32Value(u32InWrapper),
    peer: { rate: 6.6e6, name: c },
  },
  {
    name: "encode GET response u32",
    ours: () => encodeApdu(u32Answer),
    floor: () => floor.u32Answer(u32Answer),
    peer: { rate: 11.2e6, name: java },
  },
  {
    name: "encode GET response u32 in a wrapper",
    ours: () => encodeWpdu({ source: 1, destination: 16, pdu: encodeApdu(u32Answer) }),
  },
  {
    name: "decode GET response struct8 in a wrapper, to a tree",
    ours: () => answered(decodeApdu(decodeWpdu(struct8InWrapper).pdu)),
    floor: () => floor.struct8Tree(struct8InWrapper),
    peer: { rate: 1.25e6, name: c },
  },
  {
    name: "decode GET response struct8 in a wrapper, typed",
    ours: () => struct8Typed(struct8InWrapper),
    floor: () => floor.struct8(struct8InWrapper),
    peer: { rate: 1.25e6, name: c },
  },
  {
    name: "decode profile 1000x8, typed rows",
    ours: () => decode(Rows, profile),
    floor: () => floor.rows(profile),
    peer: { rate: 3153, name: java },
    goal: 2,
  },
  {
    name: "encode profile 1000x8, typed rows",
    ours: () => encode(Rows, rows),
    floor: () => floor.rowsOctets(rows),
    peer: { rate: 3365, name: c },
    goal: 2,
  },
  {
    name: "decode profile 1000x8, typed rows with date-times",
    ours: () => decode(DatedRows, profile),
    floor: () => floor.datedRows(profile),
    peer: { rate: 3153, name: java },
    goal: 2,
  },
  {
    name: "encode profile 1000x8, typed rows with date-times",
    ours: () => encode(DatedRows, datedRows),
    floor: () => floor.datedRowsOctets(datedRows),
    peer: { rate: 3365, name: c },
    goal: 2,
  },
  {
    name: "decode profile 1000x8, to a tree",
    ours: () => decode(Data, profile),
    floor: () => floor.rowTrees(profile),
    peer: { rate: 3153, name: java },
  },
  {
    name: "encode profile 1000x8, from a tree",
    ours: () => encode(Data, tree),
    floor: () => floor.treeOctets(tree),
    peer: { rate: 3365, name: c },
  },
  {
    name: "decode HDLC I frame of 120 octets, to its value",
    ours: () => answered(decodeApdu(unwrapLlc(decodeFrame(iFrame).information, "response") as Uint8Array)),
    floor: () => floor.iFrameValue(iFrame),
    peer: { rate: 1.58e6, name: java },
  },
  {
    name: "FCS-16 over 116 octets",
    ours: () => fcs16(fcsInput),
    floor: () => floor.fcs(fcsInput),
    peer: { rate: 2.9e6, name: c },
  },
];

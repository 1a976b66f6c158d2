import type { DecipherKeys } from "@dlmskit/capture";
import type { Tracer } from "@dlmskit/core";
import type { Tap } from "@dlmskit/server";
import { Option } from "commander";
import { io } from "../io.ts";
import { recordTo } from "./record-to.ts";
import { SeenApdus } from "./seen-apdu.ts";

/** Adds `--record`. */
export const recordOption = (): Option =>
  new Option(
    "--record <file>",
    "records what is said to the meter and its answers, for dlms replay; contains passwords",
  );

const open = new Map<string, Tap>();
let connections = 0;

/** The tap of the file of this run: all its connections are recorded in one. */
function tapOf(path: string): Tap {
  const known = open.get(path);
  if (known !== undefined) return known;
  const { stderr } = io();
  const recording = recordTo(path, (text) => stderr.write(`${text}\n`));
  const [tap = () => undefined] = recording.options.taps ?? [];
  open.set(path, tap);
  io().atEnd(() => {
    open.delete(path);
    recording[Symbol.dispose]();
  });
  return tap;
}

/** A tracer that records the APDUs of one connection of a client. Only the user can read the file. Fault `not-written`. */
export function recordTracer(path: string, keys: DecipherKeys): Tracer {
  const seen = new SeenApdus(tapOf(path), () => keys);
  const connection = `connection ${++connections}`;
  return (event) => {
    if (event.type !== "pdu") return;
    const { pdu, address, direction } = event;
    const { client, server: device } = address;
    seen.add({ way: direction === "out" ? "received" : "sent", client, device, connection, pdu });
  };
}

// Data links and transports.
import { readFileSync } from "node:fs";
import { Fault } from "@dlmskit/core";
import { decodeControl, primaryTransitions, secondaryTransitions } from "@dlmskit/hdlc";
import * as mbus from "@dlmskit/mbus";
import * as transport from "@dlmskit/transport";
import * as node from "@dlmskit/transport/node";
import * as wrapper from "@dlmskit/wrapper";
import { table, yes } from "./table.ts";

/** The kinds of frames that a control octet can mean. */
function frameTypes(): readonly string[] {
  const found = new Set<string>();
  for (let octet = 0; octet < 256; octet++) {
    try {
      found.add(decodeControl(octet).frame);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
    }
  }
  return [...found].sort();
}

const takenIn = (transitions: object, frame: string): boolean =>
  Object.values(transitions).some((acts: object) => frame in acts);

/** HDLC frames: which the codec has, which each station does something at. */
export function framesTable(): string {
  return table(
    ["frame", "decode", "encode", "taken by the server", "taken by the client"],
    frameTypes().map((frame) => [
      `\`${frame}\``,
      "yes",
      "yes",
      yes(takenIn(secondaryTransitions, frame)),
      yes(takenIn(primaryTransitions, frame)),
    ]),
  );
}

/** Where a link can run: there when all that it needs is exported. */
export function linksTable(): string {
  const exported: Readonly<Record<string, unknown>> = { ...transport, ...node, ...wrapper, ...mbus };
  const has = (pattern: RegExp): boolean => Object.keys(exported).some((name) => pattern.test(name));
  const manifest = readFileSync(new URL("../../packages/transport/package.json", import.meta.url), "utf8");
  const tcp = has(/^tcpConnect$/) && has(/^tcpListen$/);
  const udp = has(/^udpConnect$/) && has(/^udpListen$/) && has(/^WrapperDatagramLink$/);
  const hasMbus = has(/^MbusClientLink$/) && has(/^MbusServerLink$/);
  return table(
    ["link", "over", "there"],
    [
      ["HDLC", "TCP (as behind a serial device server)", yes(tcp)],
      ["HDLC", "serial port", yes(manifest.includes('"./serial"'))],
      ["wrapper", "TCP", yes(tcp)],
      ["wrapper", "TLS", yes(has(/^tls/))],
      ["wrapper", "UDP", yes(udp)],
      ["wired M-Bus", "TCP (as behind a serial device server)", yes(tcp && hasMbus)],
      ["wired M-Bus", "serial port", yes(hasMbus && manifest.includes('"./serial"'))],
      ["all", "a line in memory", yes(has(/^memoryPair$/))],
      ["wired M-Bus long frames", "a stream, one way: pushes are decoded and joined", yes(has(/^MbusJoiner$/))],
    ],
  );
}

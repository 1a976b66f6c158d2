import { closeSync, openSync, writeSync } from "node:fs";
import { PacketFlow, packetFileHeader } from "@dlmskit/capture";
import { Fault } from "@dlmskit/core";
import { type Duplex, observed } from "@dlmskit/transport";
import { Option } from "commander";
import { io } from "../io.ts";
import { narrowFile } from "../private-file.ts";
import { visible } from "./visible.ts";

/** One end of a connection. */
interface End {
  readonly host: string;
  readonly port: number;
}

/** A serial line has no addresses: these two stand for its ends, with the port of DLMS/COSEM. */
const lineEnds = { near: { host: "127.0.0.1", port: 0 }, far: { host: "127.0.0.2", port: 4059 } };

/** `HOST:PORT` or `[IPv6]:PORT` of a duplex; undefined for a serial line. */
function endIn(remote: string): End | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(remote) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port: Number(port) };
}

/** Adds `--pcap`. */
export const pcapOption = (): Option =>
  new Option("--pcap <file>", "records the octets of all connections in a pcap file, for dlms decode or Wireshark");

const open = new Map<string, PcapFile>();

/**
 * A pcap file that is written while the command runs: what has been exchanged is in the file even if the command is killed. Only the
 * user can read it. Fault `not-written`.
 */
export class PcapFile {
  readonly #path: string;
  readonly #file: number;
  readonly #stderr = io().stderr;
  #full = false;

  /** The file of this run: all its connections are recorded in one. */
  static of(path: string): PcapFile {
    const known = open.get(path) ?? new PcapFile(path);
    open.set(path, known);
    return known;
  }

  constructor(path: string) {
    this.#path = path;
    try {
      narrowFile(path);
      this.#file = openSync(path, "w", 0o600);
    } catch (cause) {
      throw this.#failed(cause);
    }
    io().atEnd(() => {
      open.delete(path);
      closeSync(this.#file);
    });
    this.#write(packetFileHeader());
  }

  /** The same connection, recorded. `near`: the address of this end; by default an unspecified one. */
  recording(duplex: Duplex, near: End = { host: "0.0.0.0", port: 0 }): Duplex {
    const far = endIn(duplex.remote);
    const ends = far === undefined ? lineEnds : { near, far };
    const flow = new PacketFlow({ ...ends, datagrams: duplex.datagrams === true });
    const write = (direction: "in" | "out", octets: Uint8Array): void =>
      this.#write(flow.packets(direction, octets, Date.now()));
    return observed(duplex, {
      sent: (octets) => write("out", octets),
      received: (octets) => write("in", octets),
    });
  }

  /** If the disk is full, the connections go on without being recorded. */
  #write(octets: Uint8Array): void {
    if (this.#full) return;
    try {
      writeSync(this.#file, octets);
    } catch (cause) {
      this.#full = true;
      this.#stderr.write(`warning: ${visible(this.#failed(cause).message)}; it ends here\n`);
    }
  }

  #failed(cause: unknown): Fault {
    return new Fault("not-written", `the file ${this.#path} could not be written`, { layer: "cli", cause });
  }
}

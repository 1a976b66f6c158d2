import type { Shard } from "@dlmskit/simulator";
import { InvalidArgumentError } from "commander";

export function speedOption(text: string): number {
  const speed = Number(text);
  if (text.trim() !== "" && speed >= 0 && Number.isFinite(speed)) return speed;
  throw new InvalidArgumentError("give a number, 0 (time stands still) or more");
}

export function pushOption(text: string): string {
  const destination = text.includes("://") ? text : `tcp://${text}`;
  if (/^(?:tcp|udp|hdlc|tls):\/\/\S+:\d{1,5}$/.test(destination)) return destination;
  throw new InvalidArgumentError("give HOST:PORT, udp://HOST:PORT, tls://HOST:PORT or hdlc://HOST:PORT");
}

export interface CallPlace {
  readonly host: string;
  readonly port: number;
}

export function dialOption(text: string): CallPlace {
  const [, bracketed, plain, port] = /^(?:tcp:\/\/)?(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 0xffff) return { host, port: Number(port) };
  throw new InvalidArgumentError("give HOST:PORT");
}

export function shardOption(text: string): Shard {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (index !== undefined && Number(index) < Number(of)) return { index: Number(index), of: Number(of) };
  throw new InvalidArgumentError("give I/N, with I from 0 to N - 1");
}

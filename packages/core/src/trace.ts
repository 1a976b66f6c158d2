import type { LinkAddress } from "./link.ts";

/** An event for traces, tests and captures. It never contains a key or a password. */
export type TraceEvent =
  | { readonly type: "octets"; readonly direction: "in" | "out"; readonly octets: Uint8Array; readonly at: number }
  | {
      readonly type: "pdu";
      readonly direction: "in" | "out";
      readonly pdu: Uint8Array;
      readonly address: LinkAddress;
      readonly at: number;
    }
  | { readonly type: "dropped"; readonly why: string; readonly octets: Uint8Array; readonly at: number }
  | { readonly type: "state"; readonly what: string; readonly address?: LinkAddress; readonly at: number };

export type Tracer = (event: TraceEvent) => void;

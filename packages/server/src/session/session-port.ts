import type { Fault, LinkAddress, Unasked } from "@dlmskit/core";
import type { Tap } from "../access/taps.ts";
import type { ServerEvent } from "../events.ts";
import type { Limits } from "../limits.ts";
import type { Environment } from "../meter/environment.ts";
import type { Share } from "../runtime/fair-share.ts";
import type { Pacer } from "../runtime/pacer.ts";
import type { Lockouts } from "./lockouts.ts";
import type { RelayOffice } from "./relay.ts";

/** What a session needs of the server and of its connection. Not to be spread: what a connection has it has by getters. */
export interface SessionPort {
  readonly environment: Environment;
  readonly limits: Limits;
  readonly lockouts: Lockouts;
  readonly pacer: Pacer;
  /** What the connection may take of the event loop. */
  readonly share: Share;
  readonly tap: Tap | undefined;
  /** Where the client is; a connection that another process handed over tells it later. */
  readonly remote: string;
  /** Hands sessions over to the process that has their meter; undefined: they wait or are refused. */
  readonly relays: RelayOffice | undefined;
  /** Where a client comes from can be forged, until it has authenticated. */
  readonly forgeable: boolean;
  tell(event: ServerEvent): void;
  send(pdu: Uint8Array, address: LinkAddress): void;
  /** As soon as the link lets this end speak. */
  notify(unasked: Unasked, address: LinkAddress): void;
  /** Nothing waits any more. */
  quiet(): void;
  /** There is room again for what has arrived. */
  roomy(): void;
  /** The client has opened an association, or another process serves it. */
  opened(authenticated: boolean): void;
  /** The connection cannot go on. Where only the port of a meter is locked, it ends for `address` alone while it serves others. */
  broken(fault: Fault, address?: LinkAddress): void;
  /** `expire` is to be called at that instant, ms of the machine's clock. */
  wake(deadline: number): void;
}

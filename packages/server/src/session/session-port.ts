import type { Fault, LinkAddress, Unasked } from "@dlmskit/core";
import type { Tap } from "../access/taps.ts";
import type { ServerEvent } from "../events.ts";
import type { Limits } from "../limits.ts";
import type { Environment } from "../meter/environment.ts";
import type { Share } from "../runtime/fair-share.ts";
import type { Pacer } from "../runtime/pacer.ts";
import type { Lockouts } from "./lockouts.ts";
import type { RelayOffice } from "./relay.ts";

/** The interface of the server and the connection for a session. Do not spread it: a connection implements it with getters. */
export interface SessionPort {
  readonly environment: Environment;
  readonly limits: Limits;
  readonly lockouts: Lockouts;
  readonly pacer: Pacer;
  /** The share of the connection in the event loop. */
  readonly share: Share;
  readonly tap: Tap | undefined;
  /** The remote end of the client; it is known later on a connection that another process handed over. */
  readonly remote: string;
  /** Hands sessions over to the process that has their meter; undefined: the sessions wait or are refused. */
  readonly relays: RelayOffice | undefined;
  /** Whether the source of a client can be forged, until the client has authenticated. */
  readonly forgeable: boolean;
  tell(event: ServerEvent): void;
  send(pdu: Uint8Array, address: LinkAddress): void;
  /** Sends an unsolicited notification as soon as the link allows this end to send. */
  notify(unasked: Unasked, address: LinkAddress): void;
  /** Called when no request waits any more. */
  quiet(): void;
  /** Called when there is room again for received PDUs. */
  roomy(): void;
  /** Called when the client has opened an association, or another process serves it. */
  opened(authenticated: boolean): void;
  /** The connection cannot continue. If only the port of a meter is locked, it ends for `address` only and serves other addresses. */
  broken(fault: Fault, address?: LinkAddress): void;
  /** Requests a call of `expire` at that time, ms of the machine's clock. */
  wake(deadline: number): void;
}

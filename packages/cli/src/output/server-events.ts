import { gatewayText } from "@dlmskit/apdu";
import { Fault, type GatewayAddress, type LinkAddress } from "@dlmskit/core";
import type { ServerEvent } from "@dlmskit/server";
import { jsonText } from "./json.ts";
import { visible } from "./visible.ts";

export interface ServerEventsOptions {
  /** Writes a JSON document per event instead of a line. */
  readonly json: boolean;
  /** Writes every event, including connections that open and close. */
  readonly verbose: boolean;
  /** Writes one line, given without its line end. */
  write(line: string): void;
  /** The time of day, ms since 1970 UTC. */
  now(): number;
  /** The serial number of a meter (what `--meter` takes), by the name that events have. */
  serialOf?(meter: string): string | undefined;
}

// Write at most so many events of one kind in a window. Count the others, and write their number at the end of the window.
const mostOfKind = 5;
const windowMs = 10_000;

interface Window {
  readonly until: number;
  told: number;
  more: number;
}

/** Events that only `--verbose` shows. */
const quiet: ReadonlySet<ServerEvent["type"]> = new Set([
  "opened",
  "closed",
  "associated",
  "released",
  "forwarded",
  "ignored",
]);

const reasonOf = (error: unknown): string => {
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? message : String(error);
};

const faultOf = (event: ServerEvent): unknown =>
  "fault" in event ? event.fault : "error" in event ? event.error : undefined;

/** Events of one kind are counted together. There are few Fault codes, so that a peer cannot cause many kinds. */
function kindOf(event: ServerEvent): string {
  const fault = faultOf(event);
  return fault instanceof Fault ? `${event.type} ${fault.code}` : event.type;
}

const addressText = ({ client, server, physical, gateway }: LinkAddress): string =>
  `server address ${server}${physical === undefined ? "" : `, physical address ${physical}`}${behind(gateway)} (asked by client ${client})`;

const behind = (gateway: GatewayAddress | undefined): string =>
  gateway === undefined ? "" : `, behind the gateway at ${gatewayText(gateway)}`;

function sentence(event: ServerEvent, serial: string | undefined): string {
  const meter =
    "meter" in event && event.meter ? `meter ${event.meter}${serial === undefined ? "" : ` (serial ${serial})`}` : "";
  const who = (): string =>
    "address" in event
      ? `${event.remote}, client ${event.address.client}, ${meter}${behind(event.address.gateway)}`
      : "";
  const why = reasonOf(faultOf(event));
  switch (event.type) {
    case "opened":
      return `opened: ${event.remote}`;
    case "closed":
      return event.fault === undefined ? `closed: ${event.remote}` : `closed: ${event.remote}: ${why}`;
    case "ignored":
      return `ignored: ${event.remote}: ${event.address === undefined ? event.why : `no meter has ${addressText(event.address)}`}`;
    case "forwarded":
      return `forwarded: ${who()}, to the process at ${event.to}`;
    case "associated":
      return `associated: ${who()}, mechanism ${event.association.mechanism}`;
    case "released":
      return `released: ${who()}, ${event.why}`;
    case "refused":
      return `refused: ${who()}: ${why}`;
    case "locked":
      return `locked out: ${who()}, until ${new Date(event.until).toISOString()}: too many failed authentications`;
    case "hook-failed":
      return `failed: ${meter}, ${event.what}: ${why}`;
    case "store-failed":
      return `store failed: ${meter}, ${event.what}: ${why}`;
    case "unreachable":
      return `unreachable: ${event.remote}: the meter with ${addressText(event.address)}: ${why}`;
    case "push-sent":
      return `push ${event.confirmed ? "confirmed" : "sent"}: ${meter}, to ${event.destination}`;
    case "push-failed":
      return `push failed: ${meter}, to ${event.destination}${event.again ? ", again later" : ""}: ${why}`;
    case "rows-changed":
      return `rows of ${event.table} changed${meter === "" ? "" : `: ${meter}`}, and hold from now on`;
    case "rows-refused":
      return `rows of ${event.table} refused${meter === "" ? "" : `: ${meter}`}: ${why}; what was in force stays`;
    case "power-lost":
      return `power lost: ${meter}`;
    case "power-restored":
      return `power restored: ${meter}`;
    case "store-recovered":
      return `store works again, after ${(event.after / 1000).toFixed(1)} s`;
    case "listener-failed":
      return event.fault.code === "too-many-connections"
        ? `listener full: ${event.listener}: ${why}`
        : `listener failed: ${event.listener}: ${why}`;
  }
}

const addressDocument = ({ gateway, ...address }: LinkAddress) =>
  gateway === undefined ? address : { ...address, gateway: gatewayText(gateway) };

function documentOf(event: ServerEvent): { readonly [name: string]: unknown } {
  const fault = faultOf(event);
  const { type, ...rest } = event as ServerEvent & { fault?: unknown; error?: unknown; association?: unknown };
  const { fault: _, error: __, association, address, ...plain } = rest as typeof rest & { address?: LinkAddress };
  return {
    event: type,
    ...plain,
    ...(address === undefined ? {} : { address: addressDocument(address) }),
    ...("until" in plain ? { until: new Date(plain.until as number).toISOString() } : {}),
    ...(association === undefined ? {} : { mechanism: (association as { mechanism: number }).mechanism }),
    ...(fault === undefined
      ? {}
      : { ...(fault instanceof Fault ? { code: fault.code } : {}), message: reasonOf(fault) }),
  };
}

/** Writes the events of the meters for the operator: one line each, and for many events of one kind only their number. */
export class ServerEvents implements Disposable {
  readonly #options: ServerEventsOptions;
  readonly #windows = new Map<string, Window>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ServerEventsOptions) {
    this.#options = options;
  }

  tell(event: ServerEvent): void {
    const { verbose } = this.#options;
    if (!verbose && quiet.has(event.type)) return;
    if (!verbose && event.type !== "store-recovered" && !this.#mayTell(kindOf(event))) return;
    const serial = "meter" in event ? this.#options.serialOf?.(event.meter) : undefined;
    const document = documentOf(event);
    this.#write(sentence(event, serial), serial === undefined ? document : { ...document, serial });
  }

  #mayTell(kind: string): boolean {
    const now = this.#options.now();
    const known = this.#windows.get(kind);
    const window = known !== undefined && now < known.until ? known : this.#newWindow(kind, known, now);
    if (window.told < mostOfKind) {
      window.told++;
      return true;
    }
    window.more++;
    this.#timer ??= setTimeout(() => this.#tellMore(), windowMs);
    this.#timer.unref();
    return false;
  }

  #newWindow(kind: string, before: Window | undefined, now: number): Window {
    if (before !== undefined) this.#close(kind, before);
    const window = { until: now + windowMs, told: 0, more: 0 };
    this.#windows.set(kind, window);
    return window;
  }

  #close(kind: string, { more }: Window): void {
    this.#windows.delete(kind);
    if (more === 0) return;
    const seconds = windowMs / 1000;
    this.#write(`${kind}: ${more} more in ${seconds} s`, { event: "more", of: kind, count: more, seconds });
  }

  /** Writes the numbers of all windows, ended or not. */
  #tellMore(): void {
    this.#timer = undefined;
    for (const [kind, window] of [...this.#windows]) this.#close(kind, window);
  }

  #write(text: string, document: { readonly [name: string]: unknown }): void {
    const { json, write, now } = this.#options;
    const at = new Date(now()).toISOString();
    write(json ? jsonText({ ...document, at }) : `${at} ${visible(text)}`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#tellMore();
  }
}

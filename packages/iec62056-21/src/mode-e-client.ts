import { type ClientLink, Fault, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import { OutputQueue } from "@dlmskit/core/internal";
import { baudRateCharacter, baudRateOf, lineTime, modeOf } from "./baud-rates.ts";
import { encodeOptionSelect, type Identification } from "./sign-on.ts";
import { SignOnClient, type SignOnOptions } from "./sign-on-client.ts";

export interface ModeEClientOptions extends SignOnOptions {
  /** The link that is used after the sign-on: a `Primary` of `@dlmskit/hdlc`. */
  readonly link: ClientLink;
}

type State = "disconnected" | "requested" | "selected" | "linked";

/** The time that a meter needs to change its baud rate, between the option select message and the first frame, in ms. */
const changeTime = 250;

/**
 * The client's end of protocol mode E (IEC 62056-21, Annex E): request at 300 baud, identification, option select of HDLC, change
 * of the baud rate, then the link. Each `connect` begins at the initial baud rate, because the meter may have returned to it.
 * If the sign-on fails, `disconnected` has Fault `no-answer`, `mode-not-offered` or `bad-message`.
 */
export class ModeEClient implements ClientLink {
  readonly #link: ClientLink;
  readonly #outputs = new OutputQueue<LinkOutput>();
  readonly #signOn: SignOnClient;
  #state: State = "disconnected";
  #identification: Identification | undefined;
  #changeAt: number | undefined;

  constructor(options: ModeEClientOptions) {
    this.#link = options.link;
    this.#signOn = new SignOnClient(options, this.#outputs);
  }

  get address(): LinkAddress | undefined {
    return (this.#link as { readonly address?: LinkAddress }).address;
  }

  /** The meter's identification in the last sign-on. */
  get identification(): Identification | undefined {
    return this.#identification;
  }

  get deadline(): number | undefined {
    if (this.#state === "linked") return this.#link.deadline;
    if (this.#state === "requested") return this.#signOn.deadline;
    return this.#state === "selected" ? this.#changeAt : undefined;
  }

  connect(now: number): void {
    if (this.#state !== "disconnected") return;
    this.#state = "requested";
    this.#signOn.begin(now);
  }

  receive(octets: Uint8Array, now: number): void {
    if (this.#state === "linked") {
      this.#link.receive(octets, now);
      return;
    }
    for (const octet of this.#signOn.plain(octets)) {
      // Octets that arrive before the end of the change (the meter's confirmation or an echo) are not HDLC.
      if (this.#state !== "requested") return;
      const identification = this.#signOn.take(octet, now);
      if (identification !== undefined) this.#identified(identification, now);
    }
  }

  send(pdu: Uint8Array, now: number): void {
    this.#link.send(pdu, now);
  }

  yield(now: number, address?: LinkAddress): void {
    this.#link.yield?.(now, address);
  }

  expire(now: number): void {
    const { deadline } = this;
    if (this.#state === "linked") {
      this.#link.expire(now);
    } else if (deadline !== undefined && now >= deadline) {
      if (this.#state === "selected") this.#change(now);
      else this.#again(now);
    }
  }

  close(now: number): void {
    if (this.#state === "linked") this.#link.close(now);
    else if (this.#state !== "disconnected") this.#end("closed");
  }

  poll(): LinkOutput | undefined {
    const own = this.#outputs.shift();
    if (own !== undefined) return own;
    const output = this.#link.poll();
    // The next `connect` signs on again, because the meter returns to the initial baud rate.
    if (output?.type === "disconnected" && this.#state === "linked") this.#state = "disconnected";
    return output;
  }

  #identified(identification: Identification, now: number): void {
    this.#identification = identification;
    const { enhanced, baudRate, manufacturer } = identification;
    if (!enhanced.includes("2") || modeOf(baudRate) !== "C") {
      const message = `the meter ${manufacturer}${identification.identification} does not offer mode E`;
      const hint = "read it without mode E, or read its data block";
      this.#end("refused", new Fault("mode-not-offered", message, { layer: "iec62056-21", hint }));
      return;
    }
    const rate = Math.min(baudRateOf(baudRate), this.#signOn.highest);
    const octets = encodeOptionSelect({ protocol: 2, baudRate: baudRateCharacter(rate), mode: 2 });
    this.#signOn.transmit(octets);
    this.#signOn.changeTo(rate);
    this.#state = "selected";
    this.#changeAt = now + lineTime(octets.length, this.#signOn.initial) + changeTime;
  }

  #change(now: number): void {
    this.#state = "linked";
    this.#link.connect(now);
  }

  #again(now: number): void {
    const fault = this.#signOn.again(now);
    if (fault !== undefined) this.#end("no-answer", fault);
  }

  #end(why: "refused" | "no-answer" | "closed", fault?: Fault): void {
    this.#state = "disconnected";
    this.#outputs.push({ type: "disconnected", why, ...(fault === undefined ? {} : { fault }) });
  }
}

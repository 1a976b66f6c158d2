import type { Fault } from "@dlmskit/core";
import { restated } from "./restated.ts";

/** What a client can do about octets that its link dropped, by the reason of the link. */
const remedies: { readonly [why: string]: string } = {
  address:
    'its source or destination is another address: check the client and server address; with the wrapper, the quirk "any-wport" accepts it',
  sequence: 'its sequence number is wrong: the quirk "ignore-sequence" accepts it if a meter does not count frames',
  gateway:
    "it has no prefix of a gateway, or that of another meter: check the network and the address of the meter, and whether there is a gateway",
  llc: "it has no LLC header E6 E7 00",
  "fcs-mismatch": "its check sequence is wrong: check the line",
  "hcs-mismatch": "its header check sequence is wrong: check the line",
  noise: "it is not a frame of this link: the peer may use another link layer or protocol",
  "mbus-checksum": "its checksum is wrong: check the line, its speed and its parity",
  "inter-octet-timeout": "the frame was not complete: check the line",
  incomplete: "the frame was not complete: check the line",
};

/** The octets that a link dropped since the last request, so that a timeout can report them. */
export class LinkDrops {
  #why: string | undefined;
  #count = 0;

  note(why: string): void {
    // The echo of a sent frame and noise around frames are not lost answers.
    if (why === "echo" || why === "not-connected") return;
    this.#why = why;
    this.#count++;
  }

  clear(): void {
    this.#why = undefined;
    this.#count = 0;
  }

  /** The same Fault. If no answer was received and the link dropped octets: a Fault that reports them and suggests a remedy. */
  explain(fault: Fault): Fault {
    const why = this.#why;
    if (why === undefined || !["timeout", "link-lost"].includes(fault.code)) return fault;
    const remedy = Object.hasOwn(remedies, why) ? remedies[why] : undefined;
    const times = this.#count === 1 ? "" : `, ${this.#count} times`;
    const said = `the link dropped received octets (${why}${times})`;
    const hint = [remedy, fault.hint].filter((part) => part !== undefined).join("\n");
    return restated(fault, { message: `${fault.message}; ${said}`, hint });
  }
}

/** Whether the Fault concerns the line and not the meter. */
export const isOfLine = ({ code, layer }: Fault): boolean =>
  layer === "transport" || code === "timeout" || code === "link-lost" || code === "closed";

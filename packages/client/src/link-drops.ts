import { Fault } from "@dlmskit/core";

/** What a client can do about octets that its link dropped, by the reason that the link gives. */
const remedies: { readonly [why: string]: string } = {
  address:
    'it is from or for another address: check the client and server address; over the wrapper the quirk "any-wport" takes it',
  sequence:
    'its sequence number does not fit: the quirk "ignore-sequence" takes it where a meter does not count frames',
  llc: "it has no LLC header E6 E7 00",
  "fcs-mismatch": "its check sequence is wrong: look at the line",
  "hcs-mismatch": "its header check sequence is wrong: look at the line",
  noise: "it is no HDLC frame: does the peer speak the wrapper, or another protocol?",
  "inter-octet-timeout": "a frame stopped in the middle: look at the line",
};

/** What a link dropped since the last request, so that a timeout can name it. */
export class LinkDrops {
  #why: string | undefined;
  #count = 0;

  note(why: string): void {
    // An echo of our own frame and noise around frames are not lost answers.
    if (why === "echo" || why === "not-connected") return;
    this.#why = why;
    this.#count++;
  }

  clear(): void {
    this.#why = undefined;
    this.#count = 0;
  }

  /** The same Fault; where nothing was answered and the link dropped something, one that says what and what to try. */
  explain(fault: Fault): Fault {
    const why = this.#why;
    if (why === undefined || !["timeout", "link-lost"].includes(fault.code)) return fault;
    const remedy = Object.hasOwn(remedies, why) ? remedies[why] : undefined;
    const times = this.#count === 1 ? "" : `, ${this.#count} times`;
    const said = `the link dropped what came (${why}${times})`;
    const explained = new Fault(fault.code as "timeout", `${fault.message}; ${said}`, {
      layer: fault.layer as "client",
      hint: [remedy, fault.hint].filter((part) => part !== undefined).join("; "),
      cause: fault,
      ...(fault.detail === undefined ? {} : { detail: fault.detail }),
    });
    return explained;
  }
}

/** Whether the line is at fault, not the meter. */
export const isOfLine = ({ code, layer }: Fault): boolean =>
  layer === "transport" || code === "timeout" || code === "link-lost" || code === "closed";

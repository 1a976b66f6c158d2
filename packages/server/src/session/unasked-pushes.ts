import { Fault, type Unasked } from "@dlmskit/core";
import type { Cancel, Clock } from "@dlmskit/transport";

/** What is to be said to a client unasked. */
export interface OpenPush {
  /** The PDUs, protected when they can leave. Its Faults end the push. */
  seal(): readonly Uint8Array[];
  /** The long-invoke-id that the client is to confirm; undefined: nothing is waited for. */
  readonly confirms: number | undefined;
  /** How long the link may keep it, until its client polls, ms. */
  readonly hold: number;
  /** How long a confirmation is waited for once it left, ms. */
  readonly within: number;
}

/** `kept`: it did not leave, since the client did not poll or ended its association, and is taken back. */
export type PushLeft = "sent" | "confirmed" | "kept";

/** Who says it. */
export interface Speaker {
  /** Whether an answer is being sent in blocks that belong together. */
  readonly answering: boolean;
  say(unasked: Unasked): void;
}

interface Waiting {
  readonly push: OpenPush;
  said: boolean;
  left: boolean;
  cancel: Cancel;
  over(outcome: PushLeft | Fault): void;
}

const notSent = (message: string): Fault => new Fault("push-not-sent", message, { layer: "server" });

/** What is said to a client unasked in its open association: between answers, never inside one. */
export class UnaskedPushes {
  readonly #speaker: Speaker;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];

  constructor(speaker: Speaker, clock: Clock) {
    this.#speaker = speaker;
    this.#clock = clock;
  }

  /** Faults `push-not-sent` (no confirmation came) and those of `seal`. */
  send(push: OpenPush): Promise<PushLeft> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        ...{ push, said: false, left: false, cancel: this.#in(push.hold, () => waiting.over("kept")) },
        over: (outcome) => {
          waiting.cancel();
          this.#waiting = this.#waiting.filter((one) => one !== waiting);
          if (outcome instanceof Fault) reject(outcome);
          else resolve(outcome);
        },
      };
      this.#waiting.push(waiting);
      this.goOn();
    });
  }

  #in(ms: number, then: () => void): Cancel {
    return this.#clock.at(this.#clock.now() + ms, then);
  }

  #left(waiting: Waiting): void {
    const { confirms, within } = waiting.push;
    if (!this.#waiting.includes(waiting)) return;
    if (confirms === undefined) {
      waiting.over("sent");
      return;
    }
    waiting.left = true;
    waiting.cancel();
    waiting.cancel = this.#in(within, () =>
      waiting.over(notSent(`the client has not confirmed the push within ${within} ms`)),
    );
  }

  /** An answer may be whole: what waits goes to the link. */
  goOn(): void {
    if (this.#waiting.length === 0 || this.#speaker.answering) return;
    for (const waiting of this.#waiting) {
      if (waiting.said) continue;
      waiting.said = true;
      this.#speaker.say({ pdus: () => this.#sealed(waiting), left: () => this.#left(waiting) });
    }
  }

  #sealed(waiting: Waiting): readonly Uint8Array[] {
    // It was taken back meanwhile.
    if (!this.#waiting.includes(waiting)) return [];
    try {
      return waiting.push.seal();
    } catch (caught) {
      waiting.over(caught instanceof Fault ? caught : notSent("protecting the push failed"));
      return [];
    }
  }

  /** The client confirms that long-invoke-id. */
  confirmed(longInvokeId: number): void {
    this.#waiting.find(({ push, said }) => said && push.confirms === longInvokeId)?.over("confirmed");
  }

  /** The association is over: what has not left waits for another one. */
  close(): void {
    for (const { left, over } of this.#waiting) {
      over(left ? notSent("the association ended before the client confirmed the push") : "kept");
    }
  }
}

import { Fault, type Unasked } from "@dlmskit/core";
import type { Cancel, Clock } from "@dlmskit/transport";

/** An unsolicited notification for a client. */
export interface OpenPush {
  /** Returns the PDUs. They are protected only when they can be sent. Its Faults end the push. */
  seal(): readonly Uint8Array[];
  /** The long-invoke-id that the client must confirm; undefined: no confirmation is expected. */
  readonly confirms: number | undefined;
  /** How long the link may keep the push until the client polls, ms. */
  readonly hold: number;
  /** How long to wait for a confirmation after the push has left, ms. */
  readonly within: number;
}

/** `kept`: the push did not leave, because the client did not poll or ended its association, and was taken back. */
export type PushLeft = "sent" | "confirmed" | "kept";

/** The session that sends the push. */
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

/** The unsolicited notifications to a client in its open association: sent between answers, never within an answer. */
export class UnaskedPushes {
  readonly #speaker: Speaker;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];

  constructor(speaker: Speaker, clock: Clock) {
    this.#speaker = speaker;
    this.#clock = clock;
  }

  /** Faults `push-not-sent` (no confirmation was received) and those of `seal`. */
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

  /** Called when an answer may be complete: passes the waiting pushes to the link. */
  goOn(): void {
    if (this.#waiting.length === 0 || this.#speaker.answering) return;
    for (const waiting of this.#waiting) {
      if (waiting.said) continue;
      waiting.said = true;
      this.#speaker.say({ pdus: () => this.#sealed(waiting), left: () => this.#left(waiting) });
    }
  }

  #sealed(waiting: Waiting): readonly Uint8Array[] {
    // It was taken back in the meantime.
    if (!this.#waiting.includes(waiting)) return [];
    try {
      return waiting.push.seal();
    } catch (caught) {
      waiting.over(caught instanceof Fault ? caught : notSent("protecting the push failed"));
      return [];
    }
  }

  /** Called when the client confirms that long-invoke-id. */
  confirmed(longInvokeId: number): void {
    this.#waiting.find(({ push, said }) => said && push.confirms === longInvokeId)?.over("confirmed");
  }

  /** Called when the association has ended: pushes that have not left wait for another association. */
  close(): void {
    for (const { left, over } of this.#waiting) {
      over(left ? notSent("the association ended before the client confirmed the push") : "kept");
    }
  }
}

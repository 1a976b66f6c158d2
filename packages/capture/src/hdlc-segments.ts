import { sameOctets } from "@dlmskit/core";
import type { Frame } from "@dlmskit/hdlc";
import { Source } from "./source.ts";

interface Message {
  readonly parts: Source[];
  last?: Frame;
}

/** Joins the segments of each direction. */
export class HdlcSegments {
  readonly #messages = new Map<string, Message>();

  /** Adds a frame. Gives the complete message with LLC header; undefined if more segments follow or there is no message. */
  add(frame: Frame, information: Source): Source | undefined {
    const key = JSON.stringify([frame.destination, frame.source]);
    if (frame.frame !== "i" && frame.frame !== "ui") {
      if (frame.frame === "snrm" || frame.frame === "disc") {
        this.#messages.delete(key);
        this.#messages.delete(JSON.stringify([frame.source, frame.destination]));
      }
      return undefined;
    }
    const message: Message = this.#messages.get(key) ?? { parts: [] };
    const { last } = message;
    const again =
      frame.frame === "i" &&
      last?.frame === "i" &&
      last.sendSequence === frame.sendSequence &&
      sameOctets(last.information, frame.information) &&
      message.parts.length > 0;
    if (again) message.parts.pop();
    message.parts.push(information);
    message.last = frame;
    this.#messages.set(key, message);
    if (frame.segmented) return undefined;
    this.#messages.delete(key);
    return message.parts.length === 1 ? information : Source.join(message.parts);
  }
}

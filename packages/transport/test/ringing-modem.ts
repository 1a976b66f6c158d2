import { fromAscii, toLatin1 } from "@dlmskit/core";
import { type Duplex, memoryPair } from "../src/index.ts";

/**
 * A modem that rings when it is called: the computer answers with ATA, or the modem by itself after S0 rings. What the computer said is in
 * `commands`.
 */
export function ringingModem(line: Duplex) {
  const commands: string[] = [];
  let text = "";
  let s0 = 0;
  let ringing: ((answered: boolean) => void) | undefined;
  let data: Duplex | undefined;
  let plus = "";
  const say = (result: string): void => line.send(fromAscii(`\r\n${result}\r\n`));
  const hungUp = (): void => {
    data = undefined;
    say("NO CARRIER");
  };
  const command = (typed: string): void => {
    commands.push(typed);
    s0 = Number(/^ATS0=(\d+)$/.exec(typed)?.[1] ?? s0);
    if (typed === "ATA") {
      if (ringing === undefined) say("NO CARRIER");
      else ringing(true);
    } else if (typed === "ATH") {
      const call = data;
      data = undefined;
      call?.end();
      say("OK");
    } else say("OK");
  };
  line.start({
    received(octets) {
      const typed = toLatin1(octets);
      if (data !== undefined && plus !== "+++") {
        plus = typed === "+++" ? typed : "";
        if (plus === "+++") say("OK");
        else data.send(octets);
        if (data.bufferedOctets > 0x10000) line.pause?.();
        return;
      }
      text += typed;
      for (let end = text.indexOf("\r"); end >= 0; end = text.indexOf("\r")) {
        const one = text.slice(0, end).trim();
        text = text.slice(end + 1);
        if (one !== "") command(one);
      }
    },
    closed: () => data?.destroy(),
  });
  return {
    commands,
    say,
    /** Calls: the caller's end of the call, or undefined when nobody answers `rings` rings. */
    async call(rings = 5, pause = 20): Promise<Duplex | undefined> {
      let answered = false;
      ringing = (taken) => {
        answered = taken;
      };
      for (let ring = 1; ring <= rings && !answered; ring++) {
        say("RING");
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (s0 > 0 && ring >= s0) answered = true;
      }
      ringing = undefined;
      if (!answered) return undefined;
      const [caller, far] = memoryPair();
      plus = "";
      data = far;
      far.start({
        received: (octets) => line.send(octets),
        drained: () => line.resume?.(),
        closed: () => data === far && hungUp(),
      });
      say("CONNECT 9600");
      return caller;
    },
  };
}

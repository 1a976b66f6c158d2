import { instantOf } from "@dlmskit/core";
import { clock, refuse } from "@dlmskit/cosem-objects";

// Further away the history that follows from the clock would be longer than anything a meter has.
const earliest = Date.UTC(2000, 0, 1);
const latest = Date.UTC(2100, 0, 1);

/** The Clock of a simulated meter: what a client sets must be of this century. */
export const simulatedClock = () =>
  clock("0.0.1.0.0.255", {
    write: {
      time(_, time, context) {
        const instant = instantOf(time, context.deviation);
        if (instant === undefined || instant < earliest || instant >= latest) {
          throw refuse("other-reason", "the clock is set to a time from 2000 to 2099");
        }
        context.setClock(instant);
      },
    },
  });

/** What it does, for clocks of other names. */
export const clockHooks = simulatedClock().hooks;

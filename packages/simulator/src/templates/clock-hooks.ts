import { instantOf } from "@dlmskit/core";
import { clock, refuse } from "@dlmskit/cosem-objects";

// With a clock further from this century, the history that follows from the clock would be longer than the history of any real meter.
const earliest = Date.UTC(2000, 0, 1);
const latest = Date.UTC(2100, 0, 1);

/** The Clock of a simulated meter. A time that a client sets must be in this century. */
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

/** The hooks of this clock, for clocks with other names. */
export const clockHooks = simulatedClock().hooks;

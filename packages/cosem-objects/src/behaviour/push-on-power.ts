import type { AnyObject, Hooks } from "../object.ts";

/**
 * A Push setup (`pushSetup`) that also pushes when the meter loses its power, and when the power is back. The push at the loss is a last
 * gasp: it is read at that instant, without random delay and whether or not a window is open, and its attempts are made although the meter
 * has no power any more. The push after the restoration starts in the next window and after the random delay, so that the meters of a
 * feeder do not all push at once.
 */
export function pushesOnPower(setup: AnyObject): AnyObject {
  // biome-ignore lint/suspicious/noExplicitAny: the hooks of any class
  const hooks: Hooks<any> = setup.hooks;
  const { time, notified } = hooks;
  if (time === undefined || notified === undefined) return setup;
  const isIdle = ({ state }: { readonly state?: { readonly trigger: unknown; readonly sending: unknown } }): boolean =>
    state === undefined || (state.trigger === null && state.sending === null);
  return {
    ...setup,
    hooks: {
      ...hooks,
      time: {
        ...time,
        poweringDown(values, context) {
          if (!isIdle(values)) return undefined;
          hooks.invoke?.push?.(values, 0, context);
          return time.run(values, context, context.now);
        },
        poweredUp: (values, context) => hooks.invoke?.push?.(values, 0, context),
      },
      notified: {
        ...notified,
        withoutPower: () => true,
      },
    },
  };
}

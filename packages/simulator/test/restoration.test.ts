import { PushListener } from "@dlmskit/client";
import { fromHex } from "@dlmskit/core";
import { memoryPair } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { Control, Watch } from "../src/control.ts";
import { bottled, listed } from "./bottle.ts";

const meters = 20;

it("the meters of a feeder push at once when the power goes, and after a delay of their own when it is back", async () => {
  const watch = new Watch();
  let listener: PushListener | undefined;
  const { simulator, clock } = await bottled(
    watch.options({
      ...{ meters, push: "tcp://192.0.2.7:4061" },
      pushTransports: {
        tcp: {
          async dial() {
            const [here, there] = memoryPair({ clock });
            listener?.accept(there);
            return here;
          },
          link: () => new WrapperServerLink(),
        },
      },
    }),
  );
  const control = new Control(simulator, watch);
  const identities = await listed(simulator.identities());
  const seconds: { readonly meter: string; readonly at: number; readonly lastGasp: boolean }[] = [];
  listener = new PushListener({
    clock,
    link: () => new WrapperServerLink({ end: "client" }),
    keys(systemTitle) {
      const found = identities.find((one) => fromHex(one.systemTitle).every((octet, at) => octet === systemTitle[at]));
      const own = found?.clients.find(({ client }) => client === 64);
      return {
        encryptionKey: fromHex(own?.encryptionKey ?? ""),
        authenticationKey: fromHex(own?.authenticationKey ?? ""),
      };
    },
    received({ systemTitle, values }) {
      const word = values.find(({ instanceId }) => instanceId === "0.0.94.91.18.255")?.value as { value: string };
      // Bit 85 of the event status word.
      seconds.push({
        meter: String(systemTitle),
        at: Math.floor(clock.now() / 1000),
        lastGasp: word.value[85] === "1",
      });
    },
  });
  const goOn = async (count: number): Promise<void> => {
    for (let second = 0; second < count; second++) {
      await clock.advanceAsync(1000);
      // The meters and the store are not in virtual time.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const all = (): number => new Set(seconds.map(({ meter }) => meter)).size;

  await control.feederPower("feeder-1", false);
  await goOn(2);
  expect([seconds.length, all()]).toEqual([meters, meters]);
  expect(seconds.every(({ lastGasp }) => lastGasp)).toBe(true);
  seconds.splice(0);
  await control.feederPower("feeder-1", true);
  const back = Math.floor(clock.now() / 1000);
  await goOn(90);
  expect([seconds.length, all()]).toEqual([meters, meters]);
  expect(seconds.some(({ lastGasp }) => lastGasp)).toBe(false);
  const delays = seconds.map(({ at }) => at - back);
  expect(Math.max(...delays)).toBeLessThanOrEqual(61);
  // Twenty draws from 60 s that all fall into ten seconds would be no delay of their own.
  expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(10);
  listener.close();
  await simulator.close();
});

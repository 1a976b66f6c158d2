import { type DataLike, treeOf } from "@dlmskit/apdu";
import { DisconnectControl, disconnectControl, limiter, localDisconnect } from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { meter, none } from "../src/index.ts";
import { Bench } from "./a-client.ts";
import { noted, power, second, start, u32 } from "./a-served-meter.ts";

describe("Disconnect control of a meter that is served", () => {
  it("14.5: what the program does locally is kept over a restart", async () => {
    const store = await openMemoryStore();
    const control = disconnectControl();
    const first = await noted([control], store);
    expect(await first.meter.change((device) => localDisconnect(control, device))).toBe(true);
    await first.close();
    const again = disconnectControl();
    const restarted = await noted([again], store, start + second);
    expect(restarted.meter.values(again)).toMatchObject({ controlState: 2, outputState: false });
    expect(again.spec).toBe(DisconnectControl);
    await restarted.close();
  });

  it("14.4, O14: a contact that takes its time is asked again; one that does not follow is an event", async () => {
    for (const [follows, events] of [
      [true, 0],
      [false, 1],
    ] as const) {
      const asked: boolean[] = [];
      const contact = {
        switchingTime: 3,
        move(to: boolean) {
          asked.push(to);
          return asked.length > 1 && follows ? to : !to;
        },
      };
      const control = disconnectControl(undefined, { contact });
      const life = await noted([control]);
      await life.meter.change((device) => localDisconnect(control, device));
      expect(life.meter.values(control)).toMatchObject({ controlState: 2, outputState: true });
      await life.go(2);
      expect(asked).toEqual([false]);
      await life.go(10);
      expect(asked).toEqual([false, false]);
      expect(life.meter.values(control).outputState).toBe(!follows);
      expect(life.events.filter((event) => JSON.stringify(event).includes("the contact of"))).toHaveLength(events);
    }
  });

  it("14.5: at power-up the contact is driven to control_state", async () => {
    let stands = true;
    const contact = {
      move(to: boolean) {
        stands = to;
        return to;
      },
    };
    const control = disconnectControl(undefined, { contact });
    const { meter, go } = await noted([control]);
    await meter.change((device) => localDisconnect(control, device));
    expect(stands).toBe(false);
    await meter.powerDown();
    stands = true;
    await go(10);
    await meter.powerUp();
    expect(stands).toBe(false);
    expect(meter.values(control)).toMatchObject({ controlState: 2, outputState: false });
  });

  it("14, 13.2: clients command it over the wire, and see what it and a limiter show", async () => {
    const value = power();
    let broken = false;
    const contact = {
      move(to: boolean) {
        if (broken) throw new Error("no current in the coil");
        return to;
      },
    };
    const control = disconnectControl(undefined, { contact, refuse: true });
    const limit = limiter("0.0.17.0.0.255", { monitored: [value, 2], thresholdNormal: u32(1000) as never });
    const open = { client: 1, security: none(), access: "full" as const };
    const own = meter({ name: "TST0000000000001", objects: [value, control, limit], associations: { open } });
    const client = await new Bench(own).client({ client: 1 }).open();
    const zero = { type: "integer", value: 0 } as const;
    const results: unknown[] = [];
    for (const method of [1, 1, 2]) results.push(await client.invoke(70, control.instance, method, zero));
    broken = true;
    results.push(await client.invoke(70, control.instance, 1, zero));
    expect(results).toEqual(["success", "read-write-denied", "success", "hardware-fault"]);
    expect(control.values).toMatchObject({ controlState: 1, outputState: true });
    expect(await client.set(71, limit.instance, 4, u32(500))).toBe("success");
    expect(await client.set(71, limit.instance, 4, { type: "long", value: 1 })).toBe("other-reason");
    const [active] = await client.get([71, limit.instance, 3]);
    expect(treeOf((active as { data: DataLike }).data)).toEqual(u32(500));
  });
});

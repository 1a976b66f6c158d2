import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Command, commands, controlStates, modes, stateAfter } from "../../../../test/disconnect-transitions.ts";
import {
  type AnyObject,
  type Context,
  cloneObject,
  DisconnectControl,
  type DisconnectControlOptions,
  defaultObject,
  disconnectControl,
  invokeMethod,
  localDisconnect,
  localReconnect,
  manualDisconnect,
  manualReconnect,
  scriptTable,
  writeAttribute,
} from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";

const { disconnected, connected, ready } = controlStates;

function does(control: AnyObject, context: Context, command: Command): unknown {
  const { device } = context;
  switch (command) {
    case "remote disconnect":
      return invokeMethod(control, control.values, 1, { type: "integer", value: 0 }, context);
    case "remote reconnect":
      return invokeMethod(control, control.values, 2, { type: "integer", value: 0 }, context);
    case "manual disconnect":
      return manualDisconnect(control, device);
    case "manual reconnect":
      return manualReconnect(control, device);
    case "local disconnect":
      return localDisconnect(control, device);
    case "local reconnect":
      return localReconnect(control, device);
  }
}

function setup(options: DisconnectControlOptions = {}) {
  const control = disconnectControl(undefined, { version: 1, ...options });
  const context = contextOf([control]);
  const write = (mode: number) =>
    writeAttribute(control, control.values, 4, { type: "enum", value: mode }, context.device.context(control));
  return { control, context, write, do: (command: Command) => does(control, context, command) };
}

describe("Disconnect control", () => {
  it("14, 14.2: moves exactly as the table of modes says (O14)", () => {
    for (const controlMode of modes.keys()) {
      for (const state of [disconnected, connected, ready]) {
        for (const command of commands) {
          const { control, do: run } = setup({ controlMode });
          Object.assign(control.values, { controlState: state, outputState: state === connected });
          run(command);
          const to = stateAfter(controlMode, state as number, command);
          const { controlState, outputState } = control.values;
          expect([controlMode, state, command, controlState]).toEqual([controlMode, state, command, to]);
          // 14.5: disconnected and ready both have the output open.
          expect(outputState).toBe(to === connected);
        }
      }
    }
  });

  it("14: any walk of commands and modes follows the table; with `refuse` remote commands outside of it are refused", () => {
    const step = fc.oneof(fc.constantFrom(...commands), fc.integer({ min: 0, max: 8 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, refused) => {
        const { control, do: run, write } = setup({ refuse: refused });
        let [mode, state] = [4, connected as number];
        for (const one of steps) {
          if (typeof one === "number") {
            expect(codeOf(() => write(one))).toBe(one > 7 ? "other-reason" : "nothing thrown");
            if (one <= 7) mode = one;
            if (one === 0) state = connected as number;
          } else {
            const to = stateAfter(mode, state, one);
            const code = refused && to === state && one.startsWith("remote") ? "read-write-denied" : "nothing thrown";
            expect(codeOf(() => run(one))).toBe(code);
            state = to;
          }
          expect(control.values).toMatchObject({ controlMode: mode, controlState: state, outputState: state === 1 });
        }
      }),
    );
  });

  it("14.1: tells local callers whether the state changed, and keeps no command in mind", () => {
    const { do: run, control } = setup();
    expect(run("local reconnect")).toBe(false);
    expect(run("local disconnect")).toBe(true);
    expect(run("local disconnect")).toBe(false);
    expect(run("manual reconnect")).toBe(true);
    expect(control.values.controlState).toBe(connected);
  });

  it("version 0 has no mode 7; modes of a vendor are told by their letters (14.6)", () => {
    const old = setup({ version: 0, modes: { 129: "bcgah" } });
    expect(codeOf(() => old.write(7))).toBe("other-reason");
    expect(old.control.spec.version).toBe(0);
    old.write(129);
    old.do("local disconnect");
    old.do("local reconnect");
    expect(old.control.values.controlState).toBe(connected);
    expect(codeOf(() => setup().write(129))).toBe("other-reason");
  });

  it("14.3: a script acts remotely, and locally where a limiter runs it", () => {
    for (const [self, state] of [["script", disconnected] as const, ["limiter", ready] as const]) {
      const control = disconnectControl();
      const action = { serviceId: 2, classId: 70, instanceId: control.instance, index: 1 };
      const parameter = { type: "integer", value: 0 } as const;
      const table = scriptTable("0.0.10.0.106.255", [{ scriptIdentifier: 1, actions: [{ ...action, parameter }] }]);
      const context = contextOf([control, table], { by: { self } });
      invokeMethod(table, table.values, 1, { type: "long-unsigned", value: 1 }, context.device.context(table));
      expect([self, control.values.controlState]).toEqual([self, state]);
    }
  });

  it("14.4: the output is as the contact stands; a fault of the hardware changes nothing and is told", () => {
    const told: boolean[] = [];
    const changes: boolean[] = [];
    const failures: string[] = [];
    let stands: boolean | "broken" = false;
    const {
      control,
      context,
      do: run,
    } = setup({
      contact: {
        move(to) {
          told.push(to);
          if (stands === "broken") throw new Error("no current in the coil");
          return stands;
        },
      },
      changed: ({ outputState }) => void changes.push(outputState),
    });
    context.device.failed = (what) => void failures.push(what);
    run("remote disconnect");
    expect([told, changes]).toEqual([[false], [false]]);
    // It sticks: the logical state goes on.
    run("remote reconnect");
    expect(control.values).toMatchObject({ controlState: connected, outputState: false });
    expect([told, changes]).toEqual([[false, true], [false]]);
    run("remote disconnect");
    stands = "broken";
    expect(codeOf(() => run("remote reconnect"))).toBe("hardware-fault");
    expect(control.values).toMatchObject({ controlState: disconnected, outputState: false });
    expect(failures).toEqual(["the contact of 0.0.96.3.10.255"]);
    // Ready and disconnected are the same to the contact.
    const count = told.length;
    control.values.controlMode = 3;
    run("remote reconnect");
    expect([control.values.controlState, told.length]).toEqual([ready, count]);
    expect(codeOf(() => run("manual reconnect"))).toBe("hardware-fault");
  });

  it("a contact may take its time", async () => {
    const { control, do: run } = setup({ contact: { move: async (to) => to } });
    const done = run("local disconnect");
    expect(control.values.controlState).toBe(connected);
    expect(await done).toBe(true);
    expect(control.values).toMatchObject({ controlState: ready, outputState: false });
  });

  it("copies under another name move alike, and one without options by the table", () => {
    const copy = cloneObject(
      disconnectControl(undefined, { modes: { 200: "g" }, controlMode: 200 }),
      "0.1.96.3.10.255",
    );
    localDisconnect(copy, contextOf([copy]).device);
    expect(copy.values.controlState).toBe(ready);
    const plain = defaultObject(DisconnectControl, "0.2.96.3.10.255", { controlState: 1, controlMode: 4 });
    localDisconnect(plain, contextOf([plain]).device);
    expect(plain.values).toMatchObject({ controlState: ready, outputState: false });
  });
});

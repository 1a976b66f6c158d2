import {
  disconnectControl,
  localDisconnect,
  localReconnect,
  manualDisconnect,
  manualReconnect,
} from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { commands, controlStates, modes, stateAfter } from "../../../../test/disconnect-transitions.ts";
import { wired } from "./a-wire.ts";

const { disconnected, connected, ready } = controlStates;
const mode = (value: number) => ({ type: "enum", value }) as const;

describe("a relay that clients command", () => {
  it("O14: moves in each mode and state exactly as the table says, whoever commands; the output follows", async () => {
    const control = disconnectControl(undefined, { version: 1 });
    const { write, invoke, read, meter } = await wired([control]);
    const acts = {
      "remote disconnect": () => invoke(control, 1),
      "remote reconnect": () => invoke(control, 2),
      "manual disconnect": () => meter.change((device) => manualDisconnect(control, device)),
      "manual reconnect": () => meter.change((device) => manualReconnect(control, device)),
      "local disconnect": () => meter.change((device) => localDisconnect(control, device)),
      "local reconnect": () => meter.change((device) => localReconnect(control, device)),
    };
    const reach = async (state: number): Promise<void> => {
      await write(control, 4, mode(0));
      if (state === connected) return;
      await write(control, 4, mode(1));
      await invoke(control, 1);
      if (state === ready) await invoke(control, 2);
    };
    const found: string[] = [];
    for (const controlMode of modes.keys()) {
      for (const state of [disconnected, connected, ready]) {
        if (controlMode === 0 && state !== connected) continue;
        for (const command of commands) {
          await reach(state);
          await write(control, 4, mode(controlMode));
          await acts[command]();
          const { value } = (await read(control, 3)) as { value: number };
          const { value: output } = (await read(control, 2)) as { value: boolean };
          const wanted = stateAfter(controlMode, state, command);
          if (value !== wanted || output !== (wanted === connected)) {
            found.push(`mode ${controlMode}, state ${state}, ${command}: ${value} ${output}, not ${wanted}`);
          }
        }
      }
    }
    expect(found).toEqual([]);
    expect(await write(control, 4, mode(8))).toBe("other-reason");
  });
});

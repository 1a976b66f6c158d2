import { unwatchFile, watchFile } from "node:fs";
import { Fault } from "@dlmskit/core";
import { type FaultSet, type FaultsFile, parseFaults, type SimulatorTemplate } from "@dlmskit/simulator";
import { readTextFile } from "./capture-input.ts";

type Zoned = Pick<SimulatorTemplate, "zoneMinutesEast">;

const lookEvery = 500;

/** The file of `--faults`; times without a zone are local time of the template. Faults `no-such-file`, `bad-faults-file`. */
export const readFaultsFile = (path: string, template: Zoned): FaultsFile => parseFaults(readTextFile(path), template);

/** Reads the file again when it changes, until disposed. A file that is wrong changes nothing, and `say` is told what is wrong. */
export function followFaultsFile(
  path: string | undefined,
  simulator: { readonly template: Zoned; readonly faults?: FaultSet | undefined },
  say: (text: string) => void,
): Disposable {
  const { faults, template } = simulator;
  if (path === undefined || faults === undefined) return { [Symbol.dispose]: () => undefined };
  const look = (): void => {
    try {
      faults.replace(readFaultsFile(path, template));
      say(`note: ${path} was read again: ${faults.file.faults.length} faults`);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      say(`warning: ${path} was not followed: ${caught.message}`);
    }
  };
  watchFile(path, { interval: lookEvery, persistent: false }, look);
  return { [Symbol.dispose]: () => unwatchFile(path, look) };
}

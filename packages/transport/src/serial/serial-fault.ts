import { Fault } from "@dlmskit/core";

const layer = "transport";

/** The Fault for an error of the package serialport: what was tried, the result, and what to try. */
export function serialFault(error: unknown, tried: string): Fault {
  const why = error instanceof Error ? error.message : String(error);
  const failed = { layer, cause: error } as const;
  if (/no such file|file not found|cannot find|ENOENT/i.test(why)) {
    const hint = "check the name (/dev/ttyUSB0, COM3), and that the device is plugged in";
    return new Fault("no-such-port", `${tried}: the port does not exist`, { ...failed, hint });
  }
  if (/permission denied|access denied|EACCES/i.test(why)) {
    const hint = "on Linux: sudo usermod -a -G dialout $USER, then log in again";
    return new Fault("not-permitted", `${tried}: permission denied`, { ...failed, hint });
  }
  if (/lock|busy|resource temporarily unavailable/i.test(why)) {
    const hint = "close the other program, for example a terminal or a modem manager";
    return new Fault("port-in-use", `${tried}: another program has it open`, { ...failed, hint });
  }
  return new Fault("transport-failed", `${tried}: ${why}`, failed);
}

/** The Fault for a port that closed by itself. */
export function lineLost(path: string, cause: unknown): Fault {
  const hint = "plug the device in, and open the port again";
  return new Fault("line-lost", `${path}: the serial port was lost`, { layer, hint, cause });
}

/** The Fault for a missing package. */
export function serialportMissing(cause: unknown): Fault {
  const hint = "npm install serialport";
  return new Fault("serialport-missing", "serial ports need the npm package serialport", { layer, hint, cause });
}

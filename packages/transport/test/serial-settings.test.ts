// The settings that a port is opened with: a pseudo-terminal takes any of them, so what serialport is asked for is looked at.
import { SerialPortMock } from "serialport";
import { beforeAll, expect, it } from "vitest";
import { type SerialOptions, serialOpen } from "../src/serial.ts";

const asked: object[] = [];
class Port extends SerialPortMock {
  constructor(options: ConstructorParameters<typeof SerialPortMock>[0]) {
    super(options);
    asked.push(options);
  }
}
beforeAll(() => SerialPortMock.binding.createPort("/dev/settings"));

it.each<[SerialOptions, object]>([
  [{}, { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1, rtscts: false, xon: false, xoff: false }],
  [
    { baudRate: 19_200, dataBits: 7, parity: "even", stopBits: 2 },
    { baudRate: 19_200, dataBits: 7, parity: "even", stopBits: 2 },
  ],
  [{ parity: "mark" }, { parity: "mark" }],
  [{ flowControl: "rts-cts" }, { rtscts: true, xon: false, xoff: false }],
  [{ flowControl: "xon-xoff" }, { rtscts: false, xon: true, xoff: true }],
])("%j", async (options, settings) => {
  const duplex = await serialOpen("/dev/settings", options, async () => ({ SerialPort: Port }) as never);
  expect(asked.at(-1)).toMatchObject({ path: "/dev/settings", ...settings });
  await new Promise<void>((resolve) => {
    duplex.start({ received: () => undefined, closed: () => resolve() });
    duplex.destroy();
  });
});

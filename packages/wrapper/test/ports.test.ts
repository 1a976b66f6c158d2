import { expect, it } from "vitest";
import { encodeWpdu, reservedWPort, usableWPorts, WrapperServerLink } from "../src/index.ts";

it("names what a wPort is reserved for", () => {
  expect([0, 1, 2, 15, 16, 126, 127, 128, 0xffff].map(reservedWPort)).toEqual([
    "no-station",
    "management-logical-device",
    "reserved",
    "reserved",
    undefined,
    undefined,
    "all-station",
    undefined,
    undefined,
  ]);
});

it("leaves those of the ranges, and a server may answer at every one of them", () => {
  for (let wPort = 0; wPort <= 0xffff; wPort++) {
    const usable = usableWPorts.some(({ first, last }) => wPort >= first && wPort <= last);
    if ((reservedWPort(wPort) === undefined) !== usable) expect.fail(`wPort ${wPort}`);
  }
  const heard = (destination: number) => {
    const link = new WrapperServerLink();
    link.receive(encodeWpdu({ source: 16, destination, pdu: Uint8Array.of(1) }), 0);
    const output = link.poll();
    return output?.type === "received" && output.broadcast !== true;
  };
  for (const { first, last } of usableWPorts) expect([heard(first), heard(last)]).toEqual([true, true]);
  expect([heard(0), heard(0x7f)]).toEqual([false, false]);
});

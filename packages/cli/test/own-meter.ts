// A meter of this process, for tests of the commands that talk to one.
import { createServer, type Server, type Socket } from "node:net";
import { T } from "@dlmskit/apdu";
import { CosemDateTime, dateTimeOf, encode } from "@dlmskit/core";
import { type AnyObject, anyDataObject, clock, dataObject, profileGeneric, register } from "@dlmskit/cosem-objects";
import { Station } from "@dlmskit/hdlc";
import { hls, lls, meter, none, serve, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";

/** Text that would act on a terminal: an escape sequence, a C1 control, a mark that turns the direction. */
export const hostile = "A\u001b[2J\u009b31m\u202eB";

export async function ownMeter() {
  const time = clock();
  const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 12345, unit: "Wh", scaler: -1 });
  const limit = dataObject("0.0.96.1.11.255", { type: T.longUnsigned, value: 5 });
  const note = dataObject("0.0.96.1.10.255", { type: T.octetString, value: new TextEncoder().encode("a note") });
  const flag = dataObject("0.0.96.1.12.255", { type: T.boolean, value: false });
  const text = dataObject("0.0.96.1.13.255", { type: T.utf8String, value: hostile });
  const stamp = dataObject("0.0.96.1.14.255", {
    type: T.octetString,
    value: encode(CosemDateTime, dateTimeOf(Date.UTC(2026, 0, 2, 3, 4, 5), -330)),
  });
  const open = anyDataObject("0.0.96.1.15.255", { type: "unsigned", value: 7 });
  const load = profileGeneric("1.0.99.1.0.255", { capture: [time, energy], entries: 10, period: 900 });
  const objects: AnyObject[] = [time, energy, limit, note, flag, text, stamp, open, load];
  const made = meter({
    name: "TST0000000000001",
    objects,
    associations: {
      public: { client: 16, security: none(), access: "read" },
      reader: { client: 32, security: lls("reader-secret"), access: "full" },
      high: { client: 48, security: hls(2, "0123456789abcdef"), access: "full" },
    },
  });
  const running = await serve(made, {
    on: {
      wrapper: tcp(0, () => new WrapperServerLink()),
      hdlc: tcp(0, () => new Station({ addresses: [{ upper: 1, lower: 17 }] })),
    },
  });
  const at = (link: "wrapper" | "hdlc") => {
    const { host, port } = running.addresses[link] as { host: string; port: number };
    return `${host}:${port}`;
  };
  return { meter: made, energy, limit, note, flag, open, at, close: () => running.close() };
}

/** A TCP server that treats its connections as `serve` says. */
export async function peer(
  serve: (socket: Socket) => void,
): Promise<{ at: string; closed(): Promise<void>; close(): void }> {
  const open = new Set<Socket>();
  let closed = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("end", () => closed());
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    at: `127.0.0.1:${port}`,
    closed: () => gone,
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

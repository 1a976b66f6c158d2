import { T } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeOf, instantOf } from "@dlmskit/core";
import { anyDataObject, Clock, clock, dataObject, Register, register } from "@dlmskit/cosem-objects";
import { meter, none, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { accessAction, accessGet, accessSet, type ConnectOptions, connect, type Session } from "../src/index.ts";

const long = "0-0:96.1.60";

async function served(run: (session: Session) => Promise<void>, options: Partial<ConnectOptions> = {}): Promise<void> {
  const reset = {
    invoke: {
      reset(values: { value: number }) {
        values.value = 0;
      },
    },
  };
  const made = meter({
    name: "ACM0000000000001",
    objects: [
      clock(),
      register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 123456, unit: "Wh" }, reset),
      dataObject("0-0:96.1.11", { type: T.unsigned, value: 5 }),
      anyDataObject(long, { type: "null-data" }),
    ],
    associations: { all: { client: 16, security: none(), access: "full", maxReceivePduSize: 200 } },
  });
  await using running = await serve(made, { on: { line: tcp(0, () => new WrapperServerLink()) } });
  const { host = "", port = 0 } = running.addresses.line ?? {};
  await using session = await connect(
    { duplex: await tcpConnect(host, port), link: new WrapperClientLink({ client: 16, server: 1 }) },
    { clock: systemClock, timeout: 5000, maxReceivePduSize: 200, ...options },
  );
  await run(session);
}

const seven = { type: "double-long-unsigned", value: 7 } as const;
const note = { classId: 1, instanceId: "0-0:96.1.11", attributeId: 2 };

describe("session.access", () => {
  it("reads, writes and invokes in one request, in order, with values of the classes' types", () =>
    served(async (session) => {
      const [energy, written, wrote, after, plain] = await session.access([
        accessGet(Register, "1-0:1.8.0", "value"),
        accessAction(Register, "1-0:1.8.0", "reset", 0),
        { service: "set", attribute: note, value: { type: "unsigned", value: 9 } },
        accessGet(Register, "1-0:1.8.0", "scalerUnit"),
        { service: "get", attribute: note },
      ]);
      expect(energy).toMatchObject({ result: "success", value: { value: 123456 } });
      expect([written.result, wrote.result]).toEqual(["success", "success"]);
      const unit: string | number | undefined = after.value?.unit;
      expect(unit).toBe("Wh");
      expect(plain).toEqual({ service: "get", result: "success", data: { type: "unsigned", value: 9 } });
      expect(await session.read(Register, "1-0:1.8.0", "value")).toMatchObject({ value: 0 });
    }));

  it("says when: the response to a request with a date-time has the time of the meter's clock", () =>
    served(async (session) => {
      const items = [accessGet(Register, "1-0:1.8.0", "value"), accessGet(Clock, "0-0:1.0.0", "time")] as const;
      const { results, dateTime } = await session.accessAt(items, { dateTime: dateTimeOf(Date.UTC(2026, 10, 28)) });
      expect(results[0]).toMatchObject({ result: "success", value: { value: 123456 } });
      const at = instantOf(dateTime as CosemDateTime) as number;
      expect(Math.abs(at - (instantOf(results[1].value as CosemDateTime) as number))).toBeLessThan(60_000);
      expect(await session.accessAt(items)).not.toHaveProperty("dateTime");
    }));

  it("tells what was refused item by item, and stops where it is told to", () =>
    served(async (session) => {
      const none = { classId: 1, instanceId: "0-0:96.1.99", attributeId: 2 };
      const items = [{ service: "get", attribute: none }, accessSet(Register, "1-0:1.8.0", "value", seven)] as const;
      const [absent, set] = await session.access(items, { breakOnError: true });
      expect([absent.result, set.result]).toEqual(["object-undefined", "other-reason"]);
      expect(await session.read(Register, "1-0:1.8.0", "value")).toMatchObject({ value: 123456 });
      expect(await session.access([])).toEqual([]);
    }));

  it("sends and takes more than an APDU holds; unconfirmed, it has no results", () =>
    served(async (session) => {
      const attribute = { classId: 1, instanceId: long, attributeId: 2 };
      const value = { type: "octet-string", value: new Uint8Array(5000).fill(7) } as const;
      const [set, get] = await session.access([
        { service: "set", attribute, value },
        { service: "get", attribute },
      ]);
      expect(set.result).toBe("success");
      expect(get.data).toEqual(value);
      const left = await session.access([{ service: "set", attribute, value: { type: "unsigned", value: 1 } }], {
        confirmed: false,
      });
      expect(left).toEqual([]);
      expect(await session.get(attribute)).toEqual({ type: "unsigned", value: 1 });
    }));

  it("is no more than what was negotiated", () =>
    served(
      async (session) => {
        await expect(session.access([accessGet(Register, "1-0:1.8.0", "value")])).rejects.toMatchObject({
          code: "service-not-supported",
        });
      },
      { conformance: ["get"] },
    ));
});

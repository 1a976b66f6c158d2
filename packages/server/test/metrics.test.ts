import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { register } from "@dlmskit/cosem-objects";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { lls, type Metrics, meter, none, serve, tcp } from "../src/index.ts";
import { prometheus } from "../src/prometheus.ts";

const made = () =>
  meter({
    name: "TST1",
    objects: [register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" })],
    associations: {
      open: { client: 16, security: none() },
      reader: { client: 32, security: lls("12345678") },
    },
  });

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const other = { classId: 3, instanceId: "1.0.2.8.0.255", attributeId: 2 };

async function served(metrics: Metrics) {
  const running = await serve(made(), { on: { wrapper: tcp(0, () => new WrapperServerLink()) }, metrics });
  const open = async (client: number, secret?: string) => {
    const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port as number);
    const link = new WrapperClientLink({ client, server: 1 });
    const how = secret === undefined ? {} : { mechanism: 1 as const, secret: new TextEncoder().encode(secret) };
    return connect({ duplex, link }, { clock: systemClock, ...how });
  };
  return { running, open };
}

it("counts associations, requests by service and result, refusals, exceptions, octets and connections", async () => {
  const metrics = prometheus();
  const { running, open } = await served(metrics);
  const value = async (name: string, labels: { readonly [label: string]: string | number } = {}) => {
    const found = (await metrics.registry.getMetricsAsJSON()).find((one) => one.name === `dlmskit_${name}`);
    const values = (found?.values ?? []) as {
      value: number;
      metricName?: string;
      labels: { [label: string]: unknown };
    }[];
    const is = (one: (typeof values)[number]): boolean =>
      Object.entries(labels).every(([label, wanted]) => one.labels[label] === wanted) &&
      (one.metricName === undefined || one.metricName.endsWith("_count"));
    return values.filter(is).reduce((sum, one) => sum + one.value, 0);
  };
  const session = await open(16);
  await session.get(energy);
  await expect(session.get(other)).rejects.toThrow("object-undefined");
  await session.get([energy, energy, other]);
  await expect(open(32, "wrong678")).rejects.toThrow();
  await expect.poll(() => value("connections_open")).toBe(1);
  expect(await value("associations_open")).toBe(1);
  expect(await value("associations_total", { mechanism: 0, context: "logical-name" })).toBe(1);
  expect(await value("requests_total", { service: "get" })).toBe(3);
  expect(await value("request_items_total", { service: "get", result: "success" })).toBe(3);
  expect(await value("request_items_total", { result: "object-undefined" })).toBe(2);
  expect(await value("request_duration_seconds", { service: "get" })).toBe(3);
  expect(await value("refused_total", { code: "authentication-failed" })).toBe(1);
  expect(await value("apdus_total", { direction: "received" })).toBe(await value("apdus_total", { direction: "sent" }));
  expect(await value("apdu_octets_total", { direction: "received" })).toBeGreaterThan(40);
  // What comes without an association is answered with an exception-response.
  const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port as number);
  duplex.start({ received: () => undefined, ended: () => undefined, closed: () => undefined } as never);
  duplex.send(Uint8Array.from(Buffer.from("000100100001000dc001c100030100010800ff0200", "hex")));
  await expect.poll(() => value("exceptions_total")).toBe(1);
  duplex.destroy();
  await session.release();
  await running.close();
  expect(await value("connections_open")).toBe(0);
  expect(await value("associations_open")).toBe(0);
  expect(await metrics.registry.metrics()).toContain('dlmskit_requests_total{service="get"} 3');
});

it("goes on whatever metrics of one's own throw", async () => {
  const broken = (): never => {
    throw new Error("broken");
  };
  const { running, open } = await served({ event: broken, request: broken, received: broken, sent: broken });
  const session = await open(16);
  expect((await session.get(energy)).type).toBe("double-long-unsigned");
  await running.close();
});

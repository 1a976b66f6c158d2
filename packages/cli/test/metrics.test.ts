import { expect, it } from "vitest";
import { dlms, serving } from "./run.ts";

it("serves what it counts for Prometheus", async () => {
  await using run = await serving(["simulate", "--port", "0", "--metrics", "0", "--seed", "m", "--json"], 2);
  const documents = run.lines.map((line) => JSON.parse(line));
  const [metrics, listening] = ["metrics", "listening"].map((event) => documents.find((one) => one.event === event));
  const at = `http://${metrics.host}:${metrics.port}`;
  expect((await dlms(["read", `127.0.0.1:${listening.port}`, "0.0.42.0.0.255"])).code).toBe(0);
  const scraped = await fetch(`${at}/metrics`);
  expect(scraped.headers.get("content-type")).toMatch(/^text\/plain; version=/);
  const text = await scraped.text();
  expect(text).toContain('dlmskit_associations_total{mechanism="0",context="logical-name"} 1');
  expect(text).toMatch(/dlmskit_requests_total\{service="get"\} [1-9]/);
  expect((await fetch(`${at}/other`)).status).toBe(404);
  expect((await fetch(`${at}/metrics`, { method: "POST" })).status).toBe(405);
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@dlmskit/transport/node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BrowserPage } from "../../../test/browser/chromium.ts";
import { isLong } from "../../../test/campaign.ts";
import { type ServedControl, serveControl } from "../src/control.ts";
import { associate, now0 } from "./bottle.ts";
import { controlled } from "./controlled.ts";
import { inWorkers } from "./workers-bottle.ts";

let bottle: Awaited<ReturnType<typeof controlled>>;
let served: ServedControl;
let page: BrowserPage | undefined;
let serial: string;

beforeAll(async () => {
  if (!isLong) return;
  bottle = await controlled({ meters: 1_000_000, clock: systemClock, start: now0, speed: 0 });
  served = await serveControl(bottle.control, { port: 0 });
  serial = bottle.simulator.fleet.serial(0);
  page = await BrowserPage.open();
}, 120_000);
afterAll(async () => {
  await page?.[Symbol.asyncDispose]();
  await served?.close();
  await bottle?.simulator.close();
});

/** The page, which tests need; without a browser they say so and end. */
function opened(): BrowserPage | undefined {
  // The machines that check every change have one.
  if (page === undefined) expect(`${process.platform} ${process.arch}`).not.toBe("linux x64");
  return page;
}

async function until(on: BrowserPage, expression: string): Promise<void> {
  await expect.poll(() => on.evaluate(`Boolean(${expression})`).catch(() => false), { timeout: 30_000 }).toBe(true);
}

const textOf = (id: string) => `document.getElementById("${id}").textContent`;
const click = (label: string) =>
  `[...document.querySelectorAll("button")].find((one) => (one.ariaLabel ?? one.textContent) === "${label}").click()`;

/** Screenshots go to docs/images where DLMSKIT_SCREENSHOTS names that folder. */
async function screenshot(on: BrowserPage, name: string, width: number, height: number): Promise<void> {
  const folder = process.env.DLMSKIT_SCREENSHOTS;
  const png = await on.screenshot({ width, height });
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), png);
}

const fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";

it.skipIf(!isLong)(
  "shows the fleet at a glance, live",
  async () => {
    const on = opened();
    if (on === undefined) return;
    await on.open(`http://127.0.0.1:${served.port}/`);
    await until(on, `${textOf("figures")}.includes("1,000,000")`);
    expect(await on.evaluate(textOf("connection"))).toBe("live");
    await until(on, `document.querySelectorAll("#meters tr").length === 20`);
    const session = await associate(bottle.simulator, bottle.clock, 16);
    for (let n = 0; n < 30; n++) await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 });
    await until(on, `/Connected1/.test(${textOf("figures")}) && /Reads30/.test(${textOf("figures")})`);
    bottle.control.setFaults({ faults: [{ fault: "lossy", name: "<img src=x onerror=alert(1)>", on: false }] });
    await on.evaluate(`${click("Next")}; undefined`);
    await until(on, `${textOf("range")} === "21 to 40 of 1,000,000"`);
    await on.evaluate(`${click("Take a snapshot")}; undefined`);
    await until(on, `document.querySelectorAll("#snapshots li").length === 1`);
    await on.evaluate("location.reload(); undefined");
    await until(on, `${textOf("faults")}.includes("<img src=x onerror=alert(1)>")`);
    // Names are texts, and nothing but the page's own script runs.
    expect(await on.evaluate(`document.querySelectorAll("img").length`)).toBe(0);
    await expect(on.evaluate("new Function('')()")).rejects.toThrow(/EvalError|unsafe-eval/);
    expect(await on.evaluate(`fetch("http://127.0.0.2:1/").then(() => "sent", () => "refused")`)).toBe("refused");
    await on.evaluate(`${click("Switch <img src=x onerror=alert(1)> on")}; undefined`);
    await until(on, `/Faults on1/.test(${textOf("figures")})`);
    bottle.control.setFaults({ faults: [{ fault: "slow", meters: { share: 0.05 }, with: { ms: [500, 4000] } }] });
    await on.evaluate("location.reload(); undefined");
    await until(on, `${textOf("faults")}.includes("5 %")`);
    await bottle.control.feederPower("transformer-3", false);
    await until(on, `document.querySelectorAll("#events li").length >= 50`);
    await screenshot(on, "control-fleet", 1200, 1000);
    expect(await on.evaluate(fits)).toBe(true);
    await screenshot(on, "control-fleet-narrow", 360, 800);
    expect(await on.evaluate(fits)).toBe(true);
  },
  120_000,
);

it.skipIf(!isLong)(
  "shows one meter: its values, its day, its sessions, its last APDUs",
  async () => {
    const on = opened();
    if (on === undefined) return;
    bottle.control.setFaults({ faults: [] });
    await on.open(`http://127.0.0.1:${served.port}/#/meters/${serial}`);
    await until(on, `document.querySelectorAll("#values tr").length > 100`);
    expect(await on.evaluate("document.title")).toBe(`Meter ${serial}`);
    expect(await on.evaluate(textOf("values"))).toMatch(/energy.*[\d,.]+ Wh/i);
    await until(on, `document.querySelector("#chart svg polyline")?.getAttribute("points").split(" ").length === 49`);
    expect(await on.evaluate(`document.querySelector("#chart svg").getAttribute("aria-label")`)).toMatch(/49 rows/);
    const session = await associate(bottle.simulator, bottle.clock, 16);
    await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 });
    await until(on, `${textOf("apdus")}.includes("get-request-normal")`);
    expect(await on.evaluate(textOf("apdus"))).toContain("0.0.1.0.0.255");
    await until(on, `${textOf("sessions")}.includes("ACTIVE")`);
    await on.evaluate(`document.querySelector("#apdus details summary").click(); undefined`);
    await on.evaluate(`${click("Disconnect")}; undefined`);
    await until(on, `${textOf("meter-facts")}.includes("Load switchopen")`);
    await screenshot(on, "control-meter", 1200, 1000);
    expect(await on.evaluate(fits)).toBe(true);
    await screenshot(on, "control-meter-narrow", 360, 800);
    expect(await on.evaluate(fits)).toBe(true);
  },
  120_000,
);

it.skipIf(!isLong)(
  "is used by keyboard, and names what it shows",
  async () => {
    const on = opened();
    if (on === undefined) return;
    await on.open(`http://127.0.0.1:${served.port}/`);
    await until(on, `document.querySelectorAll("#meters tr").length === 20`);
    const focused: string[] = [];
    for (let n = 0; n < 20; n++) {
      await on.press("Tab");
      focused.push(
        String(
          await on.evaluate(
            `(({ activeElement: on }) => on.id || on.ariaLabel || on.textContent || on.getAttribute("aria-labelledby"))(document)`,
          ),
        ),
      );
    }
    expect(focused[0]).toBe("Skip to the content");
    for (const wanted of ["speed", "step-hour", "feeder", "find", serial]) expect(focused).toContain(wanted);
    await on.evaluate(`document.querySelector("#meters a").focus(); undefined`);
    await on.press("Enter");
    await until(on, `${textOf("meter-title")} === "Meter ${serial}"`);
    expect(await on.evaluate("document.activeElement.id")).toBe("meter-title");
    const unnamed = await on.evaluate(
      `[...document.querySelectorAll("input, select")].filter((one) => one.labels.length === 0).map((one) => one.id)`,
    );
    expect(unnamed).toEqual([]);
    const loose = await on.evaluate(
      `[...document.querySelectorAll("[tabindex='0']")].filter((one) => !one.hasAttribute("aria-labelledby")).length`,
    );
    expect(loose).toBe(0);
  },
  120_000,
);

it.skipIf(!isLong)(
  "says what is wrong in words, and asks for the token",
  async () => {
    const on = opened();
    if (on === undefined) return;
    await on.open(`http://127.0.0.1:${served.port}/#/meters/nobody`);
    await until(on, `${textOf("message")}.includes("there is no meter")`);
    const token = "0123456789abcdef";
    await using guarded = await serveControl(bottle.control, { port: 0, token });
    await on.open(`http://127.0.0.1:${guarded.port}/`);
    await until(on, `!document.getElementById("token-form").hidden`);
    await on.evaluate(`document.getElementById("token").value = "${token}"; ${click("Continue")}; undefined`);
    await until(on, `${textOf("figures")}.includes("1,000,000")`);
  },
  120_000,
);

it.skipIf(!isLong)(
  "shows the meters of several workers as those of one process",
  async () => {
    const on = opened();
    if (on === undefined) return;
    const workers = await inWorkers({ meters: 50, speed: 0 });
    await using port = await serveControl(workers.port, { port: 0 });
    await on.open(`http://127.0.0.1:${port.port}/`);
    await until(on, `/Workers that answer2 of 2/.test(${textOf("figures")})`);
    await until(on, `document.querySelectorAll("#meters tr").length === 20`);
    await on.evaluate(`${click("Next")}; undefined`);
    // These are of both workers.
    await until(on, `${textOf("range")} === "21 to 40 of 50"`);
    await workers.port.power(workers.serial(49), false);
    await until(on, `${textOf("events")}.includes("power-lost meter ${workers.serial(49)}")`);
    await on.evaluate(`${click("Take a snapshot")}; undefined`);
    await until(on, `document.querySelectorAll("#snapshots li").length === 1`);
    workers.end(1);
    await until(on, `/Workers that answer1 of 2/.test(${textOf("figures")})`);
    await on.evaluate(`location.hash = "#/meters/${workers.serial(49)}"; undefined`);
    await until(on, `${textOf("message")}.includes("worker 1 is being started")`);
  },
  120_000,
);

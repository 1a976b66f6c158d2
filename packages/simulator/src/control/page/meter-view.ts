/// <reference lib="dom" />
import type { Answer, App } from "./common.ts";

/** One meter. It must be whole by itself: its text runs in the browser. */
export function meterView(app: App): void {
  const { element, input, make, number } = app;
  const namespace = "http://www.w3.org/2000/svg";
  const [width, height, left, bottom] = [720, 240, 95, 34];
  const refreshAfter = 3000;
  let shown: string | undefined;
  let chart: Answer;
  let values: readonly Answer[] = [];
  let opened: number | undefined;

  const pathOf = (serial: string, rest = ""): string => `/meters/${encodeURIComponent(serial)}${rest}`;

  const svg = (name: string, attributes: { readonly [name: string]: string | number }, text = ""): SVGElement => {
    const made = document.createElementNS(namespace, name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
    made.textContent = text;
    return made;
  };

  const valueText = ({ value }: Answer): string => {
    if (value === undefined) return "";
    if (value.scaled === undefined) {
      // What octets mean stands in brackets behind them; the type stands before a value.
      const [, meaning] = /^[\w-]+ [0-9a-f]+ \((.*)\)$/.exec(value.text) ?? [];
      return meaning ?? value.text.replace(/^[a-z][a-z0-9-]* (?=.)/, "");
    }
    return `${number(value.scaled)}${value.unit === undefined || value.unit === "none" ? "" : ` ${value.unit}`}`;
  };

  const momentText = (iso: string): string => iso.replace("T", " ").replace(/\.\d+Z$/, " UTC");

  const drawChart = (): void => {
    const place = element("chart");
    const at = Number((element("column") as HTMLSelectElement).value);
    const column = chart?.columns[at];
    const points = (chart?.rows ?? [])
      .map((row: Answer) => ({ at: row.at, value: row.values[at] }))
      .filter(({ value }: Answer) => value !== null);
    if (column === undefined || points.length === 0) {
      place.replaceChildren(make("p", "There are no rows."));
      element("chart-caption").textContent = "";
      return;
    }
    const all = points.map(({ value }: Answer) => value as number);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const [start, end] = [points[0].at, points.at(-1).at];
    const spanY = high - low || 1;
    const spanX = end - start || 1;
    const x = (instant: number): number => left + ((instant - start) / spanX) * (width - left - 15);
    const y = (value: number): number => height - bottom - ((value - low) / spanY) * (height - bottom - 20);
    const unit = column.unit === undefined ? "" : ` ${column.unit}`;
    const name = column.name ?? column.instanceId;
    const summary = `${name}: ${number(low)} to ${number(high)}${unit}, ${points.length} rows`;
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary });
    for (const value of high === low ? [low] : [low, (low + high) / 2, high]) {
      drawing.append(svg("line", { class: "grid", x1: left, x2: width - 15, y1: y(value), y2: y(value) }));
      drawing.append(svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, number(value)));
    }
    for (let quarter = 0; quarter <= 4; quarter++) {
      const instant = start + (spanX * quarter) / 4;
      const label = new Date(instant).toISOString().slice(11, 16);
      const anchor = quarter === 4 ? "end" : quarter === 0 ? "start" : "middle";
      drawing.append(svg("text", { x: x(instant), y: height - 8, "text-anchor": anchor }, label));
    }
    const curve = points.map(({ at: instant, value }: Answer) => `${x(instant).toFixed(1)},${y(value).toFixed(1)}`);
    drawing.append(svg("polyline", { class: "curve", points: curve.join(" ") }));
    place.replaceChildren(drawing);
    element("chart-caption").textContent = `${summary}; times are UTC`;
  };

  const showChart = async (serial: string): Promise<void> => {
    chart = await app.ask("GET", pathOf(serial, "/profile"));
    const options = (chart?.columns ?? []).map(({ name, instanceId, unit }: Answer, at: number) =>
      make("option", `${name ?? instanceId}${unit === undefined ? "" : ` (${unit})`}`, { value: String(at) }),
    );
    element("column").replaceChildren(...options);
    drawChart();
  };

  const drawValues = (): void => {
    const wanted = input("filter").value.toLowerCase();
    const rows = values
      .filter(({ instanceId, name = "" }) => `${instanceId} ${name}`.toLowerCase().includes(wanted))
      .map((object) => app.row([object.instanceId, object.name ?? object.className, valueText(object)]));
    element("values").replaceChildren(...rows);
  };

  const showSessions = async (serial: string): Promise<void> => {
    const answer = await app.ask("GET", `/sessions?all=true&count=20&serial=${encodeURIComponent(serial)}`);
    const rows = (answer?.items ?? []).reverse().map((session: Answer) => {
      const { id, clientId, ipAddress, port, connectionTime, status } = session;
      const end = app.button("End", `End session ${id}`, async () => {
        await app.ask("DELETE", `/sessions/${id}`);
        await showSessions(serial);
      });
      const last = status === "DISCONNECTED" ? "" : end;
      return app.row([String(clientId ?? ""), `${ipAddress} ${port}`, momentText(connectionTime), status, last]);
    });
    element("sessions").replaceChildren(...(rows.length === 0 ? [app.row(["none", "", "", "", ""])] : rows));
  };

  const showApdus = async (serial: string): Promise<void> => {
    const answer = await app.ask("GET", pathOf(serial, "/apdus"));
    if (answer === undefined) return;
    const open = new Set(
      [...element("apdus").querySelectorAll("details[open]")].map((one) => one.getAttribute("data-key")),
    );
    const items = answer.items.reverse().map((apdu: Answer, at: number) => {
      const key = `${answer.items.length - at} ${apdu.at}`;
      const item = make("details", "", { "data-key": key });
      const title = `${new Date(apdu.at).toISOString().slice(11, 23)} ${apdu.way} ${apdu.fields[0]?.text ?? "octets"}, client ${apdu.client}, ${apdu.length} octets`;
      const table = make("table");
      for (const { path, text } of apdu.fields) table.append(app.row([path, text]));
      item.append(make("summary", title), table);
      if (apdu.fault !== undefined) item.append(make("p", apdu.fault, { class: "bad" }));
      if (open.has(key)) item.setAttribute("open", "");
      return item;
    });
    element("apdus").replaceChildren(...(items.length === 0 ? [make("p", "none yet")] : items));
  };

  const showFacts = async (serial: string): Promise<boolean> => {
    const meter = await app.ask("GET", pathOf(serial));
    if (meter === undefined) return false;
    const faults = meter.faults.map(({ name, state }: Answer) => `${name} (${state})`).join(", ");
    app.fill(element("meter-facts"), [
      ["Logical device name", meter.logicalDeviceName],
      ["System title", meter.systemTitle],
      ["Power", meter.powered ? "on" : "off", meter.powered ? "good" : "bad"],
      ...(meter.connected === undefined
        ? []
        : [["Load switch", meter.connected ? "closed" : "open", meter.connected ? "good" : "bad"]]),
      ["Clock", momentText(meter.clock)],
      ["Feeder, transformer", `${meter.feeder}, ${meter.transformer}`],
      ["Sessions", String(meter.sessions)],
      ["Objects changed", `${meter.changedObjects} of ${meter.objects}`],
      ["Faults", faults === "" ? "none" : faults, faults === "" ? undefined : "bad"],
    ] as [string, string, string?][]);
    const act = (text: string, path: string, body?: unknown): HTMLElement =>
      app.button(text, text, async () => {
        app.show("");
        await app.ask("POST", pathOf(serial, path), body);
        await showFacts(serial);
      });
    // A button that has the focus keeps it.
    const focused =
      document.activeElement?.parentElement === element("actions") ? document.activeElement?.textContent : "";
    const switches =
      meter.connected === undefined
        ? []
        : [meter.connected ? act("Disconnect", "/disconnect") : act("Connect", "/connect")];
    const power = meter.powered ? act("Power off", "/power", { on: false }) : act("Power on", "/power", { on: true });
    const actions = [power, ...switches, act("Push", "/push", {})];
    element("actions").replaceChildren(...actions);
    const again = actions.find(({ textContent }) => textContent === focused) ?? actions[0];
    if (focused !== "") again?.focus();
    return true;
  };

  const follow = async (serial: string, turn: number): Promise<void> => {
    if (opened !== turn || shown !== serial || element("meter-view").hidden) return;
    if (document.visibilityState === "visible") {
      await Promise.all([showFacts(serial), showSessions(serial), showApdus(serial)]);
    }
    setTimeout(() => follow(serial, turn), refreshAfter);
  };

  app.openMeter = async (serial) => {
    const turn = (opened ?? 0) + 1;
    opened = turn;
    shown = serial;
    document.title = `Meter ${serial}`;
    element("meter-title").textContent = `Meter ${serial}`;
    element("meter-title").focus();
    for (const id of ["meter-facts", "actions", "chart", "values", "sessions", "apdus"]) element(id).replaceChildren();
    input("filter").value = "";
    if (!(await showFacts(serial))) return;
    await Promise.all([showChart(serial), showSessions(serial), showApdus(serial)]);
    const listed = await app.ask("GET", pathOf(serial, "/objects?count=1000"));
    if (shown !== serial) return;
    values = listed?.items ?? [];
    drawValues();
    await follow(serial, turn);
  };

  element("column").addEventListener("change", drawChart);
  element("filter").addEventListener("input", drawValues);
}

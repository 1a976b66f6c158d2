/// <reference lib="dom" />
import type { Answer, App } from "./common.ts";

/** The fleet at a glance. It must be whole by itself: its text runs in the browser. */
export function fleetView(app: App): void {
  const pageSize = 20;
  const shownEvents = 50;
  const { element, input, make, number } = app;
  let first = 0;
  let before: { readonly reads: number; readonly at: number } | undefined;
  let last: Answer;

  const readsPerSecond = (reads: number): number => {
    const at = performance.now();
    const rate = before === undefined ? 0 : ((reads - before.reads) * 1000) / Math.max(1, at - before.at);
    before = { reads, at };
    return Math.max(0, Math.round(rate));
  };

  const metersText = (meters: Answer): string => {
    if (meters === "all") return "all";
    if (meters.serials !== undefined) return meters.serials.join(", ");
    if (meters.share !== undefined) return `${number(meters.share * 100)} %`;
    return `${meters.count} from ${meters.first}`;
  };

  const showFaults = async (): Promise<void> => {
    const answer = await app.ask("GET", "/faults");
    if (answer === undefined) return;
    const rows = answer.faults.map(({ name, meters, on }: Answer) => {
      const toggle = app.button(on ? "Switch off" : "Switch on", `Switch ${name} ${on ? "off" : "on"}`, async () => {
        await app.ask("PUT", `/faults/${encodeURIComponent(name)}`, { on: !on });
        await showFaults();
      });
      return app.row([name, metersText(meters), toggle]);
    });
    element("faults").replaceChildren(...(rows.length === 0 ? [app.row(["none", "", ""])] : rows));
  };

  const showMeters = async (): Promise<void> => {
    const answer = await app.ask("GET", `/meters?from=${first}&count=${pageSize}`);
    if (answer === undefined) return;
    const rows = answer.items.map(({ serial, logicalDeviceName, feeder, sessions }: Answer) =>
      app.row([make("a", serial, { href: `#/meters/${serial}` }), logicalDeviceName, feeder, String(sessions)]),
    );
    element("meters").replaceChildren(...rows);
    element("range").textContent = `${first + 1} to ${first + answer.items.length} of ${number(answer.meters)}`;
    (element("earlier") as HTMLButtonElement).disabled = first === 0;
    (element("later") as HTMLButtonElement).disabled = first + pageSize >= answer.meters;
  };

  const showSnapshots = async (): Promise<void> => {
    const answer = await app.ask("GET", "/snapshots");
    if (answer === undefined) return;
    const items = answer.items.map(({ id, takenAt, now }: Answer) => {
      const item = make(
        "li",
        `Snapshot ${id}, taken ${new Date(takenAt).toLocaleString()}, simulated time ${new Date(now).toISOString().slice(0, 19).replace("T", " ")} UTC `,
      );
      const restore = app.button("Restore", `Restore snapshot ${id}`, async () => {
        if ((await app.ask("POST", `/snapshots/${id}/restore`)) !== undefined) await refresh();
      });
      const remove = app.button("Remove", `Remove snapshot ${id}`, async () => {
        await app.ask("DELETE", `/snapshots/${id}`);
        await showSnapshots();
      });
      item.append(restore, " ", remove);
      return item;
    });
    element("snapshots").replaceChildren(...items);
  };

  const refresh = async (): Promise<void> => {
    await Promise.all([showMeters(), showFaults(), showSnapshots()]);
  };

  const step = async (ms: number): Promise<void> => {
    const time = await app.ask("GET", "/time");
    if (time === undefined) return;
    await app.ask("POST", "/time/step", { to: new Date(Date.parse(time.now) + ms).toISOString() });
  };

  app.openFleet = () => {
    document.title = "Simulated meters";
    return refresh();
  };

  const workersOf = ({ workers }: Answer): [string, string, string?][] => {
    if (workers === undefined) return [];
    const { count, silent } = workers;
    const answering = `${count - silent.length} of ${count}`;
    return [silent.length > 0 ? ["Workers that answer", answering, "bad"] : ["Workers that answer", answering]];
  };

  app.state = (state) => {
    last = state;
    element("connection").textContent = "live";
    element("template").textContent = state.title;
    app.fill(element("figures"), [
      ["Meters", number(state.meters)],
      ["Connected", number(state.sessions)],
      ["Reads a second", number(readsPerSecond(state.reads))],
      ["Reads", number(state.reads)],
      ["Faults on", number(state.faults), state.faults > 0 ? "bad" : undefined],
      ["Pushes sent", number(state.pushesSent)],
      ["Pushes failed", number(state.pushesFailed), state.pushesFailed > 0 ? "bad" : undefined],
      ["Refused", number(state.refused), state.refused > 0 ? "bad" : undefined],
      ...workersOf(state),
    ] as [string, string, string?][]);
    element("now").textContent = state.time.now.replace("T", " ").replace(/\.\d+Z$/, " UTC");
    if (document.activeElement !== element("speed")) input("speed").value = String(state.time.speed);
  };

  app.event = ({ at, type, serial, remote, why, what, fault }) => {
    const about = [serial === undefined ? "" : `meter ${serial}`, remote, why, what, fault?.message];
    const item = make("li", `${at.slice(11, 19)} ${type} ${about.filter((one) => one).join(", ")}`);
    if (fault !== undefined) item.className = "bad";
    const log = element("events");
    log.prepend(item);
    while (log.childElementCount > shownEvents) log.lastElementChild?.remove();
  };

  const submitted = (id: string, then: (event: SubmitEvent) => unknown): void => {
    element(id).addEventListener("submit", (event) => {
      event.preventDefault();
      app.show("");
      then(event as SubmitEvent);
    });
  };
  submitted("time-form", () => app.ask("PUT", "/time", { speed: Number(input("speed").value) }));
  submitted("feeder-form", ({ submitter }) => {
    const on = (submitter as HTMLButtonElement).value === "true";
    return app.ask("POST", `/feeders/${encodeURIComponent(input("feeder").value)}/power`, { on });
  });
  submitted("find-form", () => {
    location.hash = `#/meters/${encodeURIComponent(input("find").value.trim())}`;
  });
  element("step-hour").addEventListener("click", () => step(3_600_000));
  element("step-day").addEventListener("click", () => step(86_400_000));
  element("earlier").addEventListener("click", () => {
    first = Math.max(0, first - pageSize);
    return showMeters();
  });
  element("later").addEventListener("click", () => {
    first = Math.min(first + pageSize, Math.max(0, (last?.meters ?? pageSize) - 1));
    return showMeters();
  });
  element("take").addEventListener("click", async () => {
    await app.ask("POST", "/snapshots");
    await showSnapshots();
  });
}

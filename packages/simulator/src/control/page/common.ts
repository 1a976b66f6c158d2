/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** An answer of the control port. */
// biome-ignore lint/suspicious/noExplicitAny: each path has a form of its own
export type Answer = any;

/** What the parts of the page have in common. */
export interface App {
  element(id: string): HTMLElement;
  input(id: string): HTMLInputElement;
  /** Asks the control port. A Fault is shown, and the answer is undefined. */
  ask(method: string, path: string, body?: unknown): Promise<Answer | undefined>;
  show(message: string): void;
  make(name: string, text?: string, attributes?: { readonly [name: string]: string }): HTMLElement;
  button(text: string, label: string, clicked: () => unknown): HTMLElement;
  /** Fills a list of terms and values. */
  fill(list: HTMLElement, facts: readonly (readonly [string, string, string?])[]): void;
  row(cells: readonly (string | HTMLElement)[]): HTMLElement;
  number(value: number): string;
  openFleet(): unknown;
  openMeter(serial: string): unknown;
  state(state: Answer): void;
  event(event: Answer): void;
  start(): void;
}

/** The connection, the token, and the parts that both views use. It must be whole by itself: its text runs in the browser. */
export function common(app: App): void {
  const tokenName = "dlmskit-control-token";
  const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
  const reconnectAfter = 2000;

  const headers = (): Record<string, string> => {
    const token = sessionStorage.getItem(tokenName);
    return token === null ? {} : { authorization: `Bearer ${token}` };
  };

  const show = (message: string): void => {
    const place = element("message");
    place.textContent = message;
    place.hidden = message === "";
  };

  const askForToken = (): void => {
    element("token-form").hidden = false;
    element("token").focus();
  };

  const make: App["make"] = (name, text = "", attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    return made;
  };

  /** Reads server-sent events. EventSource cannot send a token. */
  const listen = async (): Promise<void> => {
    const answer = await fetch("/events", { headers: headers() });
    if (answer.status === 401) askForToken();
    if (!answer.ok || answer.body === null) throw new Error(`status ${answer.status}`);
    element("connection").textContent = "live";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let held = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      held += value;
      const messages = held.split("\n\n");
      held = messages.pop() as string;
      for (const message of messages) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
        if (name === "state") app.state(JSON.parse(data as string));
        if (name === "meter") app.event(JSON.parse(data as string));
      }
    }
  };

  const stayConnected = (): void => {
    const again = (): void => {
      element("connection").textContent = "not connected";
      setTimeout(stayConnected, reconnectAfter);
    };
    listen().then(again, again);
  };

  const open = (): void => {
    show("");
    const serial = /^#\/meters\/([^/]+)$/.exec(location.hash)?.[1];
    element("fleet-view").hidden = serial !== undefined;
    element("meter-view").hidden = serial === undefined;
    if (serial === undefined) app.openFleet();
    else app.openMeter(decodeURIComponent(serial));
  };

  Object.assign(app, {
    element,
    input: element as App["input"],
    show,
    make,
    async ask(method, path, body) {
      try {
        const sent = body === undefined ? {} : { body: JSON.stringify(body) };
        const type = { "content-type": "application/json" };
        const answer = await fetch(path, { method, headers: { ...headers(), ...type }, ...sent });
        if (answer.status === 401) askForToken();
        const document = await answer.json();
        if (answer.ok) return document;
        const { message, hint } = document.fault;
        show(hint === undefined ? message : `${message}\n${hint}`);
      } catch {
        show("The control port does not answer.");
      }
      return undefined;
    },
    button(text, label, clicked) {
      const made = make("button", text, { type: "button", "aria-label": label });
      made.addEventListener("click", clicked);
      return made;
    },
    fill(list, facts) {
      const items = facts.map(([term, value, mood]) => {
        const item = make("div");
        item.append(make("dt", term), make("dd", value, mood === undefined ? {} : { class: mood }));
        return item;
      });
      list.replaceChildren(...items);
    },
    row(cells) {
      const made = make("tr");
      for (const cell of cells) {
        const place = make("td");
        place.append(cell);
        made.append(place);
      }
      return made;
    },
    number: (value) => value.toLocaleString("en", { maximumFractionDigits: 3 }),
    start() {
      element("token-form").addEventListener("submit", (event) => {
        event.preventDefault();
        sessionStorage.setItem(tokenName, (element("token") as HTMLInputElement).value);
        element("token-form").hidden = true;
        location.reload();
      });
      addEventListener("hashchange", open);
      open();
      stayConnected();
    },
  } satisfies Partial<App>);
}

import pg from "pg";

// The delay before the next attempt after a connection was lost or could not be made, ms.
const againAfter = 1000;

/** A connection that receives NOTIFY on a channel. It is reconnected when it is lost. */
export class Listening {
  readonly #config: pg.ClientConfig;
  readonly #channel: string;
  readonly #heard: (payload: string) => void;
  readonly #again: () => void;
  #client: pg.Client | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #connecting: Promise<void>;

  /** `again` is called when it listens again after a time in which notifications may have been missed. */
  constructor(config: pg.ClientConfig, channel: string, heard: (payload: string) => void, again: () => void) {
    this.#config = config;
    this.#channel = channel;
    this.#heard = heard;
    this.#again = again;
    this.#connecting = this.#connect();
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...this.#config, keepAlive: true });
    this.#client = client;
    client.on("notification", ({ payload = "" }) => this.#heard(payload));
    client.on("error", () => this.#lost(client));
    client.on("end", () => this.#lost(client));
    try {
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(this.#channel)}`);
      // Changes up to now may have been missed.
      if (!this.#stopped) this.#again();
    } catch {
      this.#lost(client);
    }
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    void client.end().catch(() => undefined);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#connecting = this.#connect();
    }, againAfter);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}

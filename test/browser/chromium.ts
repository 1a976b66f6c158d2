import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const root = join(import.meta.dirname, "../..");
const cache = join(root, "node_modules/.cache/dlmskit-chromium");
const packed = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "../bin");

async function unpack(name: string, file: string): Promise<void> {
  if (existsSync(file)) return;
  mkdirSync(cache, { recursive: true });
  const partial = `${file}.${process.pid}`;
  await pipeline(
    createReadStream(join(packed, name)),
    createBrotliDecompress(),
    createWriteStream(partial, { mode: 0o755 }),
  );
  renameSync(partial, file);
}

/** A Chromium that can run here: one that is named or installed, else that of the npm package (Linux, x64). */
async function executable(): Promise<{ readonly file: string; readonly env: NodeJS.ProcessEnv } | undefined> {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const installed = names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => existsSync(file));
  const own = process.env.DLMSKIT_CHROMIUM;
  if (own !== undefined) return { file: own, env: process.env };
  if (process.platform !== "linux" || process.arch !== "x64") {
    return installed === undefined ? undefined : { file: installed, env: process.env };
  }
  const file = join(cache, "chromium");
  await unpack("chromium.br", file);
  const missing = spawnSync("ldd", [file], { encoding: "utf8" }).stdout?.includes("not found") ?? false;
  if (!missing) return { file, env: process.env };
  // The package brings the few libraries that a small system has not.
  const tar = join(cache, "al2023.tar");
  await unpack("al2023.tar.br", tar);
  spawnSync("tar", ["-xf", tar, "-C", cache]);
  return { file, env: { ...process.env, LD_LIBRARY_PATH: join(cache, "lib") } };
}

const flags = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
];

interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  // biome-ignore lint/suspicious/noExplicitAny: the protocol's answers are of many shapes
  readonly result?: any;
}

/** A page of a browser that runs without a window: evaluates expressions in it. Undefined where there is no browser. */
export class BrowserPage implements AsyncDisposable {
  readonly #browser: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #sent = 0;
  #held = "";
  #session: string | undefined;

  private constructor(file: string, env: NodeJS.ProcessEnv) {
    this.#profile = mkdtempSync(join(tmpdir(), "dlmskit-browser-"));
    const args = [...flags, "--remote-debugging-pipe", `--user-data-dir=${this.#profile}`, "about:blank"];
    this.#browser = spawn(file, args, { env, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#browser.on("exit", (code) => this.#fail(`the browser ended with ${code}`));
    this.#browser.on("error", (error) => this.#fail(error.message));
    const from = this.#browser.stdio[4] as Readable;
    from.setEncoding("utf8");
    from.on("data", (text: string) => this.#hear(text));
    (this.#browser.stdio[3] as Writable).on("error", () => {});
  }

  static async open(): Promise<BrowserPage | undefined> {
    const found = await executable();
    if (found === undefined) return undefined;
    const page = new BrowserPage(found.file, found.env);
    const { targetId } = await page.#ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await page.#ask("Target.attachToTarget", { targetId, flatten: true });
    page.#session = sessionId;
    return page;
  }

  /** The value of an expression, or of the promise that it gives. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#ask("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      // What a page may not do by its own policy, it may not do here.
      allowUnsafeEvalBlockedByCSP: false,
    });
    if (exceptionDetails !== undefined) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Loads a page. */
  async open(url: string): Promise<void> {
    // A URL that differs in its fragment only would not load the page again.
    await this.#ask("Page.navigate", { url: "about:blank" });
    await this.#ask("Page.navigate", { url });
  }

  /** Presses a key: `Tab`, `Enter`. */
  async press(key: "Tab" | "Enter"): Promise<void> {
    const code = { Tab: 9, Enter: 13 }[key];
    const about = { key, code: key, windowsVirtualKeyCode: code, ...(key === "Enter" ? { text: "\r" } : {}) };
    await this.#ask("Input.dispatchKeyEvent", { type: key === "Enter" ? "keyDown" : "rawKeyDown", ...about });
    await this.#ask("Input.dispatchKeyEvent", { type: "keyUp", ...about });
  }

  /** The page as PNG, in a window of that size, which stays so. */
  async screenshot(size: { readonly width: number; readonly height: number }): Promise<Buffer> {
    await this.#ask("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1, mobile: size.width < 600 });
    const { data } = await this.#ask("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    return Buffer.from(data, "base64");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#browser.once("exit", resolve));
    if (this.#browser.exitCode === null) {
      this.#browser.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #ask(method: string, params: object): Promise<Answer["result"]> {
    const id = ++this.#sent;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    (this.#browser.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const { error, result } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #hear(text: string): void {
    const messages = (this.#held + text).split("\0");
    this.#held = messages.pop() as string;
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id === undefined) continue;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    }
  }

  #fail(message: string): void {
    for (const answer of this.#waiting.values()) answer({ error: { message } });
    this.#waiting.clear();
  }
}

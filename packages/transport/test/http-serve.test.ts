import { connect } from "node:net";
import { expect, it } from "vitest";
import { type HttpStream, httpServe } from "../src/node.ts";

it("drops a reader that does not take what it is sent", async () => {
  let to: HttpStream | undefined;
  let over = 0;
  await using served = await httpServe({
    port: 0,
    answer: async () => ({
      status: 200,
      stream(stream) {
        to = stream;
        return () => {
          over++;
        };
      },
    }),
  });
  const slow = connect(served.port, "127.0.0.1", () => slow.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  slow.on("error", () => undefined);
  slow.pause();
  await expect.poll(() => to).toBeDefined();
  let written = 0;
  // What the operating system takes for the reader is some MB.
  for (; over === 0 && written < 1000; written++) {
    to?.write("x".repeat(0x10000));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(over).toBe(1);
  expect(written).toBeGreaterThan(3);
  expect(written).toBeLessThan(1000);
  to?.write("more");
  await expect.poll(() => served.connections).toBe(0);
  expect(over).toBe(1);
});

it("lets requests in progress end when it closes", async () => {
  let finish: (() => void) | undefined;
  const served = await httpServe({
    port: 0,
    answer: () =>
      new Promise((resolve) => {
        finish = () => resolve({ status: 200, body: "done" });
      }),
  });
  const asked = fetch(`http://127.0.0.1:${served.port}/`).then((answer) => answer.text());
  await expect.poll(() => finish).toBeDefined();
  const closing = served.close();
  finish?.();
  expect(await asked).toBe("done");
  await closing;
});

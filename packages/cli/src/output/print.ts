import { once } from "node:events";
import { io } from "../io.ts";

/** Writes text to standard output as fast as it is taken. */
export async function print(text: AsyncIterable<string>): Promise<void> {
  const { stdout } = io();
  for await (const chunk of text) {
    if (stdout.write(chunk) === false) await once(process.stdout, "drain");
  }
}

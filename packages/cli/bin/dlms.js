#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write("dlms: not built yet. From the repository root run: pnpm build\n");
  process.exitCode = 1;
}

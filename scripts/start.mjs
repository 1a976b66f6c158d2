// `npm start [-- arguments]`: makes the clone ready, then runs `dlms start` on the Node that it brings.
import { bootstrap } from "./bootstrap.mjs";
import { at, node, run } from "./workspace.mjs";

await bootstrap();
process.exitCode = await run(node(), [at("packages/cli/bin/dlms.js"), "start", ...process.argv.slice(2)]);

import { common } from "./common.ts";
import { fleetView } from "./fleet-view.ts";
import { meterView } from "./meter-view.ts";

/**
 * The script of the page: the text of functions that use nothing but what is given to them and what a browser has. So the page needs no
 * build of its own, and is the same from the sources and from the package.
 */
export const script = (): string =>
  `"use strict";\nconst app = {};\n${[common, fleetView, meterView].map((part) => `(${part})(app);`).join("\n")}\napp.start();\n`;

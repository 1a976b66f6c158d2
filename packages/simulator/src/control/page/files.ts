import { markup } from "./markup.ts";
import { script } from "./script.ts";
import { styles } from "./styles.ts";

/** The files of the page, by path. */
export const pageFiles: { readonly [path: string]: { readonly type: string; text(): string } | undefined } = {
  "/": { type: "text/html; charset=utf-8", text: () => markup },
  "/page.css": { type: "text/css; charset=utf-8", text: () => styles },
  "/page.js": { type: "text/javascript; charset=utf-8", text: script },
};

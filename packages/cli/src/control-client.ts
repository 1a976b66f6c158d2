import { Fault } from "@dlmskit/core";

/** Where a control port is. Fault `bad-option`. */
function originOf(place: string): string {
  const given = /^\d{1,5}$/.test(place) ? `127.0.0.1:${place}` : place;
  const url = URL.parse(given.includes("://") ? given : `http://${given}`);
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "") return url.origin;
  throw new Fault("bad-option", `${place} is not the place of a control port`, {
    layer: "cli",
    hint: "give PORT, HOST:PORT or http://HOST:PORT",
  });
}

/** Asks the control port of a run of `dlms simulate`. Faults `no-control`, `bad-option`, `control-refused`. */
export async function askControl(
  place: string,
  token: string | undefined,
  { method, path }: { readonly method: string; readonly path: string },
): Promise<unknown> {
  const origin = originOf(place);
  let answer: Response;
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    answer = await fetch(`${origin}${path}`, { method, headers });
  } catch (cause) {
    throw new Fault("no-control", `no control port answers at ${origin}`, {
      layer: "cli",
      hint: "dlms simulate --control PORT opens one",
      cause,
    });
  }
  const document = (await answer.json().catch(() => undefined)) as
    | { readonly fault?: { readonly code: string; readonly message: string; readonly hint?: string } }
    | undefined;
  if (answer.ok && document !== undefined) return document;
  const { code, message, hint } = document?.fault ?? { code: "no-control", message: `status ${answer.status}` };
  throw new Fault("control-refused", `the control port refused: ${message}`, {
    layer: "cli",
    detail: code,
    hint: code === "token-needed" ? "--control-token FILE gives the token" : (hint ?? "look at the control port"),
  });
}

import type { DialEvent } from "@dlmskit/transport";

interface Said {
  readonly json: boolean;
  tell(line: string): void;
  say(text: string): void;
}

/** Tells when the meters stop calling for a while, and when they call again. */
export function tellDial(event: DialEvent, { json, tell, say }: Said): void {
  if (event.type !== "circuit-opened" && event.type !== "circuit-closed") return;
  const { destination } = event;
  const tryIn = event.type === "circuit-opened" ? Math.ceil(event.tryIn) : undefined;
  const fault = event.type === "circuit-opened" ? event.fault : undefined;
  if (json) {
    const why = fault && { tryIn, code: fault.code, message: fault.message };
    tell(JSON.stringify({ event: `dial-${event.type}`, destination, ...why }));
  } else if (fault === undefined) say(`note: ${destination} answers again: the meters call`);
  else say(`note: no meter calls ${destination} for ${(tryIn as number) / 1000} s: ${fault.message}`);
}

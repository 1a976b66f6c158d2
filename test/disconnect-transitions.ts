/** The states of a Disconnect control. */
export const controlStates = { disconnected: 0, connected: 1, ready: 2 } as const;
const { disconnected, connected, ready } = controlStates;

// The Blue Book's table (4.5.8), written as data a second time: who, what, from, to.
const transitions = {
  a: ["remote", "reconnect", disconnected, connected],
  b: ["remote", "disconnect", connected, disconnected],
  c: ["remote", "disconnect", ready, disconnected],
  d: ["remote", "reconnect", disconnected, ready],
  e: ["manual", "reconnect", ready, connected],
  f: ["manual", "disconnect", connected, ready],
  g: ["local", "disconnect", connected, ready],
  h: ["local", "reconnect", ready, connected],
  i: ["remote", "reconnect", ready, connected],
} as const;
export const modes = ["", "bcdefg", "abcefg", "bcdeg", "abceg", "bcdefgh", "bcdegh", "abcegih"];

const whos = ["remote", "manual", "local"] as const;
const whats = ["disconnect", "reconnect"] as const;
export type Command = `${(typeof whos)[number]} ${(typeof whats)[number]}`;
export const commands = whos.flatMap((who) => whats.map((what): Command => `${who} ${what}`));

/** Where a command leads in a mode and a state. */
export function stateAfter(controlMode: number, state: number, command: Command): number {
  const letters = (modes[controlMode] ?? "").split("") as (keyof typeof transitions)[];
  const found = letters
    .map((letter) => transitions[letter])
    .find(([who, what, from]) => `${who} ${what}` === command && from === state);
  return found?.[3] ?? state;
}

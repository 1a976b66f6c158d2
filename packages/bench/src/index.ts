import { agendaFigures } from "./behaviour/agenda.ts";
import { idleAgendaFigures } from "./behaviour/idle-agenda.ts";
import { profileFigures } from "./behaviour/profile.ts";
import { sortedProfileFigures } from "./behaviour/sorted-profile.ts";
import { fleetFigures } from "./fleet/index.ts";
import { type Cost, costs } from "./measure.ts";
import { drainFigures } from "./push/drain.ts";
import type { Row } from "./row.ts";
import { codecRows } from "./rows/codec.ts";
import { modelRows } from "./rows/model.ts";
import { securityRows } from "./rows/security.ts";
import { associationFigures } from "./server/associations.ts";
import { roundTripFigures, serverFigures } from "./server/figures.ts";

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const chosen: readonly Row[] = [...codecRows, ...securityRows, ...modelRows].filter(({ name }) =>
  words.every((word) => name.toLowerCase().includes(word.toLowerCase())),
);
if (words[0] === "fleet") {
  await fleetFigures(words.slice(1));
  process.exit(0);
}
if (words[0] === "server") {
  await serverFigures((text) => process.stdout.write(`${text}\n`));
  process.exit(0);
}
if (words[0] === "round-trips") {
  await roundTripFigures((text) => process.stdout.write(`${text}\n`));
  process.exit(0);
}
if (words[0] === "associations") {
  await associationFigures(Number(words[1] ?? 600), (text) => process.stdout.write(`${text}\n`));
  process.exit(0);
}
if (words[0] === "push") {
  await drainFigures(words[1]);
  process.exit(0);
}
if (words[0] === "behaviour") {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  await profileFigures(print);
  await sortedProfileFigures(print);
  await agendaFigures(print);
  await idleAgendaFigures(print);
  process.exit(0);
}
if (chosen.length === 0) {
  process.stderr.write(`no row has ${words.map((word) => `"${word}"`).join(" and ")} in its name\n`);
  process.exit(2);
}

const rate = (number: number): string => `${Math.round(number).toLocaleString("en")}/s`;
const columns = ["", "rate", "to the floor", "allocated", "fastest peer, target", "to it"] as const;
const widths = [58, 14, 14, 17, 26, 20] as const;
const line = (cells: readonly string[]): void => {
  const padded = cells.map((cell, at) =>
    at === 0 ? cell.padEnd(widths[at] as number) : cell.padStart(widths[at] as number),
  );
  process.stdout.write(`${padded.join("").trimEnd()}\n`);
};

line(columns);
let behind = 0;
for (const row of chosen) {
  const [ours, floor] = (await costs(row.ours, ...(row.floor === undefined ? [] : [row.floor]))) as [Cost, Cost?];
  const perSecond = 1e9 / ours.time;
  const peer = row.peer ?? (row.target === undefined ? undefined : { name: "target", rate: row.target });
  const toPeer = peer === undefined ? undefined : perSecond / peer.rate;
  const goal = row.goal ?? 1;
  const met = toPeer === undefined || toPeer >= goal;
  if (!met) behind++;
  line([
    row.name,
    rate(perSecond),
    floor === undefined ? "" : `${(ours.time / floor.time).toFixed(2)} x`,
    `${Math.round(ours.allocated).toLocaleString("en")} octets`,
    peer === undefined ? "" : `${peer.name} ${rate(peer.rate)}`,
    toPeer === undefined ? "" : `${toPeer.toFixed(2)} x${goal > 1 ? ` (goal ${goal})` : ""}${met ? "" : " !"}`,
  ]);
}
process.stdout.write(
  `\nnode ${process.version}, ${process.arch}; floor: a hand-written loop over the same fields without a check, for ciphering bare node:crypto; x to the floor: times its time; peers' rates were measured on another machine of this kind\n`,
);
if (behind > 0) process.stdout.write(`${behind} rows are behind their goal (!)\n`);

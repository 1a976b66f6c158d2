import type { DiscoveredObject } from "@dlmskit/client";
import { AccessBit } from "@dlmskit/cosem-objects";
import type { Command } from "commander";
import { io } from "../io.ts";
import { lineOptions, meterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { type SearchChoice, searchLine, searchOptions } from "../meter/search.ts";
import { jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";
import { table } from "../output/table.ts";
import { visible } from "../output/visible.ts";

/** `1r 2rw 3-`: the access mode of each attribute; `!` if the access needs protection. */
function rights({ attributes }: DiscoveredObject): string {
  const guarded = ~(AccessBit.read | AccessBit.write);
  return attributes
    .map(({ attributeId, readable, writable, bits }) => {
      const how = `${readable ? "r" : ""}${writable ? "w" : ""}` || "-";
      return `${attributeId}${how}${(bits & guarded) === 0 ? "" : "!"}`;
    })
    .join(" ");
}

const invocable = ({ methods }: DiscoveredObject): string =>
  methods.flatMap((one) => (one.invocable ? [String(one.methodId)] : [])).join(" ");

async function discover(place: string, options: SearchChoice): Promise<void> {
  if (options.search === true) return searchLine(place, options);
  using progress = new Progress(options, "reading the object list");
  await using session = await openMeter(place, options, progress);
  const { association } = session;
  const { objects, problems, version } = await session.discover();
  progress.end();
  const shortNames = association.context === "short-name";
  if (options.json) {
    const { conformance, ciphered, clientMaxReceivePduSize, serverMaxReceivePduSize } = association;
    const told = { version, ciphered, conformance, clientMaxReceivePduSize, serverMaxReceivePduSize, problems };
    io().stdout.write(`${jsonText({ association: told })}\n`);
    for (const object of objects) io().stdout.write(`${jsonText(object)}\n`);
    return;
  }
  io().stdout.write(
    `association of client ${options.client}: ${association.ciphered ? "ciphered" : "plain"}, PDU ${association.serverMaxReceivePduSize} octets at the meter\n` +
      `services: ${association.conformance.join(", ")}\n\n`,
  );
  io().stdout.write(
    table(
      [
        ...(shortNames ? [{ title: "base" }] : []),
        { title: "class" },
        { title: "" },
        { title: "logical name" },
        { title: "name" },
        { title: "attributes" },
        { title: "methods" },
      ],
      objects.map((object) => [
        ...(shortNames ? [(object.baseName ?? 0).toString(16).padStart(4, "0")] : []),
        `${object.classId} v${object.version}`,
        object.className ?? "",
        object.instanceId,
        object.name ?? "",
        rights(object),
        invocable(object),
      ]),
    ),
  );
  io().stdout.write(`${objects.length} objects\n`);
  for (const problem of problems) io().stderr.write(`note: object list, ${visible(problem)}\n`);
}

/** `dlms discover`: the association and the objects that the client can access. */
export function discoverCommand(program: Command): void {
  const command = program
    .command("discover")
    .description("shows the association and the object list: classes, names, access rights; --search finds meters")
    .argument("<host[:port]>", "address of the meter");
  searchOptions(lineOptions(meterOptions(command)))
    .addHelpText("after", "\nExample: dlms discover 127.0.0.1:4059 --client 48 --auth hls --keys keys.json")
    .action((place: string, options: SearchChoice) => discover(place, options));
}

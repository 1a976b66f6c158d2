import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { dlms, folder, servingProcess } from "./run.ts";

const until = async (is: () => boolean): Promise<void> => {
  // The meters of a restored feeder push within a minute, each after a delay of its own.
  for (let waited = 0; waited < 2000 && !is(); waited++) await new Promise((resolve) => setTimeout(resolve, 50));
};

// The repetitions of its parts need no processes: this is the whole.
it.runIf(isLong)(
  "two processes: pushes by a method, by a schedule, and at a power cut and its end, with names and units",
  async () => {
    using files = folder();
    const [identities, faults] = [join(files.path, "meters.json"), join(files.path, "faults.json")];
    writeFileSync(faults, '{"faults": []}');
    const first = await servingProcess(["simulate", "--port", "0", "--seed", "x", "--identities", identities]);
    await first.stop();
    await using listener = await servingProcess(["listen", "127.0.0.1:0", "--identities", identities, "--json"]);
    const { port } = JSON.parse(listener.lines[0] as string);
    const pushed = () =>
      listener
        .output()
        .slice(1)
        .map((line) => JSON.parse(line));
    await using _ = await servingProcess([
      ...["simulate", "--port", "0", "--seed", "x", "--identities", identities, "--push", `127.0.0.1:${port}`],
      ...["--faults", faults],
    ]);
    const [{ serial }] = JSON.parse(readFileSync(identities, "utf8"));
    const meter = [
      "--meter",
      serial,
      "--identities",
      identities,
      "--client",
      "48",
      "--state",
      join(files.path, "state"),
    ];

    const invoked = await dlms(["invoke", ...meter, "0.0.25.9.0.255:1", "0"]);
    expect([invoked.code, invoked.stderr]).toEqual([0, ""]);
    await until(() => pushed().length === 1);
    expect(pushed()[0]).toMatchObject({ verified: true, layoutFrom: "push" });
    expect(pushed()[0].values).toContainEqual(expect.objectContaining({ instanceId: "1.0.12.7.0.255", unit: "V" }));

    // In three seconds, in the meter's time, on any day.
    const hex = (part: number): string => part.toString(16).padStart(2, "0");
    const due = new Date(Date.now() + 3000 + 330 * 60_000);
    const time = `${[due.getUTCHours(), due.getUTCMinutes(), due.getUTCSeconds()].map(hex).join("")}00`;
    const octets = (value: string) => ({ type: "octet-string", value });
    const once = { type: "structure", value: [octets(time), octets("ffffffffff")] };
    const written = await dlms([
      "write",
      ...meter,
      "0.0.15.0.4.255:4",
      JSON.stringify({ type: "array", value: [once] }),
    ]);
    expect([written.code, written.stderr]).toEqual([0, ""]);
    await until(() => pushed().length >= 2);
    expect(pushed()[1]).toMatchObject({ verified: true, longInvokeId: 2 });

    // The power goes for a second: a last gasp, and a push when it is back.
    writeFileSync(faults, '{"faults": [{"name": "cut", "fault": "reboot", "with": {"downFor": 1}}]}');
    await until(() => pushed().length >= 4);
    const events = pushed()
      .slice(2)
      .map(({ values }) => values.map((one: { instanceId: string }) => one.instanceId));
    expect(events).toEqual([
      expect.arrayContaining(["0.0.94.91.18.255"]),
      expect.arrayContaining(["0.0.94.91.18.255"]),
    ]);
  },
  240_000,
);

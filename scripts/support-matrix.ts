// Writes docs/support-matrix.md, docs/schema.md, docs/faults.md and docs/variation-pattern.schema.json from the code: node --conditions=dlmskit-source scripts/support-matrix.ts
import { writeFileSync } from "node:fs";
import { Conformance } from "@dlmskit/apdu";
import { clientConformance } from "@dlmskit/client";
import { servedConformance } from "@dlmskit/server";
import { variationPatternSchema } from "@dlmskit/storage";
import { classesTable, templatesTable } from "./support/classes.ts";
import { faultsPage } from "./support/faults.ts";
import { framesTable, linksTable } from "./support/links.ts";
import { schemaPage } from "./support/schema.ts";
import { generalTable, securityTable } from "./support/security.ts";
import { servicesTable } from "./support/services.ts";
import { table, yes } from "./support/table.ts";

const conformance = (): string =>
  table(
    ["conformance bit", "served", "used"],
    (Object.keys(Conformance) as (keyof typeof Conformance)[])
      .filter((name) => !name.startsWith("reserved"))
      .map((name) => [
        `\`${name}\``,
        yes(servedConformance.includes(name)),
        yes(clientConformance.includes(name) || (name === "general-protection" && servedConformance.includes(name))),
      ]),
  );

/** The text of docs/support-matrix.md. */
function supportMatrix(): string {
  return `# What is supported

This page is made from the code by \`scripts/support-matrix.ts\`; a test fails when the two differ.

"Served" means that \`@dlmskit/server\` sends it or does what it asks. "Used" means that \`@dlmskit/client\` sends it or takes it. Both are
seen, not said: the page is made by running a client and a server against each other, in every service, form and protection.

## Services and their forms

Every APDU has one declaration, from which decoding, encoding and the JSON form follow. "Published octets" counts the samples
in \`test-vectors/xdlms.json\` and \`acse.json\` that come from elsewhere.

${servicesTable()}
## Conformance

The server proposes what it serves and no more; what holds is what both ends have.

${conformance()}
## Security suites, mechanisms, forms of protection

Each cell is an association that was opened, read, written and invoked in. In "plain" the suite matters to mechanisms 5 and 7 only.

${securityTable()}
General protection, in an association without authentication; each cell was opened and read in:

${generalTable()}
## Interface classes

Every class version of the Blue Book is declared: its objects are listed, read, written and type-checked. A method acts where the
objects that the packages make have it; one that only is declared is for a hook of yours, and answered with object-undefined without.
Confidence: medium and low mean that details rest on few sources; \`test-vectors/catalogue\` has them.

${classesTable()}
A class of your own is declared the same way: [declare an interface class](guides/declare-a-class.md).

## Meter templates

${templatesTable()}
## Data links

${linksTable()}
HDLC frames:

${framesTable()}`;
}

/** JSON as the formatter writes it: a list that fits on a line stands on one. */
function jsonPage(value: unknown): string {
  const text = JSON.stringify(value, null, 2).replace(
    /^(.*)\[\n([^[\]{}]*?)\n\s*\](,?)$/gm,
    (whole, before: string, list: string, comma: string) => {
      const line = `${before}[${list
        .trim()
        .split(/,\n\s*/)
        .join(", ")}]${comma}`;
      return line.length <= 120 ? line : whole;
    },
  );
  return `${text}\n`;
}

/** The pages that are made from the code, and what they must say. */
export const pages = (): readonly (readonly [file: URL, text: string])[] => [
  [new URL("../docs/support-matrix.md", import.meta.url), supportMatrix()],
  [new URL("../docs/schema.md", import.meta.url), schemaPage()],
  [new URL("../docs/faults.md", import.meta.url), faultsPage()],
  [new URL("../docs/variation-pattern.schema.json", import.meta.url), jsonPage(variationPatternSchema())],
];

if (import.meta.main) for (const [file, text] of pages()) writeFileSync(file, text);

// The schema as its migrations have it: every table, its columns, and the note on how they are read.
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../packages/storage-pg/migrations/", import.meta.url);

interface Table {
  readonly name: string;
  readonly note: readonly string[];
  readonly columns: readonly string[];
}

/** The tables of one migration; a note stands before the tables that it is about. */
function tablesOf(sql: string): readonly Table[] {
  const tables: Table[] = [];
  let note: string[] = [];
  let columns: string[] | undefined;
  for (const line of sql.split("\n")) {
    const started = /^CREATE TABLE (\w+) \($/.exec(line)?.[1];
    const added = /^ALTER TABLE (\w+) ADD COLUMN (.+);$/.exec(line);
    if (added !== null) {
      tables.push({ name: `${added[1]}, a further column`, note, columns: columnOf(`    ${added[2]}`) });
      note = [];
    } else if (started !== undefined) {
      columns = [];
      tables.push({ name: started, note, columns });
      note = [];
    } else if (line === ");") columns = undefined;
    else if (columns !== undefined) columns.push(...columnOf(line));
    else if (line.startsWith("--")) note.push(line.slice(3));
    else if (line === "") note = [];
  }
  return tables;
}

function columnOf(line: string): readonly string[] {
  const [, name, type] = /^ {4}(\w+) ([A-Z]+(?:\([\d,]+\))?(?:\[\])?)/.exec(line) ?? [];
  const constraint = name === "CONSTRAINT" || name === "PRIMARY" || name === "CHECK";
  return name === undefined || type === undefined || constraint ? [] : [`\`${name}\` ${type}`];
}

/** The text of docs/schema.md. */
export function schemaPage(): string {
  const pages = readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => {
      const tables = tablesOf(readFileSync(new URL(file, folder), "utf8"));
      const parts = tables.map(({ name, note, columns }) => {
        const text = note.length === 0 ? "" : `\`\`\`text\n${note.join("\n")}\n\`\`\`\n\n`;
        return `### ${name}\n\n${text}${columns.join(", ")}\n`;
      });
      return `## ${file}\n\n${parts.join("\n")}`;
    });
  return `# The schema

This page is made from \`packages/storage-pg/migrations\` by \`pnpm support-matrix\`; a test fails when the two differ. A note is about the table that it
stands in, and about those after it up to the next note.

- All TIMESTAMP columns hold UTC.
- A row that cannot be read is reported with table, id and column. It is never changed or deleted for that.

${pages.join("\n")}`;
}

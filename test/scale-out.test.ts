import { readFileSync } from "node:fs";
import { join } from "node:path";
import { StatefulSet } from "kubernetes-models/apps/v1";
import { Job } from "kubernetes-models/batch/v1";
import { Service } from "kubernetes-models/v1";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { dlms } from "../packages/cli/test/run.ts";

const kinds = { StatefulSet, Job, Service };
const folder = join(import.meta.dirname, "../docs/scale-out");

interface Manifest {
  readonly kind: keyof typeof kinds;
  readonly spec: {
    readonly replicas?: number;
    readonly completions?: number;
    readonly template?: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
  };
}

describe.each(["statefulset.yaml", "indexed-job.yaml"])("the manifest %s", (name) => {
  const manifests = parseAllDocuments(readFileSync(join(folder, name), "utf8"), { strict: true }).map(
    (document): Manifest => {
      expect(document.errors).toEqual([]);
      return document.toJS();
    },
  );

  it("is valid for the schema of Kubernetes", () => {
    for (const manifest of manifests) new kinds[manifest.kind](manifest as never).validate();
  });

  it("starts dlms with options that it has, and as many pods as parts", async () => {
    const { spec } = manifests.at(-1) as Manifest;
    const args = spec.template?.spec.containers[0]?.args ?? [];
    const { stdout: help } = await dlms(["simulate", "--help"]);
    expect(args[0]).toBe("simulate");
    for (const option of args.slice(1)) expect(help).toContain(`${option.split("=")[0]} `);
    expect(args.find((arg) => arg.startsWith("--shard="))).toMatch(
      new RegExp(`^--shard=\\$\\(\\w+\\)/${spec.replicas ?? spec.completions}$`),
    );
  });
});

it("a manifest with a wrong type or an unknown field is not valid", () => {
  expect(() => new Job({ spec: { completions: "40" } } as never).validate()).toThrow();
  expect(() => new StatefulSet({ spec: { replica: 4 } } as never).validate()).toThrow();
});

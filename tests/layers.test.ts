import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findViolations, readImports } from "../scripts/check-layers.ts";

/** One file of each layer, none of which imports anything. */
const TREE = [
  "src/domain/job.ts",
  "src/config/settings.ts",
  "src/store/store.ts",
  "src/store/data-files.ts",
  "src/store/open-store.ts",
  "src/store/sqlite/claim.ts",
  "src/store/sqlite/migrations/0001_jobs.sql",
  "src/queue/enqueue.ts",
  "src/worker/slot.ts",
  "src/server/serve.ts",
  "src/cli/run.ts",
  "src/library/open-queue.ts",
  "src/index.ts",
];

function violationsOf(path: string, imported: string) {
  const others = TREE.filter((other) => other !== path).map((other) => ({ path: other, imports: [] }));
  return findViolations([...others, { path, imports: [imported] }]);
}

describe("the layer rule", () => {
  test.each([
    ["src/domain/job.ts", "./errors.ts", "there is no such source file"],
    ["src/domain/job.ts", "node:fs", "the domain imports no package and nothing of Node"],
    ["src/domain/job.ts", "string-width", "the domain imports no package and nothing of Node"],
    ["src/domain/job.ts", "../config/settings.ts", "domain may import domain; not config"],
    ["src/domain/job.ts", "../index.ts", "domain may import domain; not index"],
    ["src/config/settings.ts", "../store/store.ts", "not store contract"],
    ["src/config/settings.ts", "../cli/run.ts", "not cli"],
    ["src/store/store.ts", "./sqlite/claim.ts", "not store backend"],
    ["src/store/sqlite/claim.ts", "../open-store.ts", "not store opener"],
    ["src/store/sqlite/claim.ts", "../../config/settings.ts", "not config"],
    ["src/store/open-store.ts", "../queue/enqueue.ts", "not queue"],
    ["src/queue/enqueue.ts", "../store/open-store.ts", "not store opener"],
    ["src/queue/enqueue.ts", "../store/sqlite/claim.ts", "not store backend"],
    ["src/queue/enqueue.ts", "../worker/slot.ts", "not worker"],
    ["src/queue/enqueue.ts", "../config/settings.ts", "not config"],
    ["src/worker/slot.ts", "../store/open-store.ts", "not store opener"],
    ["src/worker/slot.ts", "../store/sqlite/claim.ts", "not store backend"],
    ["src/worker/slot.ts", "../queue/enqueue.ts", "not queue"],
    ["src/worker/slot.ts", "../cli/run.ts", "not cli"],
    ["src/server/serve.ts", "../worker/slot.ts", "not worker"],
    ["src/server/serve.ts", "../store/open-store.ts", "not store opener"],
    ["src/cli/run.ts", "../store/sqlite/claim.ts", "not store backend"],
    ["src/cli/run.ts", "../index.ts", "not index"],
    ["src/index.ts", "./cli/run.ts", "not cli"],
    ["src/index.ts", "./store/sqlite/claim.ts", "not store backend"],
    ["src/library/open-queue.ts", "../store/sqlite/claim.ts", "not store backend"],
    ["src/library/open-queue.ts", "../cli/run.ts", "not cli"],
    ["src/cli/run.ts", "../library/open-queue.ts", "not index"],
    ["src/worker/slot.ts", "../library/open-queue.ts", "not index"],
    ["src/cli/run.ts", "../domain/job", "a relative import ends in .ts"],
    ["src/cli/run.ts", "../domain/job.js", "a relative import ends in .ts"],
    ["src/queue/enqueue.ts", "../../package.json", "a relative import ends in .ts"],
    ["src/cli/run.ts", "../../biome.json", "a relative import ends in .ts"],
    ["src/cli/run.ts", "../../scripts/sql-text.ts", "there is no such source file"],
    ["src/cli/run.ts", "../domain/job.test.ts", "there is no such source file"],
    ["src/cli/run.ts", "(computed)", "an import names its module by a plain text"],
  ])("%s must not import %s", (path, imported, rule) => {
    const violations = violationsOf(path, imported);
    expect(violations).toEqual([{ path, imported, rule: expect.stringContaining(rule) }]);
  });

  test.each([
    ["src/config/settings.ts", "../domain/job.ts"],
    ["src/config/settings.ts", "node:fs"],
    ["src/store/store.ts", "../domain/job.ts"],
    ["src/store/sqlite/claim.ts", "../store.ts"],
    ["src/store/sqlite/claim.ts", "./migrations/0001_jobs.sql"],
    ["src/store/open-store.ts", "./sqlite/claim.ts"],
    ["src/queue/enqueue.ts", "../store/store.ts"],
    ["src/queue/enqueue.ts", "../domain/job.ts"],
    ["src/worker/slot.ts", "../store/data-files.ts"],
    ["src/worker/slot.ts", "../domain/job.ts"],
    ["src/server/serve.ts", "../queue/enqueue.ts"],
    ["src/cli/run.ts", "../store/open-store.ts"],
    ["src/cli/run.ts", "../config/settings.ts"],
    ["src/cli/run.ts", "../worker/slot.ts"],
    ["src/cli/run.ts", "../queue/enqueue.ts"],
    ["src/cli/run.ts", "string-width"],
    ["src/cli/run.ts", "../../package.json"],
    ["src/index.ts", "./queue/enqueue.ts"],
    ["src/index.ts", "./store/open-store.ts"],
    ["src/index.ts", "./library/open-queue.ts"],
    ["src/library/open-queue.ts", "../store/open-store.ts"],
    ["src/library/open-queue.ts", "../worker/slot.ts"],
    ["src/library/open-queue.ts", "../config/settings.ts"],
  ])("%s may import %s", (path, imported) => {
    expect(violationsOf(path, imported)).toEqual([]);
  });

  test.each(["src/utils.ts", "src/helpers/text.ts", "src/domain.ts", "src/store.ts"])(
    "%s belongs to no layer and is refused",
    (path) => {
      expect(findViolations([{ path, imports: [] }])).toEqual([
        { path, imported: null, rule: expect.stringContaining("no layer") },
      ]);
    },
  );
});

describe("reading the imports of a source", () => {
  test.each([
    ["a static import", 'import { a } from "./x.ts";'],
    ["a default import", "import a from './x.ts';"],
    ["a namespace import", 'import * as a from "./x.ts";'],
    ["an import for its effects", 'import "./x.ts";'],
    ["a type-only import", 'import type { A } from "./x.ts";'],
    ["a type among values", 'import { type A } from "./x.ts";'],
    ["an import over several lines", 'import {\n  a, // "./no.ts"\n  b,\n}\nfrom\n"./x.ts";'],
    ["a re-export", 'export { a } from "./x.ts";'],
    ["a re-export of everything", 'export * from "./x.ts";'],
    ["a re-export of types", 'export type { A } from "./x.ts";'],
    ["a dynamic import", 'export async function f() { return await import("./x.ts"); }'],
    ["a dynamic import in a template", `const t = \`\${await import("./x.ts")}\`;`],
    ["a type by import", 'let a: import("./x.ts").A;'],
  ])("finds %s", (_, source) => {
    expect(readImports("a.ts", source)).toEqual(["./x.ts"]);
  });

  test("calls an import computed when it does not name its module plainly", () => {
    expect(readImports("a.ts", "await import(name); await import(`./x.ts`);")).toEqual([
      "(computed)",
      "(computed)",
    ]);
  });

  test("is not misled by comments, texts and patterns", () => {
    const source = [
      '// import "./a.ts"',
      '/* export * from "./b.ts" */',
      "const text = 'import \"./c.ts\"';",
      "const pattern = /[\"'`]\\/*/;",
      'export const exported = "./d.ts";',
    ];
    expect(readImports("a.ts", source.join("\n"))).toEqual([]);
  });

  test("refuses a source that cannot be parsed", () => {
    expect(() => readImports("a.ts", "import {")).toThrow("Cannot parse a.ts");
  });
});

describe("the command", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "queuectl-layers-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function check() {
    const script = join(import.meta.dirname, "../scripts/check-layers.ts");
    const { status, stdout } = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
    return { status, stdout };
  }

  function write(path: string, source: string) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), source);
  }

  test("fails on an empty directory", () => {
    expect(check()).toEqual({
      status: 1,
      stdout: expect.stringContaining("Read 0 source files, fewer than"),
    });
  });

  test("fails on a tree in which only the tests are left", () => {
    write("src/domain/job.test.ts", 'import "vitest";');
    expect(check()).toEqual({
      status: 1,
      stdout: expect.stringContaining("Read 0 source files, fewer than"),
    });
  });

  test("passes a whole tree that holds, saying how much it read", () => {
    for (let i = 0; i < 100; i++) write(`src/domain/file-${i}.ts`, 'import "./file-0.ts";');
    expect(check()).toEqual({ status: 0, stdout: "Layers hold: 100 files, 100 imports\n" });
  });

  test("fails on one violation in a whole tree, naming file, import and rule", () => {
    for (let i = 0; i < 100; i++) write(`src/domain/file-${i}.ts`, 'import "./file-0.ts";');
    write("src/domain/clock.ts", 'import type { Stats } from "node:fs";');
    expect(check()).toEqual({
      status: 1,
      stdout: 'src/domain/clock.ts imports "node:fs": the domain imports no package and nothing of Node\n',
    });
  });
});

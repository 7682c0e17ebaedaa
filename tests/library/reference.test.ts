import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as library from "../../src/index.ts";
import { FIELD_NAMES } from "../../src/library/map-job.ts";
import { JOB_FIELDS, STEP_FIELDS } from "../../src/queue/flow/fields.ts";
import { homeForTest } from "../support/queuectl.ts";

const ROOT = join(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, "docs/reference/library.md"), "utf8");
const programs = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);

test("the reference has programs, and names what there is to import", () => {
  expect(programs.length).toBeGreaterThanOrEqual(4);
  for (const name of Object.keys(library)) expect(page).toContain(name);
});

/** Of a page, what stands under the heading that begins so. */
function section(heading: string): string {
  const [, text = ""] = page.split(`\n## ${heading}`);
  return text.split("\n## ")[0] ?? "";
}

/** Each kind of gate; the compiler lets none be forgotten. */
const GATES: Readonly<Record<library.StartGate["kind"], true>> = {
  finished: true,
  dependency: true,
  group_dependency: true,
  run_at: true,
  backoff: true,
  expires: true,
  queue: true,
  key: true,
  group: true,
  worker: true,
  suspect: true,
};

test("the reference tells of every gate that a job can stand before, and of no other", () => {
  const rows = [...section("queue.explain").matchAll(/^\| (`.*?`) +\|/gm)].map(([, kinds = ""]) => kinds);
  const told = rows.flatMap((kinds) => [...kinds.matchAll(/`(\w+)`/g)].map(([, kind]) => kind));
  expect(told.toSorted()).toEqual(["kind", ...Object.keys(GATES)].toSorted());
});

test("the reference names every field of a step", () => {
  const text = section("queue.flows");
  for (const field of [...STEP_FIELDS, ...JOB_FIELDS])
    expect(text).toContain(`\`${FIELD_NAMES[field] ?? field}\``);
});

test.each(programs.map((text, index) => [index + 1, text] as const))(
  "program %d of the reference runs, and prints what it says",
  async (_, text) => {
    const home = homeForTest();
    mkdirSync(join(home.cwd, "node_modules"));
    symlinkSync(ROOT, join(home.cwd, "node_modules/queuectl"));
    home.write("program.mts", text);
    const { exitCode, stdout, stderr } = await home.startNode(["program.mts"]).ended();
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    for (const [, said = ""] of text.matchAll(/^console\.log.*; \/\/ (\w+)$/gm))
      expect(stdout.split("\n")).toContain(said);
  },
);

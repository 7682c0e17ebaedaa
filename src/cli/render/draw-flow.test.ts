import { expect, test } from "vitest";
import type { JobState } from "../../domain/job.ts";
import { type DrawnStep, drawFlow } from "./draw-flow.ts";
import type { Paint } from "./style.ts";
import { textWidth } from "./text-width.ts";

const plain: Paint = (_, text) => text;

/** A name that ends in ? is waited for to end, one that ends in ! to fail. */
function step(name: string, after: string[] = [], state?: JobState, note: string | null = null): DrawnStep {
  const conditions = { "?": "finished", "!": "failed" } as const;
  return {
    name,
    dependsOn: after.map((text) => ({
      on: text.replace(/[?!]$/, ""),
      condition: conditions[text.slice(-1) as "?" | "!"] ?? "completed",
    })),
    standing: state === undefined ? null : { state, note },
  };
}

const BUILD = [
  step("fetch", [], "completed"),
  step("package", ["test", "lint?"], "blocked"),
  step("tools", [], "cancelled", "not needed"),
  step("compile", ["fetch", "tools"], "processing"),
  step("lint", ["fetch"], "failed"),
  step("docs", ["fetch"], "pending"),
  step("test", ["compile"], "blocked"),
  step("alarm", ["test!"], "dead", "dependency"),
];

test("a flow is drawn in layers, with the state of each step and what it waits for", () => {
  expect(drawFlow(BUILD, 80, plain)).toBe(`\
    STEP     STATE                     AFTER
1 ┬ fetch    ✓ completed
  └ tools    ⊘ cancelled (not needed)
2 ┬ compile  ▶ processing              fetch, tools
  ├ lint     ↻ failed                  fetch
  └ docs     ○ pending                 fetch
3 ─ test     … blocked                 compile
4 ┬ package  … blocked                 test, lint (ended)
  └ alarm    ✗ dead (dependency)       test (failed)
`);
});

test("one that does not run has no states", () => {
  expect(drawFlow([step("test", ["compile"]), step("fetch"), step("compile", ["fetch"])], 80, plain)).toBe(`\
    STEP     AFTER
1 ─ fetch
2 ─ compile  fetch
3 ─ test     compile
`);
});

test("colours are on the states alone, and change no width", () => {
  const painted = drawFlow(BUILD, 80, (format, text) => `<${String(format)}>${text}</>`);
  expect(painted).toContain("1 ┬ fetch    <green>✓ completed</>");
  expect(painted).toContain("  └ alarm    <red>✗ dead (dependency)</>       test (failed)");
  expect(painted.replace(/<[a-z/]*>/g, "")).toBe(drawFlow(BUILD, 80, plain));
});

test("no line is wider than the terminal; where there is none nothing is cut", () => {
  const parts = Array.from({ length: 30 }, (_, index) => `part-${index}`);
  const wide = [...parts.map((name) => step(name, [], "completed")), step("all", parts, "blocked")];
  expect(drawFlow(wide, 60, plain).split("\n").at(-2)).toBe(
    "2 ─ all      … blocked    part-0, part-1, part-2, part-3, p…",
  );
  expect(drawFlow(wide, Number.POSITIVE_INFINITY, plain)).toContain(parts.join(", "));
  const long = [step("x".repeat(120), [], "completed"), step("y", ["x".repeat(120)], "dead", "dependency")];
  for (const steps of [BUILD, wide, long])
    for (const columns of [40, 80, 200])
      for (const line of drawFlow(steps, columns, plain).split("\n"))
        expect(textWidth(line), line).toBeLessThanOrEqual(columns);
});

test("two hundred steps in one chain are as readable as five: a line each, none of them shifted", () => {
  const chain = Array.from({ length: 200 }, (_, index) =>
    step(`step-${index}`, index === 0 ? [] : [`step-${index - 1}`], index < 100 ? "completed" : "blocked"),
  );
  const lines = drawFlow(chain, 80, plain).trimEnd().split("\n");
  expect(lines).toHaveLength(201);
  expect(lines[0]).toBe("      STEP      STATE        AFTER");
  expect(lines[1]).toBe("  1 ─ step-0    ✓ completed");
  expect(lines[200]).toBe("200 ─ step-199  … blocked    step-198");
});

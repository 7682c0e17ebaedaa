import type { Condition, Dependency } from "../../domain/dependency.ts";
import { layersOf, waitsByStep } from "../../domain/flow.ts";
import type { JobState } from "../../domain/job.ts";
import type { Paint } from "./style.ts";
import { STATE_COLOURS } from "./style.ts";
import { renderTable } from "./table.ts";
import { visible } from "./visible.ts";

/** A step as it is drawn; once it is a job, with how it stands, and a word about why. */
export interface DrawnStep {
  name: string;
  /** On other steps, by name. */
  dependsOn: readonly Dependency[];
  standing: { state: JobState; note: string | null } | null;
}

/** One column each, and told apart without colours. */
const MARKS: Readonly<Record<JobState, string>> = {
  pending: "○",
  blocked: "…",
  processing: "▶",
  completed: "✓",
  failed: "↻",
  dead: "✗",
  cancelled: "⊘",
};

/** What a step waits for of another, behind its name; that it completes is what one expects. */
const CONDITION_NOTES: Readonly<Record<Condition, string>> = {
  completed: "",
  finished: " (ended)",
  failed: " (failed)",
};

/**
 * A flow as a drawing: a bracket around the steps of each layer, which can run at once when those above are done, and
 * beside each step its state and what it waits for. Depth costs no width, so that long chains stay readable.
 * @param width what no line exceeds; where nothing is cut, infinity
 */
export function drawFlow(steps: readonly DrawnStep[], width: number, paint: Paint): string {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const layers = layersOf(waitsByStep(steps));
  const digits = String(layers.length).length;
  const rows = layers.flatMap((names, layer) =>
    names.map((name, index) => {
      const number = index === 0 ? String(layer + 1) : "";
      const bracket = bracketOf(index, names.length);
      return cellsOf(byName.get(name), `${number.padStart(digits)} ${bracket} ${visible(name)}`, paint);
    }),
  );
  const margin = " ".repeat(digits + 3);
  const columns = [
    { title: `${margin}STEP` },
    { title: "STATE" },
    { title: "AFTER", isFlexible: true, sparable: 1 },
  ];
  // A flow that is not running has no states.
  const isRunning = steps.some(({ standing }) => standing !== null);
  const shown = isRunning ? [0, 1, 2] : [0, 2];
  return renderTable(
    pick(columns, shown),
    rows.map((row) => pick(row, shown)),
    width,
  );
}

function pick<T>(values: readonly T[], indices: readonly number[]): T[] {
  return values.filter((_, index) => indices.includes(index));
}

function bracketOf(index: number, count: number): string {
  if (count === 1) return "─";
  if (index === 0) return "┬";
  return index === count - 1 ? "└" : "├";
}

function cellsOf(step: DrawnStep | undefined, name: string, paint: Paint) {
  const standing = step?.standing ?? null;
  const after = (step?.dependsOn ?? []).map(({ on, condition }) => visible(on) + CONDITION_NOTES[condition]);
  const state = standing && {
    text: `${MARKS[standing.state]} ${standing.state}${standing.note === null ? "" : ` (${standing.note})`}`,
    paint: (text: string) => paint(STATE_COLOURS[standing.state], text),
  };
  return [{ text: name }, state ?? { text: "" }, { text: after.join(", ") }];
}

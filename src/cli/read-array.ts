import { parseArraySpec } from "../domain/array-spec.ts";
import { QueuectlError } from "../domain/errors.ts";
import { MAX_COUNT } from "../domain/job-fields.ts";
import { findUnsafePlaceholder, hasPlaceholder, hasShellPlaceholder } from "../domain/placeholder.ts";
import { type ArrayPlan, planArray } from "../queue/array-inputs.ts";
import type { PlacedInput } from "../queue/enqueue.ts";
import { readCount } from "./arguments.ts";
import type { Invocation } from "./command.ts";
import { giveHint } from "./hint.ts";
import type { Io } from "./io.ts";
import { flagWords } from "./job-flags.ts";
import { announceReading, type LineCount, ReadingProgress, readLines } from "./read-lines.ts";
import type { ArraySource, ListSource, StreamSource } from "./read-source.ts";
import { usage } from "./usage.ts";

/** The jobs of `--array` or `--each-line`, made of the one job that was given. */
export function readArray(source: ListSource | StreamSource, invocation: Invocation, io: Io): ArraySource {
  const { options } = invocation;
  if (source.kind !== "one")
    throw usage(
      "An array is made of one job, and more were given",
      "Give a command: queuectl enqueue --array 1-3 -- ./x {}",
    );
  const spec = options.text("array");
  if (spec !== undefined && options.has("each-line"))
    throw usage("Both --array and --each-line say which jobs there are", "Give one of them.");
  const array = spec === undefined ? null : parseArraySpec(spec);
  const [template] = source.inputs;
  const rules = {
    maxRunning: array?.maxRunning ?? null,
    maxFails: readCount(options, "max-fails", { min: 1, max: MAX_COUNT }) ?? null,
  };
  if (array !== null && (rules.maxFails ?? 0) > array.indices.length)
    throw usage(
      `--max-fails ${rules.maxFails} can never strike: the array has ${array.indices.length} jobs`,
      "It cancels what waits as soon as so many of them are dead.",
    );
  const plan = planArray(template?.input, rules, {
    cwd: io.cwd,
    now: Date.now(),
    words: flagWords(invocation),
  });
  const { group } = plan;
  if (array !== null) {
    const inputs = array.indices.map((index) =>
      plan.toInput({ index, value: String(index), place: `Index ${index}` }),
    );
    return { kind: "array", group, inputs, checkable: inputs, lines: null };
  }
  requirePlaceFor(template?.input as { command?: string; argv?: string[] | null });
  const lines: LineCount = { blankLines: [], isArray: false };
  const progress = new ReadingProgress(io, options.has("quiet"));
  if (!options.has("quiet")) announceReading(io);
  const inputs = eachLine(invocation, io, { plan, lines, progress });
  return { kind: "array", group, inputs, checkable: source.inputs, lines };
}

async function* eachLine(
  invocation: Invocation,
  io: Io,
  { plan, lines, progress }: { plan: ArrayPlan; lines: LineCount; progress: ReadingProgress },
): AsyncGenerator<PlacedInput> {
  for await (const { number, text } of readLines(io.stdin(), "standard input")) {
    if (text.trim() === "") {
      lines.blankLines.push(number);
      continue;
    }
    progress.count();
    yield plan.toInput({ index: number, value: text.replace(/\r$/, ""), place: `Line ${number}` });
  }
  progress.end();
  if (progress.jobs === 0)
    throw new QueuectlError("invalid_job", "There is no line in standard input", {
      hint: "Each line that is not blank becomes one job.",
    });
  // Of indices it is refused; how many lines come, who wrote the command may not have known.
  const { maxFails } = plan.group;
  if (maxFails !== null && maxFails > progress.jobs)
    giveHint(
      `--max-fails ${maxFails} can never strike: the array has ${progress.jobs === 1 ? "1 job" : `${progress.jobs} jobs`}`,
      invocation,
      io,
    );
}

/** @throws invalid_usage when no job would see its line, or a shell might run what stands in it */
function requirePlaceFor({ command = "", argv }: { command?: string; argv?: string[] | null }): void {
  if (!(argv ? argv.some(hasPlaceholder) : hasShellPlaceholder(command)))
    throw usage(
      "There is no {} in the command for a line to stand in",
      "Write it like this: … | queuectl enqueue --each-line -- ./x {}",
    );
  const where = argv ? null : findUnsafePlaceholder(command);
  if (where !== null)
    throw usage(
      `The {} of the command stands ${where}, where a line might be run as a command`,
      "The line is quoted by itself: let {} stand outside, or give words after --.",
    );
}

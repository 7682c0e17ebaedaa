import { QueuectlError } from "../../domain/errors.ts";
import type { Invocation } from "../command.ts";
import { audienceFor } from "../demo/audience.ts";
import { type Step, TOUR } from "../demo/steps.ts";
import { Interrupted, type StepJson, takeTour } from "../demo/tour.ts";
import { type Program, TourStore } from "../demo/tour-store.ts";
import { DONE, INTERRUPTED } from "../exit-codes.ts";
import { listenForSignals } from "../interruption.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";

/** The answer of `demo --json`: the steps that were taken, the failed one last. */
export interface DemoJson {
  ok: boolean;
  steps: readonly StepJson[];
}

export async function run(invocation: Invocation, io: Io): Promise<number> {
  return await guide(TOUR, [process.execPath, process.argv[1] ?? ""], invocation, io);
}

/**
 * Takes these steps with this program, and leaves nothing behind, whatever the end is.
 * @throws demo_failed when a step does not do what it should
 */
export async function guide(
  steps: readonly Step[],
  program: Program,
  invocation: Invocation,
  io: Io,
): Promise<number> {
  const { options } = invocation;
  if (options.has("db")) {
    throw new QueuectlError("invalid_usage", "queuectl demo has a store of its own, and takes no --db", {
      hint: "It does not touch yours: queuectl demo",
    });
  }
  const taken: StepJson[] = [];
  try {
    await visit(steps, program, taken, invocation, io);
  } catch (error) {
    if (error instanceof QueuectlError && error.code === "output_failed") throw cannotShow(error);
    if (!(error instanceof Interrupted)) throw error;
    if (!options.has("quiet") && !options.has("json"))
      io.stderr.write("\nInterrupted. Nothing is left behind.\n");
    return INTERRUPTED;
  } finally {
    if (options.has("json")) writeJson(io, toJson(steps, taken));
  }
  if (!options.has("json") && !options.has("quiet")) io.stdout.write(farewell(io.env));
  return DONE;
}

/** Of other verbs the work is done when its answer cannot be written; a tour is only what is shown. */
function cannotShow({ message, cause }: QueuectlError): QueuectlError {
  const hint = "The tour has ended. Its store is gone, and yours was not touched.";
  return new QueuectlError("output_failed", message, { hint, cause });
}

async function visit(
  steps: readonly Step[],
  program: Program,
  taken: StepJson[],
  invocation: Invocation,
  io: Io,
): Promise<void> {
  // Before the store: no signal may find a directory that nobody would remove.
  using interruption = listenForSignals();
  await using store = new TourStore(program, io.env, { isColourless: invocation.options.has("no-color") });
  await takeTour(steps, store, {
    audience: audienceFor(invocation, io),
    taken,
    signal: interruption.signal,
  });
}

function toJson(steps: readonly Step[], taken: readonly StepJson[]): DemoJson {
  return { ok: taken.length === steps.length && taken.every(({ ok }) => ok), steps: taken };
}

/** Names the commands as the tour's was given: what npx runs need not be on the PATH. */
function farewell(env: Io["env"]): string {
  const isByNpx = env["npm_command"] === "exec";
  const queuectl = isByNpx ? "npx queuectl" : "queuectl";
  return `
That was the life of a job. The tour's store is gone again. Now with your own:
  ${queuectl} enqueue "echo hello"    add a job
  ${queuectl} worker start            run jobs here, until Ctrl-C
  ${queuectl} status                  how it stands
${isByNpx ? "After npm link, in any directory and without npx.\n" : ""}`;
}

import { QueuectlError } from "../../domain/errors.ts";
import { allowedExecutions, type Job } from "../../domain/job.ts";
import { quoteArgv } from "../../domain/shell-quote.ts";
import { pause } from "../../worker/timer.ts";
import { observe } from "./expectation.ts";
import type { Expectation, Step, TourCommand } from "./steps.ts";
import type { TourStore } from "./tour-store.ts";

/** A step that was taken, as `--json` shows it. */
export interface StepJson {
  sentence: string;
  command: string;
  exit_code: number | null;
  ok: boolean;
}

/** Whoever watches the tour. */
export interface Audience {
  /** True for one who sees the commands' output come straight from them. */
  readonly isAtTerminal: boolean;
  welcome(): void;
  step(sentence: string): void;
  command(line: string): void;
  output(text: string): void;
  /** Called again and again while a failed job waits, with the milliseconds that are left. */
  waiting(job: Job, leftMs: number): void;
  /** The wait is over. */
  waited(): void;
}

/** The tour was interrupted by a signal. */
export class Interrupted extends Error {}

/** A fact that has not come by then will not come: far longer than anything takes on a busy machine. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 50;

/**
 * Takes the steps one after another, and holds each against the store.
 * @param taken receives each step, also the one that fails
 * @throws demo_failed naming the command and what should have been so; Interrupted
 */
export async function takeTour(
  steps: readonly Step[],
  store: TourStore,
  { audience, taken, signal }: { audience: Audience; taken: StepJson[]; signal: AbortSignal },
): Promise<void> {
  audience.welcome();
  for (const { sentence, waitFor, command, expect, patienceMs = PATIENCE_MS } of steps) {
    const step: StepJson = { sentence, command: typed(command), exit_code: null, ok: false };
    taken.push(step);
    audience.step(sentence);
    if (waitFor) await waitUntil(waitFor, step.command, store, { audience, signal, patienceMs });
    audience.command(step.command);
    const { exitCode, output } = await store.run(
      command,
      audience.isAtTerminal ? "to terminal" : "to caller",
    );
    step.exit_code = exitCode;
    audience.output(output);
    if (exitCode !== 0) throw failed(step.command, "it to succeed", `it ended with ${exitCode}`);
    await waitUntil(expect, step.command, store, { audience, signal, patienceMs });
    step.ok = true;
  }
}

/** The command as one types it. */
function typed(command: TourCommand): string {
  return "shell" in command ? command.shell : quoteArgv(["queuectl", ...command.queuectl]);
}

async function waitUntil(
  expected: Expectation,
  command: string,
  store: TourStore,
  { audience, signal, patienceMs }: { audience: Audience; signal: AbortSignal; patienceMs: number },
): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    if (signal.aborted) throw new Interrupted();
    const { isMet, wanted, found, job } = await store.read((reader) => observe(reader, expected));
    if (isMet) break;
    if (performance.now() > end) throw failed(command, wanted, found);
    if (job?.state === "failed") audience.waiting(job, Math.max(0, job.dueAt - Date.now()));
    await pause(LOOK_EVERY_MS);
  }
  audience.waited();
}

function failed(command: string, wanted: string, found: string): QueuectlError {
  return new QueuectlError(
    "demo_failed",
    `The tour failed at "${command}": it expected ${wanted}, and found ${found}`,
    {
      hint: "The tour's store is gone, and yours was not touched. Please report what is printed above.",
    },
  );
}

/** How many of its executions have failed. */
export function describeFailure(job: Job): string {
  return `${job.id}: failure ${job.attempts} of ${allowedExecutions(job)} (${job.error}).`;
}

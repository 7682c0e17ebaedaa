import { formatDuration } from "../domain/duration.ts";
import { decideAfterRun, type Outcome } from "../domain/outcome.ts";
import { decideAfterLoss } from "../domain/suspect.ts";
import type { WorkerSettings } from "../domain/worker-settings.ts";
import { createDataDirectory, outputFile, outputFolder } from "../store/data-files.ts";
import type { Claim, FinishedExecution, Store } from "../store/store.ts";
import { OutputCapture } from "./capture-output.ts";
import type { ClaimRun, RunClaim, StopCause } from "./run-claim.ts";

/** What every execution of a worker shares. */
export interface SlotContext {
  store: Store;
  runClaim: RunClaim;
  /** The settings of this moment, or the last that could be read. Never rejects. */
  loadSettings(): Promise<WorkerSettings>;
}

/** A claim that is being turned into a finished execution. */
export interface Slot {
  readonly claim: Claim;
  readonly finished: Promise<FinishedExecution>;
  stop(cause: StopCause, graceMs?: number): void;
}

/**
 * Starts the claimed execution, under the settings that hold now. Whatever goes wrong here, even by our own fault, ends
 * this execution and no other: a worker that died of one job would die of it again, and take its neighbours along.
 */
export function startSlot(claim: Claim, settings: WorkerSettings, context: SlotContext): Slot {
  const fail = (error: unknown) => failedResult(error, claim, settings);
  try {
    const slot = launch(claim, settings, context);
    return { ...slot, finished: slot.finished.catch(fail) };
  } catch (error) {
    return { claim, stop: () => {}, finished: Promise.resolve(fail(error)) };
  }
}

function failedResult(error: unknown, claim: Claim, { backoff }: WorkerSettings): FinishedExecution {
  const cause = `queuectl could not run it: ${error instanceof Error ? error.message : error}`;
  const outcome: Outcome = { kind: "spawn_failed", cause };
  const now = Date.now();
  const nothing = { tail: new Uint8Array(), totalBytes: 0 };
  return {
    claim,
    outcome,
    transition: decideAfterRun(outcome, { job: claim.job, backoff, now, random: Math.random() }),
    suspicion: null,
    finishedAt: now,
    durationMs: 0,
    error: cause,
    usage: null,
    output: { stdout: nothing, stderr: nothing, marks: [] },
  };
}

function launch(claim: Claim, settings: WorkerSettings, context: SlotContext): Slot {
  const { store, runClaim } = context;
  const { job, token } = claim;
  const capture = new OutputCapture({
    limitBytes: settings.outputLimitBytes,
    fileOf: (stream) => {
      createDataDirectory(store.name, outputFolder(store));
      return outputFile({ store, token, stream });
    },
    now: Date.now,
  });
  const startedMs = performance.now();
  const limits = { timeoutMs: job.timeoutMs ?? settings.jobTimeoutMs, killGraceMs: settings.killGraceMs };
  const run = runClaim(claim, limits, (stream, bytes) => capture.write(stream, bytes));
  return {
    claim,
    stop: (cause, graceMs) => run.stop(cause, graceMs),
    finished: finishRun(run, { claim, settings, capture, startedMs, context }),
  };
}

interface RunInHand {
  claim: Claim;
  settings: WorkerSettings;
  capture: OutputCapture;
  startedMs: number;
  context: SlotContext;
}

async function finishRun(
  run: ClaimRun,
  { claim, settings, capture, startedMs, context }: RunInHand,
): Promise<FinishedExecution> {
  const { outcome, error, usage, lostTogether } = await run.ended;
  const durationMs = performance.now() - startedMs;
  const output = await capture.finish();
  const { backoff, crashLimit } = outcome.kind === "succeeded" ? settings : await context.loadSettings();
  const now = Date.now();
  const { job } = claim;
  // A launcher that died under a living worker is a loss like that of the worker: any of its jobs may have killed it.
  const loss =
    lostTogether === undefined
      ? undefined
      : decideAfterLoss(
          { ...job, lostTogether, what: "launcher", mayBeItsFault: true, isToBeCancelled: false },
          crashLimit,
        );
  return {
    claim,
    outcome,
    transition: loss?.transition ?? decideAfterRun(outcome, { job, backoff, now, random: Math.random() }),
    suspicion: loss?.suspicion ?? null,
    finishedAt: now,
    durationMs,
    error: loss?.error ?? error ?? explainOutcome(outcome, claim),
    usage: usage ?? null,
    output,
  };
}

/** One line for `info`, `dlq list` and the worker's log; for a timeout, with the setting that struck and its remedy. */
function explainOutcome(outcome: Outcome, { job }: Claim): string | null {
  switch (outcome.kind) {
    case "succeeded":
      return null;
    case "failed":
      return `exit code ${outcome.exitCode}`;
    case "signalled":
      return `killed by ${outcome.signal}`;
    case "timed_out": {
      const struck = `timed out after ${formatDuration(outcome.afterMs)}`;
      return job.timeoutMs === null
        ? `${struck} (the setting job-timeout; change it: queuectl config set job-timeout 1h, or enqueue with --timeout)`
        : `${struck} (the job's own timeout)`;
    }
    case "spawn_failed":
      return outcome.cause;
    case "cancelled":
      return "cancelled";
    case "lost":
      return "its worker died";
    case "interrupted":
      return "interrupted by a stop of its worker";
  }
}

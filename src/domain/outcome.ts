import type { Job } from "./job.ts";
import { type BackoffPolicy, retryDelayMs } from "./retry-policy.ts";
import { type Transition, toCancelled, toCompleted, toDead, toPendingAgain, toRetry } from "./transition.ts";

/** How one execution ended. It ends for one reason: the first cause wins. */
export type Outcome =
  | { kind: "succeeded" }
  | { kind: "failed"; exitCode: number }
  | { kind: "signalled"; signal: string }
  | { kind: "timed_out"; afterMs: number }
  | { kind: "spawn_failed"; cause: string }
  | { kind: "cancelled" }
  | { kind: "lost" }
  | { kind: "interrupted" };

export type OutcomeKind = Outcome["kind"];

/** What `decideAfterRun` needs besides the outcome. */
export interface RunContext {
  job: Pick<Job, "attempts" | "maxRetries" | "backoffBase">;
  /** The settings that hold when the execution ends. */
  backoff: BackoffPolicy;
  now: number;
  /** In [0, 1): the place within the jitter. */
  random: number;
}

/**
 * What becomes of a job after an execution. A failure of any kind spends one of 1 + maxRetries executions;
 * an interruption spends nothing, because it is not the job's fault.
 */
export function decideAfterRun(outcome: Outcome, context: RunContext): Transition {
  switch (outcome.kind) {
    case "succeeded":
      return toCompleted();
    case "failed":
    case "signalled":
    case "timed_out":
    case "spawn_failed":
      return afterFailure(context);
    case "lost":
    case "interrupted":
      return toPendingAgain();
    case "cancelled":
      return toCancelled();
  }
}

function afterFailure({ job, backoff, now, random }: RunContext): Transition {
  const failures = job.attempts + 1;
  if (failures > job.maxRetries) return toDead({ attempts: failures, reason: "retries_spent" });
  const base = job.backoffBase ?? backoff.base;
  return toRetry({ attempts: failures, dueAt: now + retryDelayMs(failures, { ...backoff, base }, random) });
}

/** The exit code that a job shows for an outcome: its own, 128 + n is never invented; null when there was none. */
export function exitCodeOf(outcome: Outcome): number | null {
  if (outcome.kind === "succeeded") return 0;
  return outcome.kind === "failed" ? outcome.exitCode : null;
}

/** The exit codes by which a shell says that a command could not be run (POSIX.1-2024, 2.8.2). */
export const NOT_EXECUTABLE = 126;
export const NOT_FOUND = 127;

import type { JobState } from "../domain/job.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import type { Job } from "./job.ts";
import type { StopOptions } from "./queue.ts";

/**
 * Does a job's work. When what it returns is settled, the job is completed; when it throws, the execution has failed
 * (exit code 1, the error's message as `error`, its stack as the execution's stderr) and the job is retried like any.
 *
 * It must bear to be called again for the same job: after a crash, a stop or a lost claim an execution is repeated.
 */
export type Handler = (job: Job, tools: HandlerTools) => unknown;

export interface HandlerTools {
  /**
   * Aborted when the execution is to end: its time is up, it was cancelled, the worker stops, or the claim was lost.
   * `signal.reason` is a `QueuectlError` with the code `job_timed_out`, `job_cancelled`, `job_interrupted` or `job_lost`. A handler cannot be killed: one that
   * goes on after the setting `kill-grace` (5 s) is given up, and nothing it does afterwards is recorded.
   */
  readonly signal: AbortSignal;
  /** Number of this execution of the job, from 1; it only grows. */
  readonly attempt: number;
  /** Writes a line to the execution's output, which `queuectl logs ID` shows; kept within the setting `output-limit`. */
  readonly log: (text: string) => void;
}

export interface WorkOptions {
  /** How many jobs at once, 1 to 1,000; 1 unless given. */
  concurrency?: number | undefined;
  /** End when no job is due, running anywhere, or waiting for a retry in its queues; one delayed does not hold it. */
  drain?: boolean | undefined;
  /** Stops the worker as `stop()` does. */
  signal?: AbortSignal | undefined;
  /** Told what happens, in order. What it throws is an uncaught exception of this program; the worker goes on. */
  onEvent?: ((event: WorkerEvent) => void) | undefined;
}

export interface WorkQueuesOptions extends WorkOptions {
  /** The queues it serves; all of them unless given, also those whose jobs are meant for handlers. */
  queues?: readonly string[] | undefined;
}

/**
 * A worker that runs in this program, and keeps it alive. It handles no signals of the process and prints nothing.
 * Disposing of it is `stop()`.
 */
export interface QueueWorker extends AsyncDisposable {
  /** As `queuectl worker status` shows it. A worker that was taken for dead goes on under a new id. */
  readonly id: string;

  /**
   * Resolves when it has ended: stopped, drained, or asked to stop by `queuectl worker stop`. Rejects with a
   * `QueuectlError` when its store was removed or is corrupt; as with any promise, a rejection that nobody handles ends
   * the process.
   */
  readonly finished: Promise<void>;

  /**
   * Claims no more jobs from now on, lets the running ones end, and resolves (or rejects) as `finished` does. Called
   * again, it can only hurry. Interrupted jobs go back to the queue and spend no retry.
   */
  stop(options?: StopOptions): Promise<void>;
}

/** What happens to a worker and its jobs. */
export type WorkerEvent =
  | { readonly kind: "started"; readonly worker: string }
  | { readonly kind: "polling" }
  | { readonly kind: "claimed"; readonly job: Job; readonly attempt: number }
  | {
      readonly kind: "finished";
      /** As it was claimed. */
      readonly job: Job;
      readonly outcome: OutcomeKind;
      /** Where the job went. */
      readonly state: JobState;
      /** When it is run again after a failure; else null. */
      readonly nextRunAt: Date | null;
      /** One line; null after a success. */
      readonly error: string | null;
    }
  /** A result came after the claim was lost, and counts for nothing. */
  | { readonly kind: "stale_result"; readonly job: Job; readonly outcome: OutcomeKind }
  /** The jobs of a dead worker were taken back; `worker` is null when its row was gone. */
  | { readonly kind: "recovered"; readonly worker: string | null; readonly jobIds: readonly string[] }
  /** It was taken for dead, and goes on under this id. */
  | { readonly kind: "taken_for_dead"; readonly worker: string }
  | { readonly kind: "stopping"; readonly running: number; readonly graceMs: number | null }
  /** Something failed (the store, a setting); the worker keeps what it has and tries again. */
  | { readonly kind: "trouble"; readonly error: unknown }
  | { readonly kind: "drained" }
  | { readonly kind: "stopped" };

import type { OutcomeKind } from "../domain/outcome.ts";

/** One execution of a job, as it stood when it was read. */
export interface Execution {
  /** From 1; it only grows. */
  readonly number: number;
  /** The id of the worker that runs it, or ran it. */
  readonly worker: string;
  /** How it ended; null while it runs. */
  readonly outcome: OutcomeKind | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** On a clock that is never set. */
  readonly durationMs: number | null;
  readonly exitCode: number | null;
  /** What ended it, such as `SIGKILL`; else null. */
  readonly signal: string | null;
  /** What went wrong, in one line. */
  readonly error: string | null;
  /** The last 20 lines, of at most 8 KiB, of what it has printed; also while it runs. */
  readonly stdoutTail: string;
  readonly stderrTail: string;
  /** True once its output was removed, after the setting `retain-logs`. */
  readonly isOutputPruned: boolean;
}

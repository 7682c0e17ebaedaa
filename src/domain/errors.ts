import type { Refusal } from "./refusal.ts";

/**
 * Every way in which queuectl can refuse or fail, as one closed list; later versions may add to it. Two tables
 * elsewhere turn a code into an exit code (`cli/exit-codes.ts`) and, later, into an HTTP status; nobody else picks
 * numbers.
 */
export type ErrorCode =
  // what was asked for cannot be done as written
  | "invalid_usage"
  | "invalid_json"
  | "invalid_job"
  | "invalid_setting"
  | "invalid_file"
  | "duplicate_id"
  | "ambiguous_id"
  | "not_unique"
  | "unknown_dependency"
  | "dependency_cycle"
  | "dependency_failed"
  | "queue_draining"
  | "invalid_queue"
  | "invalid_flow"
  | "invalid_schedule"
  | "duplicate_schedule"
  | "not_dead"
  | "not_confirmed"
  | "not_finished"
  | "already_finished"
  // what was named does not exist
  | "job_not_found"
  | "execution_not_found"
  | "queue_not_found"
  | "key_not_found"
  | "flow_not_found"
  | "schedule_not_found"
  | "worker_not_found"
  | "setting_not_found"
  // the store cannot be used
  | "store_unreachable"
  | "store_read_only"
  | "store_locked"
  | "store_full"
  | "store_corrupt"
  | "store_foreign"
  | "store_newer"
  | "store_in_use"
  | "store_removed"
  | "store_failed"
  // why a handler is asked to end
  | "job_timed_out"
  | "job_interrupted"
  | "job_cancelled"
  | "job_lost"
  // the rest
  | "wait_timed_out"
  | "queue_closed"
  | "worker_failed"
  | "place_taken"
  | "demo_failed"
  | "output_failed"
  | "internal";

/** One of several things that are wrong with a text. Line and column are from 1, and null in what is no text. */
export interface PlacedFault {
  line: number | null;
  column: number | null;
  message: string;
}

/** What an error may carry beyond its code and sentence. */
export interface ErrorDetails {
  /** What to do about it: a whole sentence or a command. */
  hint?: string | undefined;
  /**
   * What was refused, instead of a hint: whoever tells it says what to do, in the words of who is told.
   * @internal
   */
  refusal?: Refusal | undefined;
  /** The fault underneath, for operators. */
  cause?: unknown;
  /** Which entry of a list is meant, from 1. */
  position?: number | undefined;
  /** All that is wrong, one by one, where message and hint say it as one text. */
  faults?: readonly PlacedFault[] | undefined;
}

/** The one error class of queuectl. `message` says what was tried and why it failed; `hint` says what to do. */
export class QueuectlError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /**
   * As in `ErrorDetails`; nothing that a program should go by.
   * @internal
   */
  readonly refusal: Refusal | undefined;
  readonly position: number | undefined;
  readonly faults: readonly PlacedFault[] | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "QueuectlError";
    this.code = code;
    this.hint = details.hint;
    this.refusal = details.refusal;
    this.position = details.position;
    this.faults = details.faults;
  }
}

/**
 * The same error with another sentence, or another hint: nothing else that it carries is lost.
 * @internal
 */
export function restate(error: QueuectlError, message: string, hint?: string): QueuectlError {
  const { code, refusal, cause, position, faults } = error;
  return new QueuectlError(code, message, { hint: hint ?? error.hint, refusal, cause, position, faults });
}

import type { ErrorCode } from "../domain/errors.ts";

export const DONE = 0;

/** A signal ended the command before it was done: 128 + SIGINT, whichever it was. */
export const INTERRUPTED = 130;

/** The only place where an error becomes a number. Codes that are not listed are 1. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  job_not_found: 4,
  execution_not_found: 4,
  queue_not_found: 4,
  key_not_found: 4,
  flow_not_found: 4,
  schedule_not_found: 4,
  worker_not_found: 4,
  setting_not_found: 4,
  store_unreachable: 6,
  store_read_only: 6,
  store_locked: 6,
  store_full: 6,
  store_corrupt: 6,
  store_foreign: 6,
  store_newer: 6,
  store_in_use: 6,
  store_removed: 6,
  store_failed: 6,
  // As timeout(1) does.
  wait_timed_out: 124,
};

/** What each number means. */
export const EXIT_CODE_MEANINGS: Readonly<Record<number, string>> = {
  [DONE]: "done",
  1: "any error, wrong usage too",
  4: "what was named does not exist",
  6: "the store cannot be used",
  124: "what was waited for did not come in time",
  [INTERRUPTED]: "interrupted by a signal; what was begun is cleaned up",
};

export function exitCodeFor(code: ErrorCode): number {
  return EXIT_CODES[code] ?? 1;
}

import { expect } from "vitest";

/** A job as `--json` shows it. */
export interface ShownJob {
  id: string;
  command: string;
  argv?: string[];
  state: string;
  attempts: number;
  max_retries: number;
  priority: number;
  queue: string;
  tags: string[];
  cwd: string | null;
  timeout: number | null;
  backoff_base: number | null;
  run_at: string | null;
  expires_at: string | null;
  unique: string | null;
  key: string | null;
  depends_on: string[];
  after_any: string[];
  after_fail: string[];
  group: { kind: string; id: string; member: string } | null;
  next_run_at: string | null;
  exit_code: number | null;
  error: string | null;
  reason: string | null;
  worker: string | null;
  created_at: string;
  updated_at: string;
}

/** One execution of a job, as `info --json` shows it. */
export interface ShownExecution {
  number: number;
  worker: string;
  started_at: string;
  finished_at: string | null;
  duration: number | null;
  outcome: string | null;
  exit_code: number | null;
  signal: string | null;
  error: string | null;
  late_outcome: string | null;
  late_at: string | null;
  cpu_seconds: number | null;
  max_rss_kb: number | null;
  stdout_tail: string;
  stderr_tail: string;
  output_pruned: boolean;
}

/** Matches an instant as it is written everywhere: ISO 8601, UTC, to the millisecond. */
export const INSTANT: RegExp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A pending job just enqueued, key by key; whatever the test cares about is given. */
export function pendingJob(given: Partial<ShownJob>): ShownJob {
  return {
    id: expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{10}$/),
    command: expect.any(String),
    state: "pending",
    attempts: 0,
    max_retries: 3,
    priority: 0,
    queue: "default",
    tags: [],
    cwd: expect.stringMatching(/^\//),
    timeout: null,
    backoff_base: null,
    run_at: null,
    expires_at: null,
    unique: null,
    key: null,
    depends_on: [],
    after_any: [],
    after_fail: [],
    group: null,
    next_run_at: null,
    exit_code: null,
    error: null,
    reason: null,
    worker: null,
    created_at: expect.stringMatching(INSTANT),
    updated_at: expect.stringMatching(INSTANT),
    ...given,
  };
}

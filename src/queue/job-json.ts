import type { GroupMembership } from "../domain/group.ts";
import type { DeadReason, Job, JobState } from "../domain/job.ts";
import { listDependencies } from "../domain/job-conditions.ts";

/** A job as every `--json` answer shows it: snake_case, ISO 8601 instants, seconds. Stable. */
export interface JobJson {
  id: string;
  command: string;
  argv?: readonly string[];
  state: JobState;
  attempts: number;
  max_retries: number;
  priority: number;
  queue: string;
  tags: readonly string[];
  cwd: string | null;
  timeout: number | null;
  backoff_base: number | null;
  run_at: string | null;
  expires_at: string | null;
  unique: string | null;
  key: string | null;
  depends_on: readonly string[];
  after_any: readonly string[];
  after_fail: readonly string[];
  group: GroupMembership | null;
  next_run_at: string | null;
  exit_code: number | null;
  error: string | null;
  reason: DeadReason | null;
  worker: string | null;
  created_at: string;
  updated_at: string;
}

export function toJobJson(job: Job): JobJson {
  return {
    id: job.id,
    command: job.command,
    ...(job.argv === null ? {} : { argv: job.argv }),
    state: job.state,
    attempts: job.attempts,
    max_retries: job.maxRetries,
    priority: job.priority,
    queue: job.queue,
    tags: job.tags,
    cwd: job.cwd,
    timeout: toSeconds(job.timeoutMs),
    backoff_base: job.backoffBase,
    run_at: toIso(job.runAt),
    expires_at: toIso(job.expiresAt),
    unique: job.unique,
    key: job.key,
    depends_on: listDependencies(job, "completed"),
    after_any: listDependencies(job, "finished"),
    after_fail: listDependencies(job, "failed"),
    group: job.group,
    next_run_at: toIso(nextRunAt(job)),
    exit_code: job.exitCode,
    error: job.error,
    reason: job.reason,
    worker: job.worker,
    created_at: new Date(job.createdAt).toISOString(),
    updated_at: new Date(job.updatedAt).toISOString(),
  };
}

/** When a job is retried by itself; null for one that waits for nothing but a worker, or for nothing at all. */
export function nextRunAt(job: Job): number | null {
  return job.state === "failed" ? job.dueAt : null;
}

/** An instant, or null where there is none. */
export function toIso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

export function toSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}

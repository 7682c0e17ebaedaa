import type { SQLOutputValue } from "node:sqlite";
import type { Job, JobState } from "../../domain/job.ts";

export type Row = Record<string, SQLOutputValue>;

/** The columns of a job, for every SELECT that `toJob` reads. */
export const JOB_COLUMNS = `seq, id, command, argv, state, reason, queue, priority, tags, cwd, env, stdin, max_retries,
  backoff_base, timeout_ms, attempts, executions, run_at, due_at, worker, exit_code, error, created_at, updated_at`;

/** A row of `jobs` as the domain knows it. */
export function toJob(row: Row): Job {
  return {
    seq: row["seq"] as number,
    id: row["id"] as string,
    command: row["command"] as string,
    argv: row["argv"] === null ? null : (JSON.parse(row["argv"] as string) as string[]),
    state: row["state"] as JobState,
    reason: row["reason"] as Job["reason"],
    queue: row["queue"] as string,
    priority: row["priority"] as number,
    tags: JSON.parse(row["tags"] as string) as string[],
    cwd: row["cwd"] as string | null,
    env: JSON.parse(row["env"] as string) as Record<string, string>,
    stdin: row["stdin"] as string | null,
    maxRetries: row["max_retries"] as number,
    backoffBase: row["backoff_base"] as number | null,
    timeoutMs: row["timeout_ms"] as number | null,
    attempts: row["attempts"] as number,
    executions: row["executions"] as number,
    runAt: row["run_at"] as number | null,
    dueAt: row["due_at"] as number,
    worker: row["worker"] as string | null,
    exitCode: row["exit_code"] as number | null,
    error: row["error"] as string | null,
    createdAt: row["created_at"] as number,
    updatedAt: row["updated_at"] as number,
  };
}

import type { SQLOutputValue } from "node:sqlite";
import { QueuectlError } from "../../domain/errors.ts";
import type { GroupMembership } from "../../domain/group.ts";
import type { Job, JobState } from "../../domain/job.ts";

export type Row = Record<string, SQLOutputValue>;

/** The columns of a job, for every SELECT that `toJob` reads. */
export const JOB_COLUMNS = `seq, id, command, argv, state, reason, queue, priority, tags, cwd, env, stdin, max_retries,
  backoff_base, timeout_ms, attempts, executions, run_at, due_at, expires_at, unique_name, limit_key, depends_on, group_kind,
  group_id, member, worker, suspicion, exit_code, error, created_at, updated_at`;

/** A row of `jobs` as the domain knows it. */
export function toJob(row: Row): Job {
  return {
    seq: row["seq"] as number,
    id: row["id"] as string,
    command: row["command"] as string,
    argv: readJson<string[] | null>(row, "argv"),
    state: row["state"] as JobState,
    reason: row["reason"] as Job["reason"],
    queue: row["queue"] as string,
    priority: row["priority"] as number,
    tags: readJson<string[]>(row, "tags"),
    cwd: row["cwd"] as string | null,
    env: readJson<Record<string, string>>(row, "env"),
    stdin: row["stdin"] as string | null,
    maxRetries: row["max_retries"] as number,
    backoffBase: row["backoff_base"] as number | null,
    timeoutMs: row["timeout_ms"] as number | null,
    attempts: row["attempts"] as number,
    executions: row["executions"] as number,
    runAt: row["run_at"] as number | null,
    dueAt: row["due_at"] as number,
    expiresAt: row["expires_at"] as number | null,
    unique: row["unique_name"] as string | null,
    key: row["limit_key"] as string | null,
    dependsOn: readJson<Job["dependsOn"]>(row, "depends_on"),
    group: toMembership(row),
    worker: row["worker"] as string | null,
    suspicion: row["suspicion"] as number | null,
    exitCode: row["exit_code"] as number | null,
    error: row["error"] as string | null,
    createdAt: row["created_at"] as number,
    updatedAt: row["updated_at"] as number,
  };
}

function toMembership(row: Row): GroupMembership | null {
  const kind = row["group_kind"] as GroupMembership["kind"] | null;
  return kind === null ? null : { kind, id: row["group_id"] as string, member: row["member"] as string };
}

/**
 * The value of a JSON column; null for NULL.
 * @throws store_corrupt when it is no JSON: a bad disk, or a slip of somebody's hand
 */
export function readJson<T>(row: Row, column: string): T {
  try {
    return JSON.parse((row[column] as string | null) ?? "null") as T;
  } catch (cause) {
    const whose = row["id"] === undefined ? "" : ` of "${row["id"]}"`;
    throw new QueuectlError(
      "store_corrupt",
      `The database is damaged: the ${column}${whose} cannot be read`,
      {
        hint: "It was not touched. Mend the value by hand, or put a backup in its place.",
        cause,
      },
    );
  }
}

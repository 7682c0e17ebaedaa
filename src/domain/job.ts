import type { Dependency } from "./dependency.ts";
import type { GroupMembership } from "./group.ts";

/** The states of a job; what may follow what is in `transition.ts`. */
export const JOB_STATES = [
  "pending",
  "blocked",
  "processing",
  "completed",
  "failed",
  "dead",
  "cancelled",
] as const;

export type JobState = (typeof JOB_STATES)[number];

/** Why a job is in the dead letter queue. */
export type DeadReason = "retries_spent" | "crash_loop" | "dependency" | "policy" | "expired";

/** Where a job is of which nobody said it. */
export const DEFAULT_QUEUE = "default";

/** What a person decides about a job. Instants are epoch milliseconds, durations milliseconds. */
export interface JobSpec {
  id: string;
  /** Shell text; for a job given as argv, the shell-quoted form that is shown. */
  command: string;
  /** The exact arguments, run without a shell; null when `command` goes to the shell. */
  argv: readonly string[] | null;
  queue: string;
  /** Higher first. */
  priority: number;
  tags: readonly string[];
  /** Absolute directory; null means the worker's own. */
  cwd: string | null;
  env: Readonly<Record<string, string>>;
  stdin: string | null;
  maxRetries: number;
  /** Null means: whatever the setting says when an execution fails. */
  backoffBase: number | null;
  /** 0 means none; null means: whatever the setting says when an execution starts. */
  timeoutMs: number | null;
  runAt: number | null;
  /** If it was never started by then, it is dead; null means never. */
  expiresAt: number | null;
  /** Of all jobs of this name at most one is unfinished. */
  unique: string | null;
  /** Of all jobs of this key only so many run at once, whatever their queues. */
  key: string | null;
  /** What must become of other jobs first. */
  dependsOn: readonly Dependency[];
  group: GroupMembership | null;
  createdAt: number;
}

/** A job that does not exist yet. */
export interface NewJob extends JobSpec {
  /** The limit of its key from now on; null leaves it as it is (1, for a new key). */
  keyLimit: number | null;
  /** When an unfinished job of the same unique name exists: take that one for this one, instead of a refusal. */
  uniqueReturn: boolean;
}

/** A job as the store holds it. */
export interface Job extends JobSpec {
  /** Order of arrival: grows with every job of a store. */
  seq: number;
  state: JobState;
  reason: DeadReason | null;
  /** Failed executions since enqueue or the last `dlq retry`. */
  attempts: number;
  /** Executions ever started; the number of the newest one. Only grows. */
  executions: number;
  /** From when a `pending` or `failed` job may be claimed. */
  dueAt: number;
  /** The worker that holds it, while `processing`. */
  worker: string | null;
  /** How often in a row it was lost while it ran alone; null when it is under no suspicion. See `suspect.ts`. */
  suspicion: number | null;
  exitCode: number | null;
  error: string | null;
  updatedAt: number;
}

/** A number for each state. */
export function countsOf(read: (state: JobState) => number): Record<JobState, number> {
  return Object.fromEntries(JOB_STATES.map((state) => [state, read(state)])) as Record<JobState, number>;
}

/** True for one of the states a job can have. */
export function isJobState(text: string): text is JobState {
  return (JOB_STATES as readonly string[]).includes(text);
}

/** True for a state in which a job stays unless somebody brings it back. */
export function isFinished(state: JobState): boolean {
  return state === "completed" || state === "dead" || state === "cancelled";
}

/** How many executions may fail before the job is dead: the first one and its retries. */
export function allowedExecutions(job: Pick<JobSpec, "maxRetries">): number {
  return 1 + job.maxRetries;
}

/** When a new job may first be claimed. */
export function firstDueAt(job: Pick<JobSpec, "runAt" | "createdAt">): number {
  return job.runAt ?? job.createdAt;
}

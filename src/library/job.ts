import type { GroupKind } from "../domain/group.ts";
import type { DeadReason, JobState } from "../domain/job.ts";

/** A job as it stood when it was read. Durations are milliseconds. */
export interface Job {
  readonly id: string;
  /** Shell text; for a job given as `argv`, its shell-quoted form. */
  readonly command: string;
  /** The exact arguments, run without a shell; null for shell text. */
  readonly argv: readonly string[] | null;
  readonly state: JobState;
  /** Failed executions since it was enqueued or last retried from the dead letter queue: 0 for one that succeeds at once. */
  readonly attempts: number;
  /** How often it may fail and be run again: it is dead after `maxRetries + 1` failures. */
  readonly maxRetries: number;
  /** After failure n it waits `backoffBase ^ n` seconds; null means that the setting `backoff-base` decides. */
  readonly backoffBase: number | null;
  /** Higher first. */
  readonly priority: number;
  readonly queue: string;
  readonly tags: readonly string[];
  /** Where its command runs: an absolute directory. */
  readonly cwd: string | null;
  /** Its own variables as they were given, secrets included. */
  readonly env: Readonly<Record<string, string>>;
  /** What its command reads; null means nothing. */
  readonly stdin: string | null;
  /** 0 means no limit; null means that the setting `job-timeout` decides. */
  readonly timeoutMs: number | null;
  /** Not before this instant; null means at once. */
  readonly runAt: Date | null;
  /** It is dead if it was not started by then; null means never. */
  readonly expiresAt: Date | null;
  /** Of all jobs of this name one at most is unfinished. */
  readonly unique: string | null;
  /** It shares a limit with all jobs of this key. */
  readonly key: string | null;
  /** Ids of jobs, or groups, that must complete before it runs. */
  readonly dependsOn: readonly string[];
  /** Of those that must have ended, however. */
  readonly afterAny: readonly string[];
  /** Of those that must be dead or cancelled. */
  readonly afterFail: readonly string[];
  /** The array, flow or schedule that it is of, and its place there: of an array its index, as text. */
  readonly group: { readonly kind: GroupKind; readonly id: string; readonly member: string } | null;
  /** When a `failed` job is run again; else null. */
  readonly nextRunAt: Date | null;
  /** Of its last execution; null when that had none, or has not ended. */
  readonly exitCode: number | null;
  /** What went wrong last, in one line. */
  readonly error: string | null;
  /** Why it is `dead`; else null. */
  readonly reason: DeadReason | null;
  /** The id of the worker that runs it; null unless it is `processing`. */
  readonly worker: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What may be said about a job that is enqueued. Durations are milliseconds. */
export interface JobOptions {
  /** Letters, digits, `.`, `_`, `:`, `-`, 1 to 128 of them, the first a letter or digit; random unless given. */
  id?: string | undefined;
  /** Unless given, the setting `max-retries` (3) at this moment. */
  maxRetries?: number | undefined;
  /** 0 means no limit; unless given, the setting `job-timeout` (5 min) at each start. */
  timeoutMs?: number | undefined;
  /** After failure n the job waits `backoffBase ^ n` seconds; unless given, the setting `backoff-base` (2) at each failure. */
  backoffBase?: number | undefined;
  /** Higher first; 0 unless given. */
  priority?: number | undefined;
  /** Not before this instant. Excludes `delayMs`. */
  runAt?: Date | undefined;
  /** Not before so long from now. Excludes `runAt`. */
  delayMs?: number | undefined;
  /** `default` unless given. */
  queue?: string | undefined;
  tags?: readonly string[] | undefined;
  /** Over the worker's variables. Kept in the store as it is. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Relative to, and unless given, the directory of this process. */
  cwd?: string | undefined;
  /** What the command reads; nothing unless given. */
  stdin?: string | undefined;
  /** Dead if it was not started by then. Excludes `expiresInMs`. */
  expiresAt?: Date | undefined;
  /** Dead if it was not started so long from now. Excludes `expiresAt`. */
  expiresInMs?: number | undefined;
  /** Refused while another job of this name is unfinished. */
  unique?: string | undefined;
  /** Instead of a refusal, the unfinished job of the same `unique` is the answer. */
  uniqueReturn?: boolean | undefined;
  /** All jobs of a key share a limit, in whichever queues they are. */
  key?: string | undefined;
  /** How many jobs of the `key` may run at once, from now on; 1 for a key that has no limit yet. */
  keyLimit?: number | undefined;
  /** Ids of jobs, or of groups for all their jobs, that must complete first. Once one cannot, this is dead. */
  dependsOn?: readonly string[] | undefined;
  /** Ids of those that must have ended first, however. */
  afterAny?: readonly string[] | undefined;
  /** Ids of those that must end dead or cancelled. Once one has completed, this is cancelled. */
  afterFail?: readonly string[] | undefined;
}

/** Which jobs an array has, and what holds for them together: `indices`, or `from` and `to`, both included. */
export interface ArrayOptions {
  indices?: readonly number[] | undefined;
  from?: number | undefined;
  to?: number | undefined;
  /** How many may run at once; any number unless given. */
  concurrency?: number | undefined;
  /** As soon as so many are dead, those that wait are cancelled; never unless given. */
  maxFails?: number | undefined;
}

/** An array that was enqueued. */
export interface JobArray {
  /** Its jobs have the ids `<id>.<index>`. */
  readonly id: string;
  /** How many jobs it has. */
  readonly count: number;
}

/** Options that something has not, because they would mean nothing there: they are refused, and do not compile. */
export type Lacking<Option extends keyof JobOptions> = { readonly [Name in Option]?: undefined };

/** The job of which an array has one for each index: if it were unique, each would exclude the others. */
export type ArrayJob = JobInput & Lacking<"unique" | "uniqueReturn">;

/** A job to enqueue: shell text or exact arguments, and what else there is to say about it. */
export type JobInput = JobOptions &
  (
    | { /** For `/bin/sh -c`. */ command: string; argv?: undefined }
    | { /** Program and arguments, run without a shell. */ argv: readonly string[]; command?: undefined }
  );

import type { Dependency, StandingDependency } from "../domain/dependency.ts";
import type { Gate } from "../domain/gate.ts";
import type { GroupKind, NewGroup } from "../domain/group.ts";
import type { Job, JobState } from "../domain/job.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import type { CapturedOutput, ResourceUsage } from "./claim-store.ts";

/** What can be asked of a store: a part of its contract. Nothing here changes anything. */
export interface QueryStore {
  /** The job of exactly this id. */
  getJob(id: string): Promise<Job | undefined>;

  /** Ids that begin with a prefix, in order of arrival, at most `limit`. */
  findIds(prefix: string, limit: number): Promise<string[]>;

  /** Jobs in order of arrival, read in pages: no reader holds the store for as long as its consumer takes. */
  listJobs(filter?: JobFilter): AsyncIterable<Job>;

  /** The whole history of one job, oldest first. */
  listExecutions(seq: number): Promise<ExecutionRecord[]>;

  /**
   * What a job waits for: each gate that it must pass, and each job and group that it depends on, as the claim would see
   * them. The cost does not grow with what a group's jobs are.
   */
  readWaits(seq: number): Promise<JobWaits>;

  /**
   * How many due jobs of its queue the claim would look at before this one, at most 1,001. Those that it has turned away at
   * the gate of their key or their group are passed over; suspects have turns of their own.
   */
  countAhead(job: Pick<Job, "seq" | "queue" | "priority" | "dueAt">, now: number): Promise<number>;

  /** The group of exactly this id. */
  getGroup(id: string): Promise<GroupRecord | undefined>;

  /** Groups of a kind, oldest first; with `newest`, only so many. */
  listGroups(filter: { kind: GroupKind; newest?: number | undefined }): Promise<GroupRecord[]>;

  /** Every queue that has jobs, or of which something is set, by name; of `names`, only those: the cost does not grow with the others. */
  listQueues(names?: readonly string[]): Promise<QueueRecord[]>;

  /** Every key by name; of `names`, only those: the cost grows with the jobs that wait for them. */
  listKeys(names?: readonly string[]): Promise<KeyRecord[]>;

  /** How many jobs wait for a key of which as many run as may; counted up to `atMost`. */
  countBehindKeys(atMost: number): Promise<number>;

  /** How many jobs are in each state, of some queues or of all: kept counters, not a count. */
  counts(queues: readonly string[] | null): Promise<Record<JobState, number>>;

  /** Since when the longest waiting `pending` job of those that are due is, and how many executions ended lately. */
  activity(now: number): Promise<Activity>;
}

export interface KeyRecord {
  gate: Gate;
  /** How many of its jobs have not ended and do not run. */
  waiting: number;
}

export interface JobFilter {
  state?: JobState | undefined;
  /** Only the jobs of the group of this id. */
  group?: string | undefined;
  /** Only those of these queues. */
  queues?: readonly string[] | undefined;
  /** Only the newest so many of those that match when the list begins (still oldest first). */
  newest?: number | undefined;
  /** Only those of one enqueue. */
  seqs?: { first: number; last: number } | undefined;
}

export interface ExecutionRecord {
  token: number;
  number: number;
  worker: string;
  startedAt: number;
  finishedAt: number | null;
  durationMs: number | null;
  /** Null while it runs. */
  outcome: OutcomeKind | null;
  exitCode: number | null;
  signal: string | null;
  error: string | null;
  /** What came of it after its claim was lost; it counted for nothing. */
  late: { outcome: OutcomeKind; at: number } | null;
  /** Null while it runs, and where nobody could tell: the native launcher alone can. */
  usage: ResourceUsage | null;
  /** The cap for each stream: tells where a file's head ends. */
  outputLimitBytes: number;
  /** Null while it runs, and for one whose worker died. Bytes that are counted while there is no tail were pruned. */
  output: CapturedOutput | null;
}

/** What stands between a job and its start, besides time, all as it was at one moment. */
export interface JobWaits {
  /** Undefined when there is no such job. */
  job: Job | undefined;
  /** Of its queue, its key, its group, in this order: those that it has, set or not. */
  gates: (Gate & {
    /** Ids of jobs that run behind it, at most 5. */
    holders: string[];
  })[];
  /** Of the jobs that it depends on by their own ids. */
  dependencies: StandingDependency[];
  groups: StandingGroup[];
  /** Suspects that come before it in the order of claiming, at most 20: a worker makes room for the first that may start. */
  suspects: Pick<Job, "seq" | "queue" | "dueAt">[];
}

/** A group that a job depends on: a condition of each of its jobs that were there first. */
export interface StandingGroup extends Dependency {
  /** By state. */
  counts: Record<JobState, number>;
  /** Of those for which the condition is not met, at most 5, in order of arrival; those that never can meet it first. */
  unmet: { id: string; state: JobState }[];
}

export interface GroupRecord extends NewGroup {
  counts: Record<JobState, number>;
}

export interface QueueRecord {
  gate: Gate;
  counts: Record<JobState, number>;
}

export interface Activity {
  oldestPendingAt: number | null;
  /** Executions that ended within the last 1 and 60 minutes. */
  finishedLastMinute: number;
  finishedLastHour: number;
}

import type { Job, JobState, NewJob } from "../domain/job.ts";
import type { LeaseState, WorkerIdentity } from "../domain/lease.ts";
import type { Outcome, OutcomeKind } from "../domain/outcome.ts";
import type { Transition } from "../domain/transition.ts";

/**
 * The durable truth. Design note:
 *
 * - **One method is one transaction is one transition.** There is no begin or commit for callers; a method either did
 *   all of what it says, durably, when its promise resolves, or it did nothing and throws.
 * - **Durable means synced.** What a method acknowledged survives a power cut.
 * - **Claims are fenced.** A claim is (job, execution number, worker) under a token that grows with every claim of the
 *   store. A writer that ends an execution names the token and changes nothing once it is no longer current: a worker
 *   that was taken for dead cannot overwrite its successor's result.
 * - **Batches.** A commit costs about as much for a hundred jobs as for one, so claims and finishes come in lists, and
 *   the finishes that are ready share a transaction with the next claim.
 * - **Rules live above.** Delays, deadlines and what an outcome leads to arrive as computed values. Instants are epoch
 *   milliseconds of the caller; leases alone are judged by the store's own clock, which never steps.
 *
 * Every method may throw `store_locked` (another program held the store for longer than the patience given at open),
 * `store_full`, `store_corrupt`, `store_removed` or `store_failed`.
 */
export interface Store {
  /** How people name it: the absolute path of its file. */
  readonly name: string;
  /** Random, made with the store, never changed: names it in the marker that jobs carry in their environment. */
  readonly id: string;

  /**
   * Adds jobs, all or none, in the order given. While a slow source is being read, nobody else has to wait.
   * @throws duplicate_id naming the first id that exists already, in the store or earlier in the list
   */
  enqueue(jobs: Iterable<NewJob> | AsyncIterable<NewJob>): Promise<EnqueueReceipt>;

  /**
   * Hands due jobs to a worker: higher priority first, then earlier due time, then arrival. No two claims ever hold
   * the same job at once. Claims nothing for a worker that is not registered or was declared dead.
   */
  claim(request: ClaimRequest): Promise<ClaimBatch>;

  /**
   * Records how executions of one worker ended, moves their jobs on, and claims anew in the same transaction.
   * A result whose claim is no longer current, or whose worker was declared dead, changes no job and is returned
   * in `stale`; an execution that has its outcome already keeps it. Wakes the others when a job went back to the queue.
   */
  finish(worker: string, results: readonly FinishedExecution[], next?: ClaimRequest): Promise<FinishReceipt>;

  /**
   * Brings dead jobs back with a full new series of retries; wakes the workers. All or none.
   * @throws job_not_found, not_dead naming the first id that is wrong
   */
  retryDead(ids: readonly string[], now: number): Promise<void>;

  /**
   * Deletes dead jobs with their history; all or none.
   * @returns the tokens of the executions that went with them, whose output files may go too
   * @throws job_not_found, not_dead naming the first id that is wrong
   */
  removeDead(ids: readonly string[]): Promise<number[]>;

  /** The job of exactly this id. */
  getJob(id: string): Promise<Job | undefined>;

  /** Ids that begin with a prefix, in order of arrival, at most `limit`. */
  findIds(prefix: string, limit: number): Promise<string[]>;

  /** Jobs in order of arrival, read in pages: no reader holds the store for as long as its consumer takes. */
  listJobs(filter?: JobFilter): AsyncIterable<Job>;

  /** The whole history of one job, oldest first. */
  listExecutions(seq: number): Promise<ExecutionRecord[]>;

  /** How many jobs are in each state, of some queues or of all: kept counters, not a count. */
  counts(queues: readonly string[] | null): Promise<Record<JobState, number>>;

  /** When the longest waiting `pending` job arrived, and how many executions ended lately. */
  activity(now: number): Promise<Activity>;

  /**
   * Announces a worker under a fresh id; its lease begins. Forgets workers that died more than a day ago.
   * @throws store_newer when another program has upgraded the store since it was opened
   */
  registerWorker(worker: NewWorker, now: number): Promise<void>;

  /**
   * Renews a worker's lease, and tells what changed behind its back.
   * `known` is false once it was declared dead or removed: its claims are void, and only a new id may claim again.
   * @throws store_removed when the database was deleted or replaced since it was opened, store_newer when it was upgraded
   */
  heartbeat(worker: string, lease: { leaseMs: number; now: number }): Promise<HeartbeatReceipt>;

  /** All workers that are registered, and the dead whose day is not over, by start. */
  listWorkers(): Promise<WorkerRecord[]>;

  /** Asks workers to stop (all of them when `ids` is null); they notice within half a second. */
  requestStop(ids: readonly string[] | null, request: StopRequest): Promise<void>;

  /** A stopping worker claims nothing more and says so in `worker status`. */
  markStopping(worker: string): Promise<void>;

  /**
   * First half of a recovery: from now on the worker's heartbeats and results are refused. Its jobs stay its own until
   * `recoverJobs`, so that its processes can be ended before anyone runs them again.
   * @param seenHeartbeat the number of heartbeats at the time of the judgement: a worker that has beaten since lives
   * @returns what it holds at this moment, after which it can claim nothing more; null when it has beaten since, is
   *   dead already, or is not there
   */
  declareDead(worker: string, seenHeartbeat: number): Promise<HeldClaim[] | null>;

  /**
   * Second half: every job that a worker declared dead still holds ends its execution as `lost` and is pending again,
   * with nothing spent. Does nothing for a worker that was not declared dead. Wakes the workers.
   * @returns the jobs that were taken back
   */
  recoverJobs(worker: string, now: number): Promise<HeldClaim[]>;

  /** Signs off a worker that ended well. One that still holds jobs stays, for its successors to find. */
  removeWorker(worker: string): Promise<void>;

  /** The settings that were set, as texts by key. */
  readSettings(): Promise<Record<string, string>>;

  writeSetting(key: string, value: string): Promise<void>;

  /**
   * Calls back when there may be something new to claim or to obey. A hint, not a promise: callers poll besides.
   * @returns a function that ends it
   */
  onWakeup(listener: () => void): () => void;

  close(): Promise<void>;
}

/** Jobs of one enqueue have consecutive arrival numbers. */
export interface EnqueueReceipt {
  count: number;
  firstSeq: number;
  lastSeq: number;
}

export interface ClaimRequest {
  worker: string;
  /** At most so many; 0 claims nothing. */
  limit: number;
  /** Null means every queue. */
  queues: readonly string[] | null;
  now: number;
  /** The cap for each output stream of the executions that begin; it is kept with them. */
  outputLimitBytes: number;
}

export interface ClaimBatch {
  claims: Claim[];
  /** When the next job that may be claimed becomes due; null when none waits. Set only if fewer were claimed than asked. */
  nextDueAt: number | null;
}

/** A worker's right to run one execution of a job and to record its end. */
export interface Claim {
  /** Grows with every claim of the store. */
  token: number;
  /** Which execution of the job this is, from 1. */
  number: number;
  job: Job;
}

export interface FinishedExecution {
  claim: Claim;
  outcome: Outcome;
  transition: Transition;
  finishedAt: number;
  /** On the monotonic clock. */
  durationMs: number;
  /** One line for people; null after a success. */
  error: string | null;
  output: CapturedOutput;
}

/** What an execution printed. `tail` is the whole stream when `totalBytes` is its length; else a file holds head and tail. */
export interface CapturedOutput {
  stdout: CapturedStream;
  stderr: CapturedStream;
  /** In order of arrival, both streams together. */
  marks: readonly OutputMark[];
}

export interface CapturedStream {
  tail: Uint8Array;
  totalBytes: number;
}

/** "From this offset of this stream on, the bytes arrived at this instant (or a little later)." */
export interface OutputMark {
  stream: "stdout" | "stderr";
  offset: number;
  at: number;
}

export interface FinishReceipt {
  /** Tokens of the results that came too late and were not recorded. */
  stale: number[];
  claimed: ClaimBatch;
}

export interface JobFilter {
  state?: JobState | undefined;
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
  /** The cap for each stream: tells where a file's head ends. */
  outputLimitBytes: number;
  /** Null while it runs, and for one whose worker died. */
  output: CapturedOutput | null;
}

export interface Activity {
  oldestPendingAt: number | null;
  /** Executions that ended within the last 1 and 60 minutes. */
  finishedLastMinute: number;
  finishedLastHour: number;
}

export interface NewWorker {
  id: string;
  identity: WorkerIdentity;
  host: string;
  queues: readonly string[] | null;
  concurrency: number;
  leaseMs: number;
}

export interface WorkerRecord extends Omit<NewWorker, "leaseMs"> {
  state: "running" | "stopping" | "dead";
  startedAt: number;
  heartbeatAt: number;
  /** How often it has beaten: what `declareDead` compares. */
  heartbeats: number;
  lease: LeaseState;
  jobsDone: number;
  stopRequest: StopRequest | null;
  held: HeldClaim[];
}

export interface HeldClaim {
  token: number;
  jobId: string;
}

export interface HeartbeatReceipt {
  known: boolean;
  /** Tokens of the claims that are current; none when it is not known. A running execution that is not among them has lost its claim. */
  held: number[];
}

/** How a worker is to stop: let jobs end, however long (null) or for a grace, or interrupt them now (0). */
export interface StopRequest {
  graceMs: number | null;
}

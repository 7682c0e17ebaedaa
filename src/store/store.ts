import type { Dependency, StandingDependency } from "../domain/dependency.ts";
import type { Gate, GateState, Rate } from "../domain/gate.ts";
import type { GroupKind, NewGroup } from "../domain/group.ts";
import type { Job, JobState, NewJob } from "../domain/job.ts";
import type { LeaseState, WorkerIdentity } from "../domain/lease.ts";
import type { Outcome, OutcomeKind } from "../domain/outcome.ts";
import type { Change } from "../domain/refuse-change.ts";
import type { Transition } from "../domain/transition.ts";
import type { ScheduleStore } from "./schedule-store.ts";

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

  /** When what is to be run comes by itself. */
  readonly schedules: ScheduleStore;

  /**
   * Adds jobs, all or none, in the order given. While a slow source is being read, nobody else has to wait.
   *
   * A job that waits for others (in the store, or anywhere in the list) is `blocked` until it may run, and where it never
   * can, dead from the beginning. What was released stays so, whatever is done with the others afterwards. A key gets the limit that is given last.
   * @param group made with its jobs, in the same transaction
   * @throws each with its `position`, and nothing is added: duplicate_id naming the first id that exists already, in the
   *   store or earlier in the list; not_unique; unknown_dependency; dependency_cycle naming its path; queue_draining
   */
  enqueue(jobs: Iterable<NewJob> | AsyncIterable<NewJob>, group?: NewGroup): Promise<EnqueueReceipt>;

  /**
   * Hands due jobs to a worker: higher priority first; between queues of equal priority by turns, the one that has waited
   * longest for a claim first; within a queue by earlier due time, then arrival. No two claims ever hold the same job at
   * once. Claims nothing for a worker that is not registered or was declared dead.
   *
   * What stands before a closed gate (`judgeGate`: its queue's, its key's, its group's) is passed over, and no claim ever
   * lets one too many through, whichever workers claim at once. The cost does not grow with what waits there.
   *
   * First of all it ends jobs that have expired, whatever gate they stand at.
   *
   * A suspect (`Job.suspicion`) is handed out alone: to a worker that holds nothing, which is then given nothing else
   * until it has ended. When it is a suspect's turn and no worker is empty, the one that holds least gets nothing more
   * until it is; the others are served past it.
   */
  claim(request: ClaimRequest): Promise<ClaimBatch>;

  /**
   * Records how executions of one worker ended, moves their jobs on, and claims anew in the same transaction.
   * A result whose claim is no longer current, or whose worker was declared dead, changes no job and is returned
   * in `stale`; an execution that has its outcome already keeps it, and of one that was lost the late result is noted
   * beside it. A job that is to be cancelled is not run again (`afterCancelRequest`), and its token is in `cancelled`. A
   * result clears a suspicion. Wakes the others when a job went back to the queue; one that goes back to a group in which as
   * many as `maxFails` have died since somebody last brought one back is cancelled instead.
   */
  finish(worker: string, results: readonly FinishedExecution[], next?: ClaimRequest): Promise<FinishReceipt>;

  /**
   * After the wall clock was set back: jobs that were last touched later than `now` wait from `now` on as long as they
   * were to wait from then. An instant that was given with a job stays. Harmless at any time; wakes the workers.
   * @returns how many there were
   */
  rebaseWaits(now: number): Promise<number>;

  /**
   * True when jobs of these queues are due but stand at a gate that others, or time, will open; a paused one is not.
   * @param queues null means every queue
   */
  isHeldBack(queues: readonly string[] | null): Promise<boolean>;

  /**
   * Cancels jobs, all or none; the id of a group stands for its jobs that are not finished: those that do not run, at once; of one that runs it is noted with its execution, and the
   * worker that holds it is woken. From then on the job can only end `completed`, if it is quicker, or `cancelled`,
   * whatever becomes of its worker.
   * @returns the executions that still run
   * @throws job_not_found, already_finished naming the first id that is wrong
   */
  cancelJobs(ids: readonly string[], now: number): Promise<HeldClaim[]>;

  /**
   * Brings jobs back, due now, all or none; wakes the workers. A finished one gets a full new series of retries; a
   * `failed` one keeps its count. A suspect stays one. Those that died because they depended on them come back too, and
   * theirs. One whose own dependencies are not met waits for them. The id of a group stands for its dead jobs and, with
   * `retry`, its cancelled ones.
   * @param change which jobs may be brought back: dead ones, or all that neither wait nor run
   * @throws job_not_found, not_dead or not_finished naming the first id that is wrong; dependency_failed when one that it
   *   waits for would still be dead or cancelled; not_unique when another of its unique name is unfinished
   */
  retryJobs(ids: readonly string[], options: { change: "retry" | "retryDead"; now: number }): Promise<void>;

  /**
   * Deletes dead jobs with their history, all or none; the id of a group stands for its dead jobs. Who waited for one of
   * them has died of it before.
   * @returns the tokens of the executions that went with them, whose output files may go too
   * @throws job_not_found, not_dead naming the first id that is wrong
   */
  removeDead(ids: readonly string[], now: number): Promise<number[]>;

  /**
   * Does to jobs of a group what `cancelJobs`, `retryJobs` or `removeDead` would do, to the first in order of arrival after
   * a given one, and at most `limit`. Callers come again with `next`, and let others at the store in between: so a group
   * changes batch by batch, and when one is refused, those before it stand.
   * @throws dependency_failed, not_unique
   */
  changeMembers(group: string, change: MembersChange): Promise<ChangedMembers>;

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

  /** The group of exactly this id. */
  getGroup(id: string): Promise<GroupRecord | undefined>;

  /** Groups of a kind, oldest first; with `newest`, only so many. */
  listGroups(filter: { kind: GroupKind; newest?: number | undefined }): Promise<GroupRecord[]>;

  /** Sets what is given of a queue's gate and leaves the rest; the queue need not have jobs. Wakes the workers. */
  changeQueue(name: string, change: QueueChange): Promise<void>;

  /** Every queue that has jobs, or of which something is set, by name; of `names`, only those: the cost does not grow with the others. */
  listQueues(names?: readonly string[]): Promise<QueueRecord[]>;

  /** How many jobs are in each state, of some queues or of all: kept counters, not a count. */
  counts(queues: readonly string[] | null): Promise<Record<JobState, number>>;

  /** When the longest waiting `pending` job arrived, and how many executions ended lately. */
  activity(now: number): Promise<Activity>;

  /**
   * Announces a worker under a fresh id; its lease begins. Forgets workers that died more than a day ago.
   * @throws place_taken when it was to replace a member of a pool and is not needed: another has, or the pool was stopped
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

  /** Asks workers to stop (all of them when `ids` is null); they notice within half a second, and are not replaced. The dead too: see `formerId`. */
  requestStop(ids: readonly string[] | null, request: StopRequest): Promise<void>;

  /** A stopping worker claims nothing more, says so in `worker status`, and is not replaced when it dies. */
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
   * Second half: every job that a worker declared dead still holds ends its execution as `lost` and goes where
   * `decideAfterLoss` says: pending again, with nothing spent, unless it is to be cancelled or is a crash loop; and
   * cancelled, as by `finish`, where its group has failed. Does nothing for a worker that was not declared dead. Wakes the
   * workers.
   * @param worker null for the jobs of `listOrphans`; whatever happened there is not held against them
   */
  recoverJobs(worker: string | null, options: { now: number; crashLimit: number }): Promise<RecoveredJob[]>;

  /** What is held by workers whose rows are gone (only a person can do that): their claims are void. */
  listOrphans(): Promise<HeldClaim[]>;

  /**
   * The right to start a replacement of a dead worker, for a member of the same pool that nobody has asked to stop. Of
   * several that ask one gets it; when its replacement has not registered in time, the place is open again. Refused
   * while the place's backoff lasts.
   * @throws store_removed when the database was deleted or replaced: a replacement would find another one
   */
  claimReplacement(claim: { dead: string; by: string }): Promise<boolean>;
  /** Signs off a worker that ended well. One that still holds jobs stays, for its successors to find. */
  removeWorker(worker: string): Promise<void>;

  /** How many finished jobs there are that `removeExpired` would delete, without a limit. */
  countExpired(expired: ExpiredJobs): Promise<number>;

  /**
   * Deletes finished jobs with their history, the longest finished first, and at most `limit`: callers come again, and
   * let others at the store in between. One stays for the next time while it is being decided what follows from its end.
   */
  removeExpired(expired: ExpiredJobs, limit: number): Promise<RemovedJobs>;

  /**
   * Takes the output out of the history of executions that ended long ago; the history itself stays, and knows how much
   * there was. Dead jobs keep theirs: they wait for a person. Looks at no more than `limit` of them.
   */
  pruneOutput(request: PruneOutputRequest): Promise<PrunedOutput>;

  /**
   * Of these executions, those whose output files nobody needs: they are in no job's history any more, or ended before
   * an instant (never, when it is null) and are no dead job's.
   */
  findStrayOutput(tokens: readonly number[], before: number | null): Promise<number[]>;

  /** True for one caller within each such span of time: the one who is to apply retention. */
  takeRetentionTurn(now: number, everyMs: number): Promise<boolean>;

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

export interface MembersChange {
  change: Change;
  /** Only those that arrived after this one: 0, then `next`. */
  after: number;
  limit: number;
  now: number;
}

export interface ChangedMembers {
  /** The jobs that were changed, in order of arrival. */
  ids: string[];
  /** Of a cancel: the executions that still run. */
  running: HeldClaim[];
  /** Of a removal: the executions that went with the jobs. */
  tokens: number[];
  /** After which job to go on; null when no more are left. */
  next: number | null;
}

/** The jobs that one enqueue added have consecutive arrival numbers. */
export interface EnqueueReceipt {
  /** How many were added; with 0, `lastSeq` is below `firstSeq`. */
  count: number;
  firstSeq: number;
  lastSeq: number;
  /** Jobs that were there already and stand for those of the list (`uniqueReturn`), by place in the list, from 1. */
  existing: { position: number; id: string }[];
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
  /**
   * When the next job that may be claimed becomes due; null when none waits, and when this worker gets nothing more before
   * something of it has ended. Set only if fewer were claimed than asked.
   */
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
  /** As `decideAfterLoss` says of one that was lost with its launcher; null, for a result clears a suspicion. */
  suspicion: number | null;
  finishedAt: number;
  /** On the monotonic clock. */
  durationMs: number;
  /** One line for people; null after a success. */
  error: string | null;
  usage: ResourceUsage | null;
  output: CapturedOutput;
}

/** What an execution cost: its first process and all that this one waited for. */
export interface ResourceUsage {
  /** User and system time together. */
  cpuMs: number;
  /** The greatest of one process. */
  maxRssKb: number;
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
  /** Tokens of the results whose jobs are cancelled, whatever was given: a person had asked for it, or their group has failed. */
  cancelled: number[];
  claimed: ClaimBatch;
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

export interface QueueChange {
  state?: GateState;
  /** Null takes the cap away. */
  maxRunning?: number | null;
  /** Null takes the rate away. */
  rate?: Rate | null;
}

export interface QueueRecord {
  gate: Gate;
  counts: Record<JobState, number>;
}

export interface JobFilter {
  state?: JobState | undefined;
  /** Only the jobs of the group of this id. */
  group?: string | undefined;
  /** Only the newest so many of those that match when the list begins (still oldest first). */
  newest?: number | undefined;
  /** Only those of one enqueue. */
  seqs?: { first: number; last: number } | undefined;
}

/** Jobs that reached this state, the last of their life, before an instant. */
export interface ExpiredJobs {
  state: ExpiringState;
  before: number;
}

export type ExpiringState = Extract<JobState, "completed" | "cancelled" | "dead">;

export interface RemovedJobs {
  jobs: number;
  /** Of the executions that went with them, whose output files may go too. */
  tokens: number[];
}

export interface PruneOutputRequest {
  before: number;
  /** Where the last call stopped; without it from the oldest on. */
  after?: OutputCursor | undefined;
  limit: number;
}

export interface PrunedOutput {
  /** Of the executions whose files may go too. */
  tokens: number[];
  /** Where to go on; null at the end. */
  next: OutputCursor | null;
}

export interface OutputCursor {
  finishedAt: number;
  token: number;
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
  /** Null: a worker of its own, whom nobody replaces. */
  pool: PoolMembership | null;
  /** Of a worker that was taken for dead and joins anew: what its old id was asked, it is asked still. */
  formerId?: string | undefined;
}

/** A place in a pool of background workers: a new one, or that of a dead member. */
export interface PoolMembership {
  id: string;
  inPlaceOf: string | null;
}

export interface WorkerRecord extends Omit<NewWorker, "leaseMs" | "pool" | "formerId"> {
  /** `holdsPlace`: if it dies, or has died, it is to be replaced. */
  pool: { id: string; holdsPlace: boolean } | null;
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
  /** A person wants it ended. */
  isToBeCancelled: boolean;
}

/** A job that was taken back from a dead worker, and what it is now. */
export interface RecoveredJob {
  jobId: string;
  to: JobState;
}

export interface HeartbeatReceipt {
  known: boolean;
  /** The claims that are current; none when it is not known. A running execution that is not among them has lost its claim. */
  held: HeldClaim[];
}

/** How a worker is to stop: let jobs end, however long (null) or for a grace, or interrupt them now (0). */
export interface StopRequest {
  graceMs: number | null;
}

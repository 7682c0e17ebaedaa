import type { JobState } from "../domain/job.ts";
import type { LeaseState, WorkerIdentity } from "../domain/lease.ts";

/** Who works at a store, whether they live, and what becomes of the jobs of those that do not: a part of its contract. */
export interface WorkerStore {
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

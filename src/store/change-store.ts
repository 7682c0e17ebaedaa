import type { GateState, Rate } from "../domain/gate.ts";
import type { NewGroup } from "../domain/group.ts";
import type { NewJob } from "../domain/job.ts";
import type { Change } from "../domain/refuse-change.ts";
import type { HeldClaim } from "./worker-store.ts";

/** What people and programs change: a part of the contract of a store. */
export interface ChangeStore {
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

  /** Sets what is given of a queue's gate and leaves the rest; the queue need not have jobs. Wakes the workers. */
  changeQueue(name: string, change: QueueChange): Promise<void>;

  /**
   * Gives a key another limit, null for none; wakes the workers. A key is there with its first job, and until retention has
   * removed its last.
   * @returns false when there is no such key
   */
  changeKey(name: string, maxRunning: number | null): Promise<boolean>;
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

export interface QueueChange {
  state?: GateState;
  /** Null takes the cap away. */
  maxRunning?: number | null;
  /** Null takes the rate away. */
  rate?: Rate | null;
}

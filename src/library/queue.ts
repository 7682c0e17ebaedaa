import type { JobState } from "../domain/job.ts";
import type { Execution } from "./execution.ts";
import type { Flows } from "./flows.ts";
import type { Groups } from "./groups.ts";
import type { ArrayJob, ArrayOptions, Job, JobArray, JobInput } from "./job.ts";
import type { Explanation, Queues } from "./queues.ts";
import type { Schedules } from "./schedules.ts";
import type { Handler, QueueWorker, WorkOptions, WorkQueuesOptions } from "./worker.ts";

/**
 * A queue that is open in this program. Every method may reject with a `QueuectlError`: with `queue_closed` once the
 * queue was closed, with a code that begins with `store_` when its file cannot be used, with `invalid_usage` when the
 * call itself is wrong.
 */
export interface Queue extends AsyncDisposable {
  /** The absolute path of its file. */
  readonly db: string;

  /** What of each of its queues may run, and when. */
  readonly queues: Queues;

  /** Jobs that were made together: its arrays, flows and the runs of its schedules. */
  readonly groups: Groups;

  /** Its flows: named steps that wait for each other. */
  readonly flows: Flows;

  /** What is enqueued by the clock. */
  readonly schedules: Schedules;

  /**
   * Adds a job, and wakes the workers. It is durable when the promise resolves: it survives a crash and a power cut.
   * @returns the job as it stands; with `uniqueReturn` perhaps one that was there already
   * @throws invalid_job naming the field; duplicate_id; not_unique; unknown_dependency; dependency_cycle; queue_draining
   */
  enqueue(job: JobInput): Promise<Job>;
  /**
   * Adds jobs, all or none, in one transaction.
   * @returns the jobs in the order given
   * @throws invalid_job naming the entry and the field, or for an empty list; the others with the entry's `position`
   */
  enqueue(jobs: readonly JobInput[]): Promise<Job[]>;

  /**
   * Adds a job for each of up to 100,000 indices, all or none, in one transaction. `{}` in the command becomes the index, which
   * the command also finds in `QUEUECTL_ARRAY_INDEX`. The job's `id` becomes that of the array.
   * @throws invalid_usage naming the option; what `enqueue` throws
   */
  enqueueArray(job: ArrayJob, array: ArrayOptions): Promise<JobArray>;

  /** The job of exactly this id; undefined when there is none. */
  get(id: string): Promise<Job | undefined>;

  /**
   * The history of the job of exactly this id, oldest first: how each execution ended, and the end of what it printed.
   * @throws job_not_found
   */
  executions(id: string): Promise<Execution[]>;

  /**
   * Why the job of exactly this id does not run yet: every gate before it, as the next claim would see them.
   * @throws job_not_found
   */
  explain(id: string): Promise<Explanation>;

  /** Jobs in order of arrival, read in pages: it may go on for as long as its consumer takes. */
  list(options?: ListOptions): AsyncIterable<Job>;

  /** How many jobs are in each state. Kept by the store, not counted: it costs the same for ten and for ten million. */
  counts(): Promise<Record<JobState, number>>;

  /**
   * Waits until a job is `completed`, `dead` or `cancelled`. One that died is an answer, not an error.
   * @returns the job as it was then
   * @throws job_not_found when it is not there or was removed; wait_timed_out; the reason of `signal`
   */
  wait(id: string, options?: WaitOptions): Promise<Job>;
  /** The same for several: all of them, in the order of the ids. */
  wait(ids: readonly string[], options?: WaitOptions): Promise<Job[]>;

  /**
   * Brings dead jobs back with a full new series of retries; all or none, durable when it resolves. The id of a group stands
   * for its dead jobs. Those that died because they depended on one of these come back with it.
   * @throws job_not_found, not_dead naming the first id that is wrong; dependency_failed for one that depends on a job that
   *   is not brought back; not_unique; then nothing has changed
   */
  retryDead(ids: string | readonly string[]): Promise<void>;

  /**
   * Runs jobs again that neither wait nor run, or at once what waits for its retry; all or none, durable when it resolves.
   * A finished one gets a full new series of retries. The id of a group stands for its dead and cancelled jobs. Those that
   * died because they depended on one of these come back with it.
   * @throws job_not_found, not_finished naming the first id that is wrong; dependency_failed, not_unique as for `retryDead`;
   *   then nothing has changed
   */
  retry(ids: string | readonly string[]): Promise<void>;

  /**
   * Removes dead jobs for good, with their history and output; all or none, durable when it resolves. The id of a group
   * stands for its dead jobs.
   * @throws job_not_found, not_dead naming the first id that is wrong; then nothing has changed
   */
  removeDead(ids: string | readonly string[]): Promise<void>;

  /**
   * Cancels jobs; all or none, durable when it resolves. One that waits is `cancelled` then. One that runs is asked to
   * end, and is `cancelled` soon unless it completes before: `wait` tells. The id of a group stands for its unfinished jobs.
   * @throws job_not_found, already_finished naming the first id that is wrong; then nothing has changed
   */
  cancel(ids: string | readonly string[]): Promise<void>;

  /**
   * Starts a worker in this program that runs the commands of jobs, each in processes of its own.
   * @throws the reason of a `signal` that is aborted already
   */
  work(options?: WorkQueuesOptions): Promise<QueueWorker>;
  /**
   * Starts a worker that calls a function with each job of one queue, in this very process.
   * @throws the reason of a `signal` that is aborted already
   */
  work(queue: string, handler: Handler, options?: WorkOptions): Promise<QueueWorker>;

  /**
   * Stops this queue's workers, ends its waits, and closes the file. May be called again. It waits for jobs that run: a
   * handler that never settles holds it for ever unless a `graceMs` or the setting `stop-grace` bounds the wait.
   * @param options how patient to be with jobs that run, as for `QueueWorker.stop`
   */
  close(options?: StopOptions): Promise<void>;
}

export interface OpenQueueOptions {
  /**
   * Path of the SQLite file, created when it is not there (its directory is not). Without it, the queue that the
   * command uses: `QUEUECTL_DB`, else the setting `db-path`, else `~/.queuectl/queue.db`.
   */
  db?: string | undefined;
}

export interface ListOptions {
  /** Only jobs in this state. */
  state?: JobState | undefined;
  /** Only the jobs of the array, flow or schedule of this id. */
  group?: string | undefined;
  /** Only the jobs of these queues. */
  queues?: readonly string[] | undefined;
  /** Only the newest so many, still oldest first. */
  newest?: number | undefined;
}

export interface WaitOptions {
  /** For ever unless given; 0 looks once. */
  timeoutMs?: number | undefined;
  /** Ends the wait, not the job. */
  signal?: AbortSignal | undefined;
}

export interface StopOptions {
  /**
   * How long running jobs may still take before they are interrupted: 0 does it now, null never does. Unless given, the
   * setting `stop-grace` (never).
   */
  graceMs?: number | null | undefined;
}

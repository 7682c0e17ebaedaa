import type { Closure, GateState } from "../domain/gate.ts";
import type { JobState } from "../domain/job.ts";
import type { StartGate as InnerGate } from "../domain/start-gate.ts";
import type { Job } from "./job.ts";
import type { WaitOptions } from "./queue.ts";

/** What of each queue may run, and when. A queue needs no jobs to be set. */
export interface Queues {
  /** Every queue that has jobs, or of which something is set, by name. From kept counters: it costs the same for any number of jobs. */
  list(): Promise<QueueState[]>;

  /**
   * Sets what is given and leaves the rest, over all workers.
   * @throws invalid_queue naming what is wrong
   */
  set(name: string, limits: QueueLimits): Promise<void>;

  /**
   * Lets nothing of these queues start; what runs goes on. One that has no jobs may be about to get some.
   * @throws queue_draining for one that drains: paused, it would take new jobs again; then nothing has changed
   */
  pause(names: string | readonly string[]): Promise<void>;

  /**
   * Opens queues that were paused or drained.
   * @throws queue_not_found; then nothing has changed
   */
  resume(names: string | readonly string[]): Promise<void>;

  /**
   * Lets a queue take no new jobs (`enqueue` rejects with `queue_draining`) and resolves when nothing of it waits or runs.
   * It goes on draining, also when the wait ends early, until it is resumed.
   * @throws queue_not_found; wait_timed_out; the reason of `signal`
   */
  drain(name: string, options?: WaitOptions): Promise<void>;
}

export interface QueueLimits {
  /** How many jobs may run at once, from 1; null takes this limit away. */
  concurrency?: number | null | undefined;
  /** How many executions may start in any window of a period: `5/s`, `100/min`, `10/30s`; null takes it away. */
  rate?: string | null | undefined;
}

/** A queue as it stood when it was read. */
export interface QueueState {
  readonly name: string;
  /** What a person or program made of it. */
  readonly state: GateState;
  /** Why nothing of it starts now; null when the next job may. */
  readonly closed: Closure["kind"] | null;
  readonly running: number;
  /** How many may run at once; null: any number. */
  readonly concurrency: number | null;
  readonly rate: string | null;
  /** When its rate lets the next one start; null when it does now. */
  readonly opensAt: Date | null;
  readonly counts: Readonly<Record<JobState, number>>;
}

/** Why a job does not run yet. */
export interface Explanation {
  readonly job: Job;
  /** What stands before its start, in the order in which it passes; none of a job that runs. */
  readonly gates: readonly StartGate[];
  /**
   * How many due jobs of its queue come before it, counted up to 1,001; those that were turned away at a key or a group are
   * not. Null of one that does not wait for a worker now.
   */
  readonly ahead: number | null;
}

export type StartGate = Readonly<InnerGate<Date>>;

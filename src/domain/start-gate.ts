import type { Condition, Judgement } from "./dependency.ts";
import type { Closure, Gate, GateScope } from "./gate.ts";
import type { DeadReason, JobState } from "./job.ts";

/**
 * One thing between a job and its start: closed, or open and able to close again.
 * @typeParam At how instants are written: epoch milliseconds, within
 */
export type StartGate<At = number> = { isClosed: boolean } & (
  | FinishedGate
  | DependencyGate
  | GroupDependencyGate
  | { kind: "run_at"; opensAt: At }
  /** `attempts` of `allowed` executions have failed. */
  | { kind: "backoff"; opensAt: At; attempts: number; allowed: number }
  /** Closed when it is too late to begin: the next claim of any worker ends the job. */
  | { kind: "expires"; expiresAt: At }
  | LimitGate<At>
  | SuspectGate
  | WorkerGate
);

/** Nothing starts it but a person. */
export interface FinishedGate {
  kind: "finished";
  state: JobState;
  reason: DeadReason | null;
  error: string | null;
  /** Brought back it would end again at once: what it depends on cannot become so any more. */
  isHopeless: boolean;
}

/** Another job of which something must become first. */
export interface DependencyGate {
  kind: "dependency";
  on: string;
  condition: Condition;
  state: JobState;
  judgement: Judgement;
  /** Of one that waits for others itself, or died of one: where that chain begins. Null for another, and beyond a limit. */
  root: Root | null;
}

/** A group of jobs, of each of which something must become first. */
export interface GroupDependencyGate {
  kind: "group_dependency";
  on: string;
  condition: Condition;
  /** Its jobs by how the condition stands for them. */
  counts: Readonly<Record<Judgement, number>>;
  /** Some of those for which it is not met; those that never can meet it first. */
  unmet: readonly { id: string; state: JobState }[];
  /** Of the first of those, as for one job. */
  root: Root | null;
}

/** The job at which a chain of jobs that wait for each other begins. */
export interface Root {
  id: string;
  state: JobState;
}

/** The gate of its queue, its key or its group. */
export interface LimitGate<At = number> extends Pick<Gate, "name" | "state" | "running"> {
  kind: GateScope;
  cause: Closure["kind"] | null;
  /** How many may run behind it at once; null means no cap. */
  concurrency: number | null;
  /** As `parseRate` reads it. */
  rate: string | null;
  /** When its rate lets the next one start; null when it does now. */
  opensAt: At | null;
  /** Ids of jobs that run behind it: some of them. */
  holders: readonly string[];
}

/** It was lost with a worker, and is run alone: in a worker that holds nothing. */
export interface SuspectGate {
  kind: "suspect";
  /** The worker that claims nothing more until it is empty; null when none has to. */
  makesRoom: string | null;
}

/** A worker must serve its queue and have a slot for it. */
export interface WorkerGate {
  kind: "worker";
  queue: string;
  cause: WorkerLack | null;
  /** Of the workers that serve the queue, together. */
  slots: number;
  busy: number;
}

/** `kept_for_suspect`: what is free is kept for a job that comes before, and must run alone. */
export type WorkerLack =
  | "no_worker"
  | "all_stopping"
  | "none_serves_its_queue"
  | "no_free_slot"
  | "kept_for_suspect";

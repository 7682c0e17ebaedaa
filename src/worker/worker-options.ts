import type { WorkerIdentity } from "../domain/lease.ts";
import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { PoolMembership, Store } from "../store/store.ts";
import type { WorkerEvent } from "./events.ts";
import type { SchedulePlanner } from "./fire-schedules.ts";
import type { RunClaim } from "./run-claim.ts";

/** A background pool, as its member sees it. */
export interface WorkerPool extends PoolMembership {
  /** Starts a worker like this one, which registers in the dead one's place. */
  startReplacement(deadWorker: string): void;
}

/** What a worker is given: everything outside itself that it uses. */
export interface WorkerOptions {
  store: Store;
  runClaim: RunClaim;
  identity: WorkerIdentity;
  host: string;
  /** How many jobs at once. */
  concurrency: number;
  /** Null means every queue. */
  queues: readonly string[] | null;
  /** Stop when no job of these queues is due, running anywhere, or waiting for a retry. */
  drain: boolean;
  /** The pool whose size it helps to keep; null for a worker of its own. */
  pool: WorkerPool | null;
  /** The first id, and those after it was taken for dead. */
  newId(): string;
  loadSettings(): Promise<WorkerSettings>;
  /** Removes what is old, if it is this worker's turn; asked now and then. */
  retain?(signal: AbortSignal): Promise<void>;
  /** With it, the worker fires what is due of the store's schedules. */
  planner?: SchedulePlanner;
  onEvent(event: WorkerEvent): void;
}

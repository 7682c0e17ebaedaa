import type { WorkerIdentity } from "../domain/lease.ts";
import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { Store } from "../store/store.ts";
import type { WorkerEvent } from "./events.ts";
import type { RunClaim } from "./run-claim.ts";

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
  /** The first id, and those after it was taken for dead. */
  newId(): string;
  loadSettings(): Promise<WorkerSettings>;
  /** Removes what is old, if it is this worker's turn; asked now and then. */
  retain?(signal: AbortSignal): Promise<void>;
  onEvent(event: WorkerEvent): void;
}

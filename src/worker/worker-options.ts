import type { WorkerIdentity } from "../domain/lease.ts";
import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { Store } from "../store/store.ts";
import type { WorkerEvent } from "./events.ts";
import type { Launcher } from "./launcher.ts";

/** What a worker is given: everything outside itself that it uses. */
export interface WorkerOptions {
  store: Store;
  launcher: Launcher;
  identity: WorkerIdentity;
  host: string;
  /** How many jobs at once. */
  concurrency: number;
  /** Null means every queue. */
  queues: readonly string[] | null;
  /** Stop when no job of these queues is due, running anywhere, or waiting for a retry. */
  drain: boolean;
  env: Readonly<Record<string, string | undefined>>;
  /** The first id, and those after it was taken for dead. */
  newId(): string;
  loadSettings(): Promise<WorkerSettings>;
  onEvent(event: WorkerEvent): void;
}

import type { ChangeStore } from "./change-store.ts";
import type { ClaimStore } from "./claim-store.ts";
import type { QueryStore } from "./query-store.ts";
import type { RetentionStore } from "./retention-store.ts";
import type { ScheduleStore } from "./schedule-store.ts";
import type { WorkerStore } from "./worker-store.ts";

export type * from "./change-store.ts";
export type * from "./claim-store.ts";
export type * from "./query-store.ts";
export type * from "./retention-store.ts";
export type * from "./worker-store.ts";

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
export interface Store extends ChangeStore, ClaimStore, QueryStore, WorkerStore, RetentionStore {
  /** How people name it: the absolute path of its file. */
  readonly name: string;

  /** Random, made with the store, never changed: names it in the marker that jobs carry in their environment. */
  readonly id: string;

  /** When what is to be run comes by itself. */
  readonly schedules: ScheduleStore;

  /** The settings that were set, as texts by key. */
  readSettings(): Promise<Record<string, string>>;

  writeSetting(key: string, value: string): Promise<void>;

  /**
   * A mark that is another one whenever anything was changed since the last was given, by whomever: who has looked, and
   * finds the mark as it was, need not look again. It may be another one although nothing was changed.
   */
  changeMark(): Promise<string>;

  /**
   * Calls back when there may be something new to claim or to obey. A hint, not a promise: callers poll besides.
   * @returns a function that ends it
   */
  onWakeup(listener: () => void): () => void;

  close(): Promise<void>;
}

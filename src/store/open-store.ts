import { QueuectlError } from "../domain/errors.ts";
import { type Clock, systemClock } from "./sqlite/clock.ts";
import { Database } from "./sqlite/database.ts";
import { migrate } from "./sqlite/migrate.ts";
import { type OpenOptions, openDatabase, storeExists } from "./sqlite/open.ts";
import { sqliteStore } from "./sqlite/sqlite-store.ts";
import type { Store } from "./store.ts";

/** Short commands give up on a locked store after this long. */
export const COMMAND_PATIENCE_MS = 5_000;

/** What may be said about the opening; the rest is the path's business. */
export interface OpenStoreOptions extends Partial<OpenOptions> {
  /** Leases are judged by it; a test hands in its own. */
  clock?: Clock;
}

/**
 * Opens the store that a path names; creates it unless it is only to be read.
 * @throws store_unreachable, store_read_only, store_foreign, store_corrupt, store_newer, store_locked
 */
export async function openStore(path: string, options: OpenStoreOptions = {}): Promise<Store> {
  if (/^postgres(ql)?:\/\//.test(path)) {
    throw new QueuectlError("store_unreachable", "This queuectl keeps its jobs in SQLite only", {
      hint: "Name a file: --db queue.db",
    });
  }
  const { patienceMs = COMMAND_PATIENCE_MS, access = "write", clock = systemClock() } = options;
  return sqliteStore(await openDatabase(path, { patienceMs, access }), clock);
}

/** An empty store in memory: what a verb that only reads sees where there is none. */
export async function openEmptyStore(): Promise<Store> {
  const database = new Database(":memory:", { patienceMs: 0, readOnly: false });
  await migrate(database, { readOnly: false });
  return sqliteStore(database, systemClock());
}

export { storeExists };

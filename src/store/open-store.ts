import { QueuectlError } from "../domain/errors.ts";
import { otherStore } from "../domain/refusal.ts";
import { isStoreUrl } from "../domain/store-url.ts";
import { type Clock, systemClock } from "./sqlite/clock.ts";
import { Database, IN_MEMORY } from "./sqlite/database.ts";
import { migrate } from "./sqlite/migrate.ts";
import { storeExists as fileExists, type OpenOptions, openDatabase } from "./sqlite/open.ts";
import { sqliteStore } from "./sqlite/sqlite-store.ts";
import type { Store } from "./store.ts";

/** Short commands give up on a locked store after this long. */
const COMMAND_PATIENCE_MS = 5_000;

/** What may be said about the opening; the rest is the path's business. */
export interface OpenStoreOptions extends Partial<OpenOptions> {
  /** Leases are judged by it; a test hands in its own. */
  clock?: Clock;
}

/**
 * Opens the store that a path names; creates it unless it is only to be read.
 * @throws store_unreachable, store_read_only, store_foreign, store_corrupt, store_newer, store_in_use, store_locked
 */
export async function openStore(path: string, options: OpenStoreOptions = {}): Promise<Store> {
  refuseUrl(path);
  const { patienceMs = COMMAND_PATIENCE_MS, access = "write", clock = systemClock() } = options;
  return await storeOver(await openDatabase(path, { patienceMs, access }), clock);
}

/** An empty store in memory: what a verb that only reads sees where there is none. */
export async function openEmptyStore(): Promise<Store> {
  const database = new Database(IN_MEMORY, { patienceMs: 0, readOnly: false });
  await migrate(database, { readOnly: false });
  return await storeOver(database, systemClock());
}

async function storeOver(database: Database, clock: Clock): Promise<Store> {
  try {
    return await sqliteStore(database, clock);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** True when there is a store to read. */
export function storeExists(path: string): boolean {
  refuseUrl(path);
  return fileExists(path);
}

/** A URL taken for a path would become a directory that does not exist; the sentence would be about that. */
function refuseUrl(path: string): void {
  if (!isStoreUrl(path)) return;
  throw new QueuectlError(
    "store_unreachable",
    "This queuectl keeps its jobs in SQLite only",
    otherStore("Name a file", "queue.db"),
  );
}

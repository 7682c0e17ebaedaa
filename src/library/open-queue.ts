import { createHome, locateStore, readConfigFile } from "../config/home.ts";
import { openStore } from "../store/open-store.ts";
import { checkOptions, databaseFile } from "./check-options.ts";
import { forPrograms } from "./for-programs.ts";
import type { OpenQueueOptions, Queue } from "./queue.ts";
import { StoreQueue } from "./store-queue.ts";

/**
 * Opens a queue; creates its file when there is none. Settings are those of the command: `QUEUECTL_CONFIG_…` in the
 * environment, then `config.json` of the home, then the store.
 *
 * Close it, best by `await using`: the last one to close a file folds its log into it.
 * @throws store_unreachable, store_read_only, store_foreign, store_corrupt, store_newer, store_in_use, store_locked;
 *   invalid_file for a `config.json` that cannot be read; invalid_usage
 */
export async function openQueue(options: OpenQueueOptions = {}): Promise<Queue> {
  checkOptions("openQueue", options, { db: databaseFile });
  return await forPrograms(open(options));
}

async function open(options: OpenQueueOptions): Promise<Queue> {
  const { env } = process;
  const location = locateStore(options.db, env);
  if (location.origin === "default") createHome(env);
  const given = { flags: {}, env, file: readConfigFile(env) };
  return new StoreQueue(await openStore(location.path), given);
}

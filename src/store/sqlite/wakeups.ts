import { closeSync, type FSWatcher, openSync, utimesSync, watch } from "node:fs";
import { createDataDirectory, dataFile } from "../data-files.ts";
import { IN_MEMORY } from "./database.ts";

/**
 * The doorbell: a file beside the store that whoever adds work touches, and idle workers watch (2 ms from ring to
 * worker, no polling). It may be missed, deleted or unwatchable; `poll-interval` is the net below. It is not the WAL
 * file, because every heartbeat of every worker would ring that.
 */
export function ring(databasePath: string): void {
  if (databasePath === IN_MEMORY) return;
  const bell = dataFile(databasePath, "bell");
  const now = new Date();
  try {
    utimesSync(bell, now, now);
  } catch {
    ringFirst(databasePath, bell);
  }
}

function ringFirst(databasePath: string, bell: string): void {
  try {
    createDataDirectory(databasePath);
    closeSync(openSync(bell, "a", 0o600));
  } catch {
    // The jobs are committed; without a bell they wait for the next poll.
  }
}

/** Calls back at each ring. Where the system has no watcher left (EMFILE, ENOSPC) nothing is called, and polling remains. */
export function onRing(databasePath: string, listener: () => void): () => void {
  if (databasePath === IN_MEMORY) return () => {};
  let watcher: FSWatcher | undefined;
  let ended = false;
  const start = (): void => {
    if (ended) return;
    try {
      ring(databasePath);
      watcher = watch(dataFile(databasePath, "bell"), (event) => {
        listener();
        // The file was deleted or replaced: this watch is deaf from now on.
        if (event === "rename") restart();
      });
      watcher.on("error", () => watcher?.close());
    } catch {
      watcher = undefined;
    }
  };
  const restart = (): void => {
    watcher?.close();
    setImmediate(start);
  };
  start();
  return () => {
    ended = true;
    watcher?.close();
  };
}

import { findByEnvironment } from "./platform.ts";
import { pause } from "./timer.ts";

/** The environment variable by which every process of an execution is found, however often it forked. */
export const TREE_MARKER = "QUEUECTL_TREE";

/** The marker of one execution: unique over stores and over time. */
export function treeMarker(storeId: string, token: number): string {
  return `${storeId}:${token}`;
}

/** A fork may slip through while one pass reads: only two empty passes in a row mean that nobody is left. */
const EMPTY_PASSES = 2;
/** Killed is not gone yet: the kernel takes a moment. */
const PASS_EVERY_MS = 5;
/** A process that hangs in the kernel cannot be killed; nobody waits for it for ever. */
const GIVE_UP_AFTER_MS = 5_000;

/**
 * Kills every process that carries the marker, wherever it went (setsid, double fork, nohup). Reads /proc: 2 ms at 70
 * processes, 25 ms at 1,000; for ends that are not normal, therefore, and not for each success.
 * A process that wiped its environment, or belongs to another user, is not found.
 */
export async function killMarked(marker: string): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (let empty = 0; empty < EMPTY_PASSES && performance.now() < giveUpAt; ) {
    const pids = findByEnvironment(`${TREE_MARKER}=${marker}`);
    empty = pids.length === 0 ? empty + 1 : 0;
    for (const pid of pids) killProcess(pid);
    if (pids.length > 0) await pause(PASS_EVERY_MS);
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone meanwhile.
  }
}

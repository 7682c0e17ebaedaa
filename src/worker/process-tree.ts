import { findByVariable } from "./platform.ts";
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

/** A tree that is being looked for. */
interface Hunt {
  emptyPasses: number;
  giveUpAtMs: number;
  done: Promise<void>;
  end(): void;
}

const hunts = new Map<string, Hunt>();
let isSweeping = false;

/**
 * Kills every process that carries the marker, wherever it went (setsid, double fork, nohup). For ends that are not
 * normal, not for each success: a pass reads the environment of every process. However many trees end at once (a stop of
 * a hundred jobs, a dead worker's), they share the passes, and the event loop gets its turns in between: heartbeats go on.
 * A process that wiped its environment, or belongs to another user, is not found.
 */
export function killMarked(marker: string): Promise<void> {
  const { promise: done, resolve: end } = Promise.withResolvers<void>();
  const hunt = hunts.get(marker) ?? {
    emptyPasses: 0,
    giveUpAtMs: performance.now() + GIVE_UP_AFTER_MS,
    done,
    end,
  };
  // Whoever asks anew has seen something anew.
  hunt.emptyPasses = 0;
  hunts.set(marker, hunt);
  if (!isSweeping) void sweep();
  return hunt.done;
}

async function sweep(): Promise<void> {
  isSweeping = true;
  while (hunts.size > 0) {
    // Only those that were wanted when the pass began: it may have been past the place of a later one.
    const wanted = [...hunts];
    const found = await findByVariable(TREE_MARKER).catch(() => undefined);
    for (const [marker, hunt] of wanted) strike(marker, hunt, found && (found.get(marker) ?? []));
    if (hunts.size > 0) await pause(PASS_EVERY_MS);
  }
  isSweeping = false;
}

/** @param pids undefined after a pass that could not look everywhere: it says of nobody that he is gone */
function strike(marker: string, hunt: Hunt, pids: readonly number[] | undefined): void {
  for (const pid of pids ?? []) killProcess(pid);
  hunt.emptyPasses = pids?.length === 0 ? hunt.emptyPasses + 1 : 0;
  if (hunt.emptyPasses < EMPTY_PASSES && performance.now() < hunt.giveUpAtMs) return;
  hunts.delete(marker);
  hunt.end();
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone meanwhile.
  }
}

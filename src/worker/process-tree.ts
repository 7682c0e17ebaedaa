import { readdirSync, readFileSync } from "node:fs";

/** The environment variable by which every process of an execution is found, however often it forked. */
export const TREE_MARKER = "QUEUECTL_TREE";

/** The marker of one execution: unique over stores and over time. */
export function treeMarker(storeId: string, token: number): string {
  return `${storeId}:${token}`;
}

/** Sends a signal to a whole process group. False when there is no such group any more. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    // EPERM: processes are there, but not ours to signal (a job that became another user).
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Whether a process of the group still runs. Where init reaps slowly, or never (a container with a plain program as PID 1),
 * orphans that have ended keep the group in being as zombies; nobody need wait for those. Reads /proc.
 */
export function isGroupRunning(groupId: number): boolean {
  if (!signalGroup(groupId, 0)) return false;
  const pids = listPids();
  return pids.length === 0 || pids.some((pid) => isRunningIn(groupId, pid));
}

/** `/proc/<pid>/stat`, proc_pid_stat(5): state, parent and group follow the name, which may hold anything. */
function isRunningIn(groupId: number, pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 3);
    return Number(group) === groupId && state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}

/** A fork may slip through while one pass reads: only two empty passes in a row mean that nobody is left. */
const EMPTY_PASSES = 2;
const MOST_PASSES = 50;

/**
 * Kills every process that carries the marker, wherever it went (setsid, double fork, nohup). Reads /proc: 2 ms at 70
 * processes, 25 ms at 1,000; for ends that are not normal, therefore, and not for each success.
 * A process that wiped its environment, or belongs to another user, is not found.
 * @returns how many were killed
 */
export function killMarked(marker: string): number {
  let killed = 0;
  let empty = 0;
  for (let pass = 0; pass < MOST_PASSES && empty < EMPTY_PASSES; pass++) {
    const pids = findMarked(marker);
    empty = pids.length === 0 ? empty + 1 : 0;
    for (const pid of pids) if (signalProcess(pid)) killed += 1;
  }
  return killed;
}

function findMarked(marker: string): number[] {
  const wanted = `${TREE_MARKER}=${marker}`;
  return listPids().filter((pid) => {
    try {
      return (
        pid !== process.pid && readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(wanted)
      );
    } catch {
      // Gone meanwhile, or another user's.
      return false;
    }
  });
}

function listPids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // No /proc on this platform: the group was all that could be reached.
    return [];
  }
}

function signalProcess(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { canSeeProcess, type ProcessState, type WorkerIdentity } from "../domain/lease.ts";

/**
 * Who this process is, for its row among the workers. On Linux from /proc. Elsewhere the start time and the namespace
 * are unknown (null), and a look at a process falls back to "is there one of this pid".
 */
export function identifySelf(): WorkerIdentity {
  return {
    pid: process.pid,
    startTime: readProcess(process.pid)?.startTime ?? null,
    bootId: readText("/proc/sys/kernel/random/boot_id") ?? hostname(),
    pidNamespace: readPidNamespace(),
  };
}

/** Whether the process behind a worker's row still runs: the same one, not a stranger that got its pid. */
export function processState(worker: WorkerIdentity, observer: WorkerIdentity): ProcessState {
  if (!canSeeProcess(worker, observer)) return "unknown";
  if (worker.startTime === null) return isPidInUse(worker.pid) ? "alive" : "gone";
  const found = readProcess(worker.pid);
  return found !== undefined && !found.isZombie && found.startTime === worker.startTime ? "alive" : "gone";
}

/** `/proc/<pid>/stat`, proc_pid_stat(5): the name in parentheses may hold anything, so the fields count from its end. */
function readProcess(pid: number): { startTime: string; isZombie: boolean } | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTime = fields[19];
  return startTime === undefined
    ? undefined
    : { startTime, isZombie: fields[0] === "Z" || fields[0] === "X" };
}

function readPidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

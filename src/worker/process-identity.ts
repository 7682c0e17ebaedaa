import { canSeeProcess, type ProcessState, type WorkerIdentity } from "../domain/lease.ts";
import { readBootId } from "../store/machine.ts";
import { isPidInUse, readPidNamespace, readProcess } from "./platform.ts";

/**
 * Who this process is, for its row among the workers. On Linux from /proc. Elsewhere the start time and the namespace
 * are unknown (null), and a look at a process falls back to "is there one of this pid".
 */
export function identifySelf(): WorkerIdentity {
  return {
    pid: process.pid,
    startTime: readProcess(process.pid)?.startTime ?? null,
    bootId: readBootId(),
    pidNamespace: readPidNamespace(),
  };
}

/** Whether the process behind a worker's row still runs: the same one, not a stranger that got its pid. */
export function processState(worker: WorkerIdentity, observer: WorkerIdentity): ProcessState {
  if (!canSeeProcess(worker, observer)) return "unknown";
  if (worker.startTime === null) return isPidInUse(worker.pid) ? "alive" : "gone";
  const found = readProcess(worker.pid);
  // Not to be read is not gone: who has no descriptor left (EMFILE) sees nobody in /proc.
  if (found === undefined) return isPidInUse(worker.pid) ? "unknown" : "gone";
  return !found.isZombie && found.startTime === worker.startTime ? "alive" : "gone";
}

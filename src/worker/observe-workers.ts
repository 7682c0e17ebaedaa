import { isWorkerDead, type ProcessState, type WorkerIdentity } from "../domain/lease.ts";
import type { WorkerRecord } from "../store/store.ts";
import { identifySelf, processState } from "./process-identity.ts";

/** A worker's row together with what this machine can see of it. */
export interface ObservedWorker extends WorkerRecord {
  process: ProcessState;
  isAlive: boolean;
}

/**
 * Looks at the process behind each row. A dead worker is seen as dead at once, whether or not anyone has taken its
 * jobs back yet.
 * @param trustsLease whether a lease that ran out says something of a process in this state; see `isWorkerDead`
 */
export function observeWorkers(
  workers: readonly WorkerRecord[],
  observer: WorkerIdentity,
  trustsLease: (process: ProcessState) => boolean,
): ObservedWorker[] {
  return workers.map((worker) => {
    const process = processState(worker.identity, observer);
    const isDead = isWorkerDead({ lease: worker.lease, process }, trustsLease(process));
    return { ...worker, process, isAlive: worker.state !== "dead" && !isDead };
  });
}

/**
 * The workers as a command sees them. A process that runs is alive, though its lease ran out (a store that was locked
 * for long makes every worker look silent); of one that cannot be seen only the lease speaks.
 */
export function seeWorkers(workers: readonly WorkerRecord[]): ObservedWorker[] {
  return observeWorkers(workers, identifySelf(), (process) => process === "unknown");
}

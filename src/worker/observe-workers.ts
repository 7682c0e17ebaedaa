import { isWorkerDead, type ProcessState, type WorkerIdentity } from "../domain/lease.ts";
import type { WorkerRecord } from "../store/store.ts";
import { processState } from "./process-identity.ts";

/** A worker's row together with what this machine can see of it. */
export interface ObservedWorker extends WorkerRecord {
  process: ProcessState;
  isAlive: boolean;
}

/**
 * Looks at the process behind each row. A dead worker is seen as dead at once, whether or not anyone has taken its
 * jobs back yet.
 * @param trustLeases see `isWorkerDead`; a command that only shows may trust them
 */
export function observeWorkers(
  workers: readonly WorkerRecord[],
  observer: WorkerIdentity,
  trustLeases: boolean,
): ObservedWorker[] {
  return workers.map((worker) => {
    const process = processState(worker.identity, observer);
    const isAlive = worker.state !== "dead" && !isWorkerDead({ lease: worker.lease, process }, trustLeases);
    return { ...worker, process, isAlive };
  });
}

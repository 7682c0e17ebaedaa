import type { WorkerIdentity } from "../domain/lease.ts";
import type { Store, WorkerRecord } from "../store/store.ts";
import { type ObservedWorker, observeWorkers } from "./observe-workers.ts";
import { killMarked, treeMarker } from "./process-tree.ts";
import { removeScript } from "./script-file.ts";

/**
 * Looking after the others. Every worker looks at its siblings' rows and processes twice a second and takes back the
 * jobs of a dead one; there is no leader. Order matters, and is what makes it safe for two to do it at once:
 *
 * 1. declare the worker dead, if it has not beaten since it was looked at: from here on its results are refused;
 * 2. kill what is left of its jobs' processes, where this machine can see them;
 * 3. give the jobs back.
 *
 * Whoever crashes in between leaves a dead worker with jobs, which the next look finds.
 */
export async function lookAfterSiblings(
  store: Store,
  self: { id: string; identity: WorkerIdentity; trustLeases: boolean },
  on: {
    self(own: WorkerRecord): void;
    recovered(deadWorker: string, jobIds: string[]): void;
    /** A member of the same pool is dead, its jobs are taken back, its place is free. */
    vacant(deadWorker: string): Promise<void>;
  },
): Promise<void> {
  const workers = observeWorkers(await store.listWorkers(), self.identity, () => self.trustLeases);
  // First: a recovery that fails must not keep this worker from its own stop request.
  const own = workers.find(({ id }) => id === self.id);
  if (own) on.self(own);
  for (const worker of workers) {
    if (worker.id === self.id || worker.isAlive) continue;
    if (worker.state === "dead" && worker.held.length === 0) continue;
    const lost = await recover(store, worker);
    if (lost) on.recovered(worker.id, lost);
  }
  // Last, and as the rows were: a death of this very look is mended by the next one.
  for (const worker of workers) if (isVacant(worker, own)) await on.vacant(worker.id);
}

function isVacant({ state, held, pool }: ObservedWorker, own: ObservedWorker | undefined): boolean {
  return state === "dead" && held.length === 0 && pool?.holdsPlace === true && pool.id === own?.pool?.id;
}

async function recover(store: Store, worker: ObservedWorker): Promise<string[] | undefined> {
  // What it holds is read with the declaration: before it, it could still claim.
  const held = worker.state === "dead" ? worker.held : await store.declareDead(worker.id, worker.heartbeats);
  if (held === null) return undefined;
  // Of another boot or namespace there is nothing to be seen; the marker would not be found, and costs a scan.
  if (worker.process !== "unknown")
    await Promise.all(held.map(({ token }) => killMarked(treeMarker(store.id, token))));
  for (const { token } of held) removeScript(store, token);
  const lost = await store.recoverJobs(worker.id, Date.now());
  return lost.map(({ jobId }) => jobId);
}

import type { WorkerIdentity } from "../domain/lease.ts";
import type { HeldClaim, RecoveredJob, Store, WorkerRecord } from "../store/store.ts";
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
 * Whoever crashes in between leaves a dead worker with jobs, which the next look finds. Jobs whose worker has no row any
 * more are taken back in the same way: without a row its claims are void already.
 *
 * @returns whether another look may find something new although nothing in the store has changed: a process that ended, a
 *   lease that ran out, a place whose backoff is over
 */
export async function lookAfterSiblings(
  store: Store,
  self: { id: string; identity: WorkerIdentity; trustLeases: boolean; crashLimit: number },
  on: {
    self(own: WorkerRecord): void;
    /** `deadWorker` is null for jobs whose worker's row was gone. */
    recovered(deadWorker: string | null, jobs: RecoveredJob[]): void;
    /** A member of the same pool is dead, its jobs are taken back, its place is free. */
    vacant(deadWorker: string): Promise<void>;
  },
): Promise<boolean> {
  const workers = observeWorkers(await store.listWorkers(), self.identity, () => self.trustLeases);
  // First: a recovery that fails must not keep this worker from its own stop request.
  const own = workers.find(({ id }) => id === self.id);
  if (own) on.self(own);
  for (const worker of workers) {
    if (worker.id === self.id || worker.isAlive) continue;
    if (isSettled(worker)) continue;
    const lost = await recoverWorker(store, worker, self.crashLimit);
    if (lost) on.recovered(worker.id, lost);
  }
  const orphans = await recoverOrphans(store, self.crashLimit);
  if (orphans.length > 0) on.recovered(null, orphans);
  // Last, and as the rows were: a death of this very look is mended by the next one.
  for (const worker of workers) if (isVacant(worker, own)) await on.vacant(worker.id);
  return workers.some((worker) =>
    // Of one's own, a cancel may have been seen here before the slot was there.
    worker.id === self.id ? worker.held.length > 0 : !isSettled(worker) || isVacant(worker, own),
  );
}

function isSettled({ state, held }: ObservedWorker): boolean {
  return state === "dead" && held.length === 0;
}

function isVacant(worker: ObservedWorker, own: ObservedWorker | undefined): boolean {
  const { pool } = worker;
  return isSettled(worker) && pool?.holdsPlace === true && pool.id === own?.pool?.id;
}

/** Takes back what a worker holds that was seen to be dead. @returns undefined when it lives after all */
export async function recoverWorker(
  store: Store,
  worker: ObservedWorker,
  crashLimit: number,
): Promise<RecoveredJob[] | undefined> {
  // What it holds is read with the declaration: before it, it could still claim.
  const held = worker.state === "dead" ? worker.held : await store.declareDead(worker.id, worker.heartbeats);
  if (held === null) return undefined;
  // Of another boot or namespace there is nothing to be seen; the marker would not be found, and costs a scan.
  if (worker.process !== "unknown") await killTrees(store, held);
  removeScripts(store, held);
  return await store.recoverJobs(worker.id, { now: Date.now(), crashLimit });
}

/** Takes back what is held by workers that have no row. */
export async function recoverOrphans(store: Store, crashLimit: number): Promise<RecoveredJob[]> {
  const held = await store.listOrphans();
  if (held.length === 0) return [];
  await killTrees(store, held);
  removeScripts(store, held);
  return await store.recoverJobs(null, { now: Date.now(), crashLimit });
}

async function killTrees(store: Store, held: readonly HeldClaim[]): Promise<void> {
  await Promise.all(held.map(({ token }) => killMarked(treeMarker(store.id, token))));
}

function removeScripts(store: Store, held: readonly HeldClaim[]): void {
  for (const { token } of held) removeScript(store, token);
}
